package process_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
)

const path = "PATH=/usr/local/bin:/usr/bin:/bin"

func TestMain(m *testing.M) {
	if process.Guarding() {
		process.GuardMain()
		return
	}
	if text := os.Getenv(victimVariable); text != "" {
		victim(text)
	}
	if signal.Ignored(os.Interrupt) { // then the programs would ignore it too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	os.Exit(m.Run())
}

// A story is one Command of a test and what came of it.
type story struct {
	process.Command
	process.Result
	Err      error
	Out, Log []string // the lines of stdout and stderr, "+" after a partial one
}

// script is a Command that runs a bash script. Its environment holds a mark by which the test finds, without help
// from the package, whatever survives it.
func script(t *testing.T, text string) *story {
	t.Helper()
	s := &story{Command: process.Command{
		Name: "bash", Args: []string{"-c", text}, Dir: t.TempDir(), Grace: 10 * time.Second,
		Env: []string{path, mark(t)},
	}}
	s.Stdout = collect(&s.Out)
	s.Stderr = collect(&s.Log)
	return s
}

func collect(lines *[]string) func(process.Line) {
	return func(l process.Line) {
		if l.Partial {
			l.Text += "+"
		}
		*lines = append(*lines, l.Text)
	}
}

func (s *story) run(t *testing.T, ctx context.Context, l process.Local) *story {
	t.Helper()
	s.Result, s.Err = l.Run(ctx, s.Command)
	nothingSurvives(t)
	return s
}

// ran is run for a program that nobody interrupts.
func (s *story) ran(t *testing.T) *story {
	t.Helper()
	if s.run(t, t.Context(), process.Local{}); s.Err != nil {
		t.Fatalf("Run: %v", s.Err)
	}
	return s
}

// runUntil runs the program, and calls then when it has printed the line "ready" for the nth time.
func (s *story) runUntil(t *testing.T, ctx context.Context, l process.Local, n int, then func()) *story {
	t.Helper()
	deliver := s.Stdout
	s.Stdout = func(line process.Line) {
		deliver(line)
		if line.Text == "ready" {
			if n--; n == 0 {
				then()
			}
		}
	}
	if s.run(t, ctx, l); s.Err != nil {
		t.Fatalf("Run: %v", s.Err)
	}
	return s
}

// nothingSurvives looks through all processes for the mark of this test.
func nothingSurvives(t *testing.T) {
	t.Helper()
	for _, pid := range marked(t) {
		line, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		t.Errorf("process %d is still alive: %q", pid, line)
	}
}

// mark is unique among the tests that run on this machine.
func mark(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("TEST_MARK=%s-%d", t.Name(), os.Getpid())
}

// marked finds the processes that carry a test's mark in their environment or as an argument.
func marked(t *testing.T) []int {
	t.Helper()
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range files {
		env, _ := os.ReadFile(dir + "/environ")
		args, _ := os.ReadFile(dir + "/cmdline")
		mark := []byte(mark(t) + "\x00")
		if bytes.Contains(env, mark) || bytes.Contains(args, mark) {
			pid, _ := strconv.Atoi(strings.TrimPrefix(dir, "/proc/"))
			pids = append(pids, pid)
		}
	}
	return pids
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func lines(t *testing.T, got []string, want ...string) {
	t.Helper()
	equal(t, "output", strings.Join(got, "\n"), strings.Join(want, "\n"))
}

// counter counts from several goroutines.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	return c.n
}
