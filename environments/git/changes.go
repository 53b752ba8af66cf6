package git

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments/process"
)

// Change is a path that is not the same in two states of a repository.
type Change struct {
	Path string // relative to the Repository's directory, with slashes
	Was  Entry  // before
	Is   Entry  // after
}

// Entry is what is at a path.
type Entry struct {
	Mode string // as git writes it: see the constants; "" where nothing is
	ID   string // of the object; zeros where it was not computed
}

// The modes of entries.
const (
	File       = "100644"
	Executable = "100755"
	Link       = "120000"
	Submodule  = "160000" // its ID is that of a commit of another repository
)

// Gone reports whether nothing is at the path any more.
func (c Change) Gone() bool { return c.Is.Mode == "" }

// How says what happened, in words that follow the path: one thing of several.
func (c Change) How() string {
	switch {
	case c.Gone():
		return "is gone"
	case c.Was.Mode == "":
		return "is new"
	case c.Is.Mode == Submodule && c.Was.Mode == Submodule:
		return "is at another commit, or was changed"
	case c.Is.Mode == Link && c.Was.Mode == Link:
		return "leads elsewhere"
	case c.Was.Mode == File && c.Is.Mode == Executable:
		return "can be executed now"
	case c.Was.Mode == Executable && c.Is.Mode == File:
		return "cannot be executed any more"
	}
	return "changed"
}

// Changes returns what differs between two commits, in the order of the paths. In place of the second one "" is the checkout,
// with files that git does not track unless it ignores them. Files are compared as git does: by what they hold after its
// filters, by their modes, links by where they lead, submodules by their commits.
func (r *Repository) Changes(ctx context.Context, from, to string) ([]Change, error) {
	args := []string{
		"-c", "diff.autoRefreshIndex=true", "diff", "--raw", "--no-renames", "--no-abbrev", "--no-color", "--no-ext-diff", "--ignore-submodules=none", "-O/dev/null", "--relative", from,
	}
	if to != "" {
		args = append(args, to)
	}
	var all []Change
	var wrong error
	err := r.run(ctx, process.Command{Args: append(args, "--")}, func(l process.Line) {
		change, err := parseRaw(l.Text)
		if err != nil && wrong == nil {
			wrong = err
		}
		all = append(all, change)
	})
	if err != nil || wrong != nil || to != "" {
		return all, firstOf(err, wrong)
	}
	lines, err := r.git(ctx, "ls-files", "--others", "--exclude-standard")
	for _, line := range lines {
		name, err := unquote(line)
		if err != nil {
			return nil, err
		}
		all = append(all, Change{Path: strings.TrimSuffix(name, "/"), Is: Entry{Mode: File}})
	}
	return all, err
}

// Ignored returns those of some paths that git ignores and does not track.
func (r *Repository) Ignored(ctx context.Context, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	lines, err := r.git(ctx, append([]string{"check-ignore", "--"}, names...)...)
	if failed, _ := errors.AsType[*Error](err); failed != nil && failed.ExitCode == 1 {
		return nil, nil
	}
	var all []string
	for _, line := range lines {
		name, err := unquote(line)
		if err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// parseRaw reads a line of git diff --raw: ":100644 100755 ID ID M<tab>path".
func parseRaw(line string) (Change, error) {
	head, name, ok := strings.Cut(strings.TrimPrefix(line, ":"), "\t")
	words := strings.Fields(head)
	if !ok || len(words) != 5 {
		return Change{}, fmt.Errorf("git diff printed what is no change: %q", line)
	}
	name, err := unquote(name)
	if err != nil {
		return Change{}, err
	}
	entry := func(mode, id string) Entry {
		if strings.Trim(mode, "0") == "" {
			return Entry{}
		}
		return Entry{Mode: mode, ID: id}
	}
	return Change{Path: name, Was: entry(words[0], words[2]), Is: entry(words[1], words[3])}, nil
}

// unquote returns a path that git prints in quotes, with backslashes, where it holds more than plain characters.
func unquote(name string) (string, error) {
	if !strings.HasPrefix(name, `"`) {
		return name, nil
	}
	plain, err := strconv.Unquote(name)
	if err != nil {
		return "", fmt.Errorf("git printed a path that cannot be read: %s", name)
	}
	return plain, nil
}
