package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// UnknownError says that a text names no commit of the repository.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string { return fmt.Sprintf("git knows no commit %q", e.Name) }

// Commit returns the id of the commit that a text names, in any way that git understands: a branch, a tag, main~2. The error
// is an *UnknownError where it names none.
func (r *Repository) Commit(ctx context.Context, name string) (string, error) {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\x00\n") {
		return "", &UnknownError{Name: name}
	}
	lines, err := r.git(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}")
	if failed, _ := errors.AsType[*Error](err); failed != nil {
		return "", &UnknownError{Name: name}
	}
	if err != nil {
		return "", err
	}
	return lines[len(lines)-1], nil
}

// MergeBase returns the newest commit that two have in their histories, "" where they have none in common, as far as their
// histories are here.
func (r *Repository) MergeBase(ctx context.Context, one, other string) (string, error) {
	lines, err := r.git(ctx, "merge-base", one, other)
	if failed, _ := errors.AsType[*Error](err); failed != nil && failed.ExitCode == 1 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return lines[0], nil
}

// Parents returns the ids of the commits that a commit was made from, also of those that are not here.
func (r *Repository) Parents(ctx context.Context, commit string) ([]string, error) {
	lines, err := r.git(ctx, "cat-file", "commit", commit)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, line := range lines {
		if line == "" {
			break
		}
		if id, ok := strings.CutPrefix(line, "parent "); ok {
			all = append(all, id)
		}
	}
	return all, nil
}

// Remote returns the name of the remote repository that is fetched from: origin, or the first one. "" is for none.
func (r *Repository) Remote(ctx context.Context) (string, error) {
	names, err := r.git(ctx, "remote")
	if err != nil || len(names) == 0 {
		return "", err
	}
	for _, name := range names {
		if name == "origin" {
			return name, nil
		}
	}
	return names[0], nil
}

// Names returns the branches, those of remote repositories too, and the tags, sorted by kind and name.
func (r *Repository) Names(ctx context.Context) ([]string, error) {
	return r.git(ctx, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
}

// Fetch fetches from a remote repository, with further arguments of git fetch. It changes no branch and no tag.
func (r *Repository) Fetch(ctx context.Context, args ...string) error {
	_, err := r.git(ctx, append([]string{"fetch", "--quiet", "--no-tags", "--no-recurse-submodules"}, args...)...)
	return err
}

// FetchPart fetches a branch or commit with so many commits of its history, and with all of it in a clone that has all of its
// history: git would cut off what such a clone has.
func (r *Repository) FetchPart(ctx context.Context, depth int, remote, what string) error {
	if !r.Shallow {
		return r.Fetch(ctx, remote, what)
	}
	return r.Fetch(ctx, fmt.Sprintf("--depth=%d", depth), remote, what)
}
