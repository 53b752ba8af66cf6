package process_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
)

// TestNothingIsLeftBehind runs programs that leave others behind; script's ran looks for survivors.
func TestNothingIsLeftBehind(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		linux  bool
	}{
		"a background child that holds stdout": {"sleep 60 & echo done", false},
		"a child that ignores signals":         {"trap '' INT TERM HUP; (sleep 60; sleep 60) & echo done", false},
		"a child in its own session":           {"setsid sleep 60 & echo done", true},
		"a double fork":                        {"setsid bash -c 'sleep 60 & disown; exit' & wait; (setsid sleep 60 &); echo done", true},
		"a chain of sessions":                  {"setsid bash -c 'setsid bash -c \"setsid sleep 60; :\" & sleep 60' & sleep 0.1; echo done", true},
		"a child in its own group":             {"set -m; sleep 60 & echo done", true},
		"a stopped child":                      {"setsid bash -c 'kill -STOP $$' & sleep 0.05; echo done", true},
		"many of them":                         {"for i in {1..30}; do setsid sleep 60 & done; echo done", true},
		"a clean environment":                  {"setsid env -i sleep 60 TEST_MARK=$TEST_MARK 2>/dev/null & setsid env -i bash -c 'sleep 60; :' TEST_MARK=$TEST_MARK & sleep 0.1; echo done", true},
		"children that end before it":          {"(setsid sleep 0.02 &); (sleep 0.02 &); sleep 0.1; echo done", true},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if c.linux && runtime.GOOS != "linux" {
				t.Skip("needs a subreaper")
			}
			begin := time.Now()
			lines(t, script(t, c.script).ran(t).Out, "done")
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if left := process.Survivors(); len(left) > 0 {
				t.Errorf("Survivors = %v", left)
			}
			noZombies(t)
		})
	}
}

func noZombies(t *testing.T) {
	t.Helper()
	list, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	if err == nil && len(list) > 0 {
		t.Errorf("children that nobody reaped: %s", list)
	}
}

func TestOrphansOfOthersLive(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a subreaper")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, done := make(chan struct{}), make(chan struct{})
	long := script(t, "(setsid sleep 60 &) ; (setsid env -i bash -c 'sleep 60; :' TEST_MARK=$TEST_MARK &); sleep 0.1; echo ready; sleep 60")
	long.Stdout = func(process.Line) { close(ready) }
	go func() {
		defer close(done)
		_, _ = process.Local{}.Run(ctx, long.Command)
	}()
	<-ready
	const before = 3 // the script, which ends as a sleep, the other sleep, and the bash in a clean environment
	settled(t, before)
	short := script(t, "setsid sleep 60 & env -i bash -c 'sleep 60; :' TEST_MARK=$TEST_MARK & sleep 0.1; exit")
	if _, err := (process.Local{}).Run(t.Context(), short.Command); err != nil {
		t.Fatal(err)
	}
	equal(t, "processes of the other Command", len(marked(t)), before)
	if left := process.Survivors(); len(left) != 1 {
		t.Errorf("Survivors = %v, want the one program that runs", left)
	}
	equal(t, "processes after Survivors", len(marked(t)), before)
	cancel()
	<-done
	nothingSurvives(t)
}

// settled waits until as many processes carry the test's mark, and do so for a while: a process that is being started may
// count twice, and the last of a script's begin when it has said what it says.
func settled(t *testing.T, processes int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for seen := 0; seen < 10; time.Sleep(10 * time.Millisecond) {
		if found := len(marked(t)); found == processes {
			seen++
		} else if seen = 0; time.Now().After(deadline) {
			t.Fatalf("%d processes run, want %d", found, processes)
		}
	}
}

func TestProgramsOfOthersLive(t *testing.T) {
	for name, attr := range map[string]*syscall.SysProcAttr{"in our group": nil, "in its own": {Setpgid: true}} {
		t.Run(name, func(t *testing.T) {
			foreign := exec.Command("bash", "-c", "sleep 0.3; exit 9")
			foreign.SysProcAttr = attr
			if err := foreign.Start(); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				script(t, "sleep 0.02").ran(t)
			}
			if err := foreign.Wait(); err == nil || foreign.ProcessState.ExitCode() != 9 {
				t.Errorf("a program started by os/exec ended with %v", err)
			}
		})
	}
}

func TestSurvivorsIsEmptyWithoutPrograms(t *testing.T) {
	script(t, "true").ran(t)
	if left := process.Survivors(); len(left) > 0 {
		t.Errorf("Survivors = %v", left)
	}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil && len(entries) > 30 {
		t.Errorf("%d open files", len(entries))
	}
}
