package process_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
)

// TestNotStarted pins what a user reads when a program cannot be started. DIR is the working directory.
func TestNotStarted(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // a relative entry of PATH must not be looked up here
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"bin/plain":     {"#!/bin/sh\n", 0o644},
		"bin/noshebang": {"\x00\x01garbage", 0o755},
		"bin/noloader":  {"#!/no/such/interpreter\n", 0o755},
		"bin/works":     {"#!/bin/sh\nexit 3\n", 0o755},
	} {
		must(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(file.text), file.mode))
	}
	for name, c := range map[string]struct {
		command process.Command
		want    string // "" if it starts
		is      error
	}{
		"missing":            {process.Command{Name: "nope", Env: []string{"PATH=/no:/such"}}, "nope: not found in PATH (/no:/such); install it or add its directory to PATH", nil},
		"no PATH":            {process.Command{Name: "sh"}, "sh: not found, because PATH is empty in the environment it would run in", nil},
		"no name":            {process.Command{}, "the name of the program is empty", nil},
		"PATH of Env":        {process.Command{Name: "works", Env: []string{"PATH=/no:DIR/bin"}}, "", nil},
		"the last PATH":      {process.Command{Name: "works", Env: []string{"PATH=/no", "PATH=DIR/bin"}}, "", nil},
		"relative PATH":      {process.Command{Name: "works", Env: []string{"PATH=bin:"}, Dir: "DIR"}, "works: not found in PATH (bin:); install it or add its directory to PATH", nil},
		"not executable":     {process.Command{Name: "plain", Env: []string{"PATH=DIR/bin"}}, "plain: DIR/bin/plain is not executable; run chmod +x on it", nil},
		"relative to Dir":    {process.Command{Name: "bin/works", Dir: "DIR"}, "", nil},
		"missing file":       {process.Command{Name: "./nope", Dir: "DIR"}, "./nope: there is no file DIR/nope", nil},
		"file without x":     {process.Command{Name: "bin/plain", Dir: "DIR"}, "start bin/plain (DIR/bin/plain): permission denied: the file is not executable (run chmod +x on it), or is on a file system mounted noexec", syscall.EACCES},
		"directory":          {process.Command{Name: "./bin", Dir: "DIR"}, "start ./bin (DIR/bin): permission denied: ", syscall.EACCES},
		"no shebang":         {process.Command{Name: "bin/noshebang", Dir: "DIR"}, "start bin/noshebang (DIR/bin/noshebang): exec format error: neither a program for this machine nor a script whose first line begins with #!", syscall.ENOEXEC},
		"no interpreter":     {process.Command{Name: "bin/noloader", Dir: "DIR"}, "start bin/noloader (DIR/bin/noloader): no such file or directory: the file exists, so what is missing is the interpreter its first line names, or its dynamic loader", syscall.ENOENT},
		"no Dir":             {process.Command{Name: "/bin/sh", Dir: "DIR/nope"}, "start /bin/sh (/bin/sh): working directory: stat DIR/nope: no such file or directory", syscall.ENOENT},
		"no Dir, a path":     {process.Command{Name: "./a", Dir: "DIR/nope"}, "start ./a (DIR/nope/a): working directory: stat DIR/nope: no such file or directory", syscall.ENOENT},
		"Dir is a file":      {process.Command{Name: "/bin/sh", Dir: "DIR/bin/plain"}, "start /bin/sh (/bin/sh): working directory: chdir DIR/bin/plain: not a directory", syscall.ENOTDIR},
		"too much":           {process.Command{Name: "/bin/sh", Args: []string{strings.Repeat("x", 1<<20)}}, "start /bin/sh (/bin/sh): argument list too long: arguments and environment are too large; hand large values over in files", syscall.E2BIG},
		"a zero byte inside": {process.Command{Name: "/bin/sh", Args: []string{"a\x00b"}}, "start /bin/sh (/bin/sh): invalid argument", syscall.EINVAL},
	} {
		t.Run(name, func(t *testing.T) {
			command := c.command
			command.Dir = strings.ReplaceAll(command.Dir, "DIR", dir)
			for i := range command.Env {
				command.Env[i] = strings.ReplaceAll(command.Env[i], "DIR", dir)
			}
			command.Stdout = func(process.Line) {}
			r, err := process.Local{}.Run(t.Context(), command)
			if c.want == "" {
				if err != nil || r.ExitCode != 3 {
					t.Fatalf("exit code %d, error %v", r.ExitCode, err)
				}
				return
			}
			checkError(t, err, strings.ReplaceAll(c.want, "DIR", dir), c.is)
		})
	}
	if left := process.Survivors(); len(left) > 0 {
		t.Errorf("Survivors = %v", left)
	}
}

// checkError wants a *StartError around is, or a *NotFoundError if is is nil.
func checkError(t *testing.T, err error, want string, is error) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
	var missing *process.NotFoundError
	var start *process.StartError
	if is == nil && !errors.As(err, &missing) || is != nil && (!errors.As(err, &start) || !errors.Is(err, is)) {
		t.Errorf("error is a %T: %v", err, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
