package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	expectCode(ts, args[0], ts.Exec(args[1], args[2:]...))
}

// expectCode compares the exit code that a program's error tells with the one that a script asks for.
func expectCode(ts *testscript.TestScript, want string, err error) {
	code, err := codeOf(err)
	ts.Check(err)
	if strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// codeOf returns a program's exit code as a shell would: 128 plus its number for a signal.
func codeOf(err error) (int, error) {
	if err == nil {
		return 0, nil
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// tools knows how to ask a tool whether it works: a version manager may leave a shim with nothing behind it.
var tools = map[string]func() error{
	"terraform":        sync.OnceValue(works("terraform", "version")),
	"aws":              sync.OnceValue(works("aws", "--version")),
	"moto_server":      sync.OnceValue(works("moto_server", "--help")),
	"ansible-playbook": sync.OnceValue(works("ansible-playbook", "--version")),
	"helm":             sync.OnceValue(works("helm", "version")),
	"kubectl":          sync.OnceValue(works("kubectl", "version", "--client")),
	"etcd":             sync.OnceValue(works("etcd", "--version")),
	"kube-apiserver":   sync.OnceValue(works("kube-apiserver", "--version")),
	"git":              sync.OnceValue(works("git", "version")),
	"ssh-keygen":       sync.OnceValue(works("ssh", "-V")),
	"tmux":             sync.OnceValue(works("tmux", "-V")),
	"python3":          sync.OnceValue(works("python3", "--version")),
	"aws-provider": sync.OnceValue(func() error {
		_, err := os.Stat(filepath.Join(os.Getenv("BITOPS_TEST_TF_PLUGINS"), "registry.terraform.io", "hashicorp", "aws"))
		return err
	}),
}

func works(name string, args ...string) func() error {
	return func() error { return exec.CommandContext(context.Background(), name, args...).Run() }
}

func requires(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: requires TOOL...")
	}
	for _, tool := range args {
		check, ok := tools[tool]
		if !ok {
			ts.Fatalf("requires knows no tool %q", tool)
		}
		if err := check(); err != nil || os.Getenv("BITOPS_TEST_TOOLS") == "none" {
			missing(ts, tool)
		}
	}
}

// missing skips the story, or fails it where every tool has to be there.
func missing(ts *testscript.TestScript, what string) {
	if os.Getenv("BITOPS_TEST_TOOLS") == "required" {
		ts.Fatalf("%s is missing, and BITOPS_TEST_TOOLS=required", what)
	}
	ts.Value(runner{}).(testscript.T).Skip(what + " is missing")
}

func example(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: example NAME")
	}
	ts.Check(copyExample(args[0], ts.MkAbs(".")))
}

// environ returns the variables of the story, for programs that testscript does not start itself: it tells nobody, so a
// program has to.
func environ(ts *testscript.TestScript) []string {
	file := filepath.Join(ts.Getenv("HOME"), "environ")
	ts.Check(ts.Exec("/bin/sh", "-c", `exec /usr/bin/env -0 >"$1"`, "sh", file))
	text, err := os.ReadFile(file)
	ts.Check(err)
	return strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
}

// program returns a program of the story that is not started yet.
func program(ts *testscript.TestScript, args []string) *exec.Cmd {
	env := environ(ts)
	path := args[0]
	if !strings.Contains(path, "/") {
		for dir := range strings.SplitSeq(ts.Getenv("PATH"), ":") {
			file := filepath.Join(dir, path)
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				path = file
				break
			}
		}
	}
	cmd := exec.CommandContext(context.Background(), path, args[1:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), env
	return cmd
}
