package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
)

// git asks one repository for one reference. It never asks a person for anything.
type git struct {
	source
	runner process.Runner
	env    environments.Variables
	log    func(stream, line string)
}

// repositoryVariables tie git to another repository, when bitops runs in one of its hooks.
var repositoryVariables = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES",
}

func newGit(s source, o InstallOptions, log func(stream, line string)) *git {
	env := environments.VariablesOf(o.Environ).Unattended()
	for _, name := range repositoryVariables {
		delete(env, name)
	}
	g := &git{source: s, runner: o.Runner, env: env, log: log}
	if s.user != nil {
		g.authenticate()
	}
	return g
}

// authenticate hands the name and the password of the URL to git in variables, through a credential helper that is for
// this host only: arguments can be seen by everybody on the machine.
func (g *git) authenticate() {
	u, _ := url.Parse(g.repository) // it was made from one
	password, _ := g.user.Password()
	g.env["BITOPS_GIT_USERNAME"], g.env["BITOPS_GIT_PASSWORD"] = g.user.Username(), password
	helper := `!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$BITOPS_GIT_USERNAME" "$BITOPS_GIT_PASSWORD"; }; f`
	count, _ := strconv.Atoi(g.env["GIT_CONFIG_COUNT"]) // the caller may have settings of this kind
	for _, value := range []string{"", helper} {        // the empty one: no other helper is asked, or told the password
		g.env["GIT_CONFIG_KEY_"+strconv.Itoa(count)] = "credential." + u.Scheme + "://" + u.Host + ".helper"
		g.env["GIT_CONFIG_VALUE_"+strconv.Itoa(count)] = value
		count++
	}
	g.env["GIT_CONFIG_COUNT"] = strconv.Itoa(count)
}

// noSuchReference is git's exit code for a repository that was reached and lacks the reference (git-ls-remote(1)).
const noSuchReference = 2

// object asks the repository what the reference stands for.
func (g *git) object(ctx context.Context) (string, error) {
	text, err := g.run(ctx, "ls-remote", "--exit-code", "--", g.repository, g.reference)
	failure, ok := errors.AsType[*environments.Failure](err)
	switch {
	case ok && failure.ExitCode == noSuchReference && g.reference != "HEAD":
		return "", &noReferenceError{g.source}
	case err != nil:
		return "", err
	}
	object, _, _ := strings.Cut(text, "\t")
	return strings.TrimSpace(object), nil
}

// noReferenceError says that a repository has no such tag or branch.
type noReferenceError struct{ source source }

func (e *noReferenceError) Error() string {
	return fmt.Sprintf("there is no %s in %s", e.source.shownReference(), e.source.repository)
}

// fetch puts the files of the reference into a new directory, without their history.
func (g *git) fetch(ctx context.Context, dir string) (object, commit string, err error) {
	if _, err = g.run(ctx, "-c", "init.defaultBranch=main", "init", "-q", "--template=", "--", dir); err != nil {
		return "", "", err
	}
	in := func(args ...string) (string, error) {
		return g.run(ctx, append([]string{"-C", dir, "-c", "core.hooksPath=" + os.DevNull, "-c", "advice.detachedHead=false"}, args...)...)
	}
	if _, err = in("fetch", "-q", "--no-tags", "--depth", "1", "--", g.repository, g.reference); err != nil {
		return "", "", err
	}
	text, err := in("rev-parse", "FETCH_HEAD", "FETCH_HEAD^{commit}")
	if err != nil {
		return "", "", err
	}
	if _, err = in("checkout", "-q", "--detach", "FETCH_HEAD"); err != nil {
		return "", "", err
	}
	object, commit, _ = strings.Cut(strings.TrimSpace(text), "\n")
	return object, commit, os.RemoveAll(filepath.Join(dir, ".git"))
}

// run runs git, which has to succeed, and returns what it printed.
func (g *git) run(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	var complaints []string
	result, err := g.runner.Run(ctx, process.Command{
		Name: "git", Args: args, Dir: os.TempDir(), Env: g.env.Environ(),
		Stdout: func(l process.Line) { out.WriteString(l.Text + "\n") },
		Stderr: func(l process.Line) {
			complaints = append(complaints, l.Text)
			g.log("stderr", l.Text)
		},
	})
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return "", &environments.Failure{Message: "cannot fetch " + g.String() + ": " + missing.Error(), ExitCode: 127}
	}
	if err != nil {
		return "", err
	}
	if result.ExitCode != 0 || result.Interrupted {
		return "", &environments.Failure{
			Message:  fmt.Sprintf("cannot fetch %s: git exited with code %d", g.source, result.ExitCode),
			ExitCode: result.ExitCode, Lines: complaints,
		}
	}
	return out.String(), nil
}
