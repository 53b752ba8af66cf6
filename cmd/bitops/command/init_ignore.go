package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ignoredLine is a line of .gitignore, and why it is there.
type ignoredLine struct {
	pattern, why string
	state        bool // it is about terraform's state
}

var ignoredLines = []ignoredLine{
	{pattern: "/.bitops/", why: "What bitops keeps here: runs, logs, records, private copies"},
	{pattern: ".terraform/", why: "What terraform downloads when it is run by hand"},
	{pattern: "*.tfstate", why: "State without a backend: it holds secrets in clear text", state: true},
	{pattern: "*.tfstate.*", state: true},
}

// lockFile is what git should not ignore.
const lockFile = ".terraform.lock.hcl"

// ignore adds to .gitignore what git should ignore in a repository and does not. Lines that are there stay, and so does what
// people decided: no pattern is added that a line takes back, and none of state where git has some already.
func (r *repository) ignore(ctx context.Context, dir string) error {
	file := filepath.Join(dir, ".gitignore")
	old, err := os.ReadFile(file)
	there := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what git ignores: %w", err)
	}
	lines := strings.Split(strings.ReplaceAll(string(old), "\r\n", "\n"), "\n")
	if hasPattern(lines, lockFile) {
		r.print("%s ignores %s: remove that line and commit the lock files, so that providers stay what they are.", file, lockFile)
	}
	wanted := ignoredLines
	if tracked := r.gitLine(ctx, "ls-files", "--", "*.tfstate", "*.tfstate.*"); tracked != "" {
		r.print("git tracks %s: state holds secrets in clear text, better keep it in a backend. Git goes on tracking it.", tracked)
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(l ignoredLine) bool { return l.state })
	}
	text, added := extendIgnored(string(old), lines, wanted)
	switch {
	case len(added) == 0:
		return nil
	case !there:
		err = createFile(file, text)
	default:
		err = replaceFile(file, []byte(text))
	}
	if err != nil {
		return fmt.Errorf("write what git ignores: %w", err)
	}
	r.print("%s: git ignores %s.", file, strings.Join(added, ", "))
	return nil
}

// extendIgnored returns a .gitignore with the lines that it lacks, and which these are.
func extendIgnored(old string, lines []string, wanted []ignoredLine) (text string, added []string) {
	end := "\n"
	if strings.Contains(old, "\r\n") {
		end = "\r\n"
	}
	text = old
	if old != "" && !strings.HasSuffix(old, "\n") {
		text += end
	}
	for _, l := range wanted {
		if hasPattern(lines, l.pattern) || hasPattern(lines, "!"+l.pattern) {
			continue
		}
		if l.why != "" {
			text += "# " + l.why + end
		}
		text += l.pattern + end
		added = append(added, l.pattern)
	}
	return text, added
}

// hasPattern reports whether a pattern is among the lines of a .gitignore, with or without the slashes around it.
func hasPattern(lines []string, pattern string) bool {
	plain := func(s string) string {
		s = strings.TrimRight(s, " \t")
		taken, negated := strings.CutPrefix(s, "!")
		taken = strings.Trim(taken, "/")
		if negated {
			return "!" + taken
		}
		return taken
	}
	return slices.ContainsFunc(lines, func(line string) bool { return plain(line) == plain(pattern) })
}
