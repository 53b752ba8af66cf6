package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
)

func TestResult(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		code   int
		signal syscall.Signal
	}{
		"success":                          {"true", 0, 0},
		"a failure is a Result":            {"exit 7", 7, 0},
		"death by a signal is 128 and it":  {"kill -TERM $$", 143, syscall.SIGTERM},
		"the kernel's kill is one of them": {"kill -KILL $$", 137, syscall.SIGKILL},
	} {
		t.Run(name, func(t *testing.T) {
			s := script(t, c.script).ran(t)
			equal(t, "exit code", s.ExitCode, c.code)
			equal(t, "signal", s.Signal, c.signal)
			equal(t, "interrupted", s.Interrupted, false)
			equal(t, "killed", s.Killed, false)
		})
	}
}

func TestResultTellsTimes(t *testing.T) {
	s := script(t, "sleep 0.1; for ((i=0; i<20000; i++)); do :; done").ran(t)
	if s.Duration < 100*time.Millisecond || s.Duration > 10*time.Second {
		t.Errorf("duration = %v", s.Duration)
	}
	if s.CPU <= 0 || s.CPU > s.Duration {
		t.Errorf("CPU = %v of %v", s.CPU, s.Duration)
	}
}

func TestEnvironmentIsComplete(t *testing.T) {
	t.Setenv("OF_THE_CALLER", "leaked")
	s := script(t, `echo "${OF_THE_CALLER-unset} $MINE $TWICE"`)
	s.Env = append(s.Env, "MINE=1", "TWICE=a", "TWICE=b")
	lines(t, s.ran(t).Out, "unset 1 b")

	s = script(t, "")
	s.Name, s.Args, s.Env = "/usr/bin/env", nil, nil
	s.ran(t)
	if len(s.Out) != 1 || !strings.HasPrefix(s.Out[0], process.Marker+"=") {
		t.Errorf("an empty environment became %q", s.Out)
	}
}

func TestMarkerKeepsTheOuterOne(t *testing.T) {
	s := script(t, "echo $"+process.Marker)
	s.Env = append(s.Env, process.Marker+"=outer.1")
	s.ran(t)
	if len(s.Out) != 1 || !strings.HasPrefix(s.Out[0], "outer.1/") {
		t.Errorf("marker = %q", s.Out)
	}
}

func TestDirAndStdin(t *testing.T) {
	s := script(t, "pwd; cat")
	s.Stdin = strings.NewReader("from stdin\n")
	lines(t, s.ran(t).Out, s.Dir, "from stdin")

	s = script(t, "cat; echo nothing")
	lines(t, s.ran(t).Out, "nothing")
}

func TestBlockedStdinDoesNotDelayRun(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := script(t, "echo done")
	s.Stdin = struct{ *os.File }{r} // hides the file, so that it is copied
	lines(t, s.ran(t).Out, "done")
	if s.Duration > 5*time.Second {
		t.Errorf("took %v", s.Duration)
	}
}

func TestArgumentsAreNotInterpreted(t *testing.T) {
	s := script(t, `printf '%s\n' "$@"`)
	s.Args = append(s.Args, "sh", "a b", "$HOME", "", "*", "x;y")
	lines(t, s.ran(t).Out, "a b", "$HOME", "", "*", "x;y")
}

func TestManyAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			s := script(t, fmt.Sprintf("sleep 5 & setsid sleep 5 & echo %d; exit %d", i, i))
			s.Result, s.Err = process.Local{}.Run(t.Context(), s.Command)
			if s.Err != nil || s.ExitCode != i || strings.Join(s.Out, "") != fmt.Sprint(i) {
				t.Errorf("%d: code %d, output %q, error %v", i, s.ExitCode, s.Out, s.Err)
			}
		})
	}
	wg.Wait()
	nothingSurvives(t)
	if left := process.Survivors(); len(left) > 0 {
		t.Errorf("Survivors = %v", left)
	}
}

func TestProgramBeingWrittenIsWaitedFor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other kernels execute such a file")
	}
	file := filepath.Join(t.TempDir(), "program")
	must(t, os.WriteFile(file, []byte("#!/bin/sh\nexit 3\n"), 0o755))
	writer, err := os.OpenFile(file, os.O_WRONLY, 0)
	must(t, err)
	_, err = process.Local{}.Run(t.Context(), process.Command{Name: file})
	checkError(t, err, "start "+file+" ("+file+"): text file busy: somebody has the file open for writing", syscall.ETXTBSY)

	time.AfterFunc(10*time.Millisecond, func() { _ = writer.Close() })
	r, err := process.Local{}.Run(t.Context(), process.Command{Name: file})
	if err != nil || r.ExitCode != 3 {
		t.Errorf("exit code %d, error %v", r.ExitCode, err)
	}
}

func TestNothingStartsWhenItIsOver(t *testing.T) {
	cause := errors.New("the run is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	s := script(t, "echo started").run(t, ctx, process.Local{})
	if !errors.Is(s.Err, cause) || len(s.Out) > 0 {
		t.Errorf("error %v, output %q", s.Err, s.Out)
	}

	kill := make(chan struct{})
	close(kill)
	s = script(t, "echo started").run(t, t.Context(), process.Local{Kill: kill})
	if !errors.Is(s.Err, process.ErrStopped) || len(s.Out) > 0 {
		t.Errorf("error %v, output %q", s.Err, s.Out)
	}
}

// A program that leads a session has no terminal, whichever bitops has.
func TestProgramLeadsASession(t *testing.T) {
	s := script(t, "")
	s.Name = "python3"
	s.Args = []string{"-c", "import os; print(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())"}
	lines(t, s.ran(t).Out, "True True")
}
