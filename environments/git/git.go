// Package git reads what git knows of a repository: its commits, what differs between one and the checkout, and files as they
// were in one.
//
// It runs the program git, which knows the filters, submodules and forms that a repository can have. It checks nothing out
// and writes nothing; only Fetch and FetchPart, where history is missing, add to the repository.
package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments/process"
)

// Repository is a directory in the work tree of a git repository: its root, or one below. It is safe for concurrent use.
type Repository struct {
	Shallow bool // parts of the history are missing

	runner  process.Runner
	environ []string
	dir     string
}

// NotOneError says that a directory is in no work tree of git, or that git cannot be asked.
type NotOneError struct {
	Directory string
	Reason    string
}

func (e *NotOneError) Error() string {
	return fmt.Sprintf("%s is not in a git repository that can be read: %s", e.Directory, e.Reason)
}

// Open returns the repository of a directory. The variables are the caller's.
func Open(ctx context.Context, runner process.Runner, environ []string, dir string) (*Repository, error) {
	r := &Repository{runner: runner, dir: dir}
	for _, variable := range environ {
		if name, _, _ := strings.Cut(variable, "="); !slices.Contains(ofHooks, name) {
			r.environ = append(r.environ, variable)
		}
	}
	r.environ = append(r.environ, "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	if !slices.ContainsFunc(environ, answersSSH) {
		r.environ = append(r.environ, "SSH_ASKPASS_REQUIRE=never") // there is no terminal, so ssh would open a window
	}
	lines, err := r.git(ctx, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
	missing, _ := errors.AsType[*process.NotFoundError](err)
	failed, _ := errors.AsType[*Error](err)
	switch {
	case missing != nil:
		return nil, &NotOneError{Directory: dir, Reason: "the program git is not there"}
	case failed != nil:
		return nil, &NotOneError{Directory: dir, Reason: failed.Said}
	case err != nil:
		return nil, err
	case len(lines) < 2 || lines[0] != "true":
		return nil, &NotOneError{Directory: dir, Reason: "there is no checkout of it"}
	}
	r.Shallow = lines[1] == "true"
	return r, nil
}

// ofHooks are variables by which git tells its hooks of another repository than that of the directory, or of this one in paths
// that are relative to another directory.
var ofHooks = []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}

// answersSSH reports whether a variable names a program of the caller's own that answers ssh, or says when one is asked.
func answersSSH(variable string) bool {
	name, value, _ := strings.Cut(variable, "=")
	return value != "" && (name == "SSH_ASKPASS" || name == "SSH_ASKPASS_REQUIRE")
}

// Error is a git command that failed.
type Error struct {
	Args     []string
	ExitCode int
	Said     string // the first line of its errors that says something
}

func (e *Error) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("git %s ended with exit code %d", strings.Join(e.Args, " "), e.ExitCode)
	}
	return fmt.Sprintf("git %s: %s", strings.Join(e.Args, " "), e.Said)
}

// git runs git and returns the lines that it prints. An *Error says that it failed.
func (r *Repository) git(ctx context.Context, args ...string) ([]string, error) {
	var lines []string
	err := r.run(ctx, process.Command{Args: args}, func(l process.Line) { lines = append(lines, l.Text) })
	return lines, err
}

func (r *Repository) run(ctx context.Context, c process.Command, out func(process.Line)) error {
	args := c.Args
	c.Name, c.Dir, c.Env, c.Stdout = "git", r.dir, r.environ, out
	c.Args = append([]string{"-c", "core.quotePath=true", "-c", "core.safecrlf=false"}, args...)
	said := ""
	c.Stderr = func(l process.Line) {
		text := strings.TrimSpace(l.Text)
		fatal := strings.HasPrefix(text, "fatal: ") && !strings.HasPrefix(said, "fatal: ")
		if said == "" && !strings.HasPrefix(text, "warning: ") || fatal {
			said = text
		}
	}
	result, err := r.runner.Run(ctx, c)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case result.ExitCode != 0:
		return &Error{Args: args, ExitCode: result.ExitCode, Said: strings.TrimPrefix(said, "fatal: ")}
	}
	return nil
}
