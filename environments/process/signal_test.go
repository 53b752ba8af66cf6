package process_test

import (
	"context"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
)

func TestInterruptReachesEveryoneOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	// set -m would make groups; without it a shell's background children ignore SIGINT, so the child runs in front.
	s := script(t, `trap 'echo "parent interrupted"' INT
		bash -c 'trap "echo child interrupted" INT; echo ready; for i in 1 2 3 4 5 6; do sleep 0.05; done; exit 3'
		echo "child's code $?"; for i in 1 2 3; do sleep 0.05; done; exit 4`)
	s.runUntil(t, ctx, process.Local{}, 1, cancel)
	equal(t, "child's interrupts", strings.Count(strings.Join(s.Out, "\n"), "child interrupted"), 1)
	equal(t, "parent's interrupts", strings.Count(strings.Join(s.Out, "\n"), "parent interrupted"), 1)
	equal(t, "exit code", s.ExitCode, 4)
	equal(t, "interrupted", s.Interrupted, true)
	equal(t, "killed", s.Killed, false)
}

func TestInterruptEndsAProgramThatDoesNotCatchIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := script(t, "echo ready; exec sleep 60").runUntil(t, ctx, process.Local{}, 1, cancel)
	equal(t, "signal", s.Signal, syscall.SIGINT)
	equal(t, "exit code", s.ExitCode, 130)
	equal(t, "killed", s.Killed, false)
}

// aloneScript has a child that saves something when it is interrupted, which its parent does not care about.
const aloneScript = `trap 'sleep 0.2; echo parent saved; exit 4' INT
	(trap 'echo child interrupted; sleep 0.1; echo child saved; exit' INT; echo ready; while :; do sleep 0.01; done) &
	while :; do sleep 0.01; done`

func TestInterruptOfTheLeaderAlone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := script(t, aloneScript)
	s.InterruptAlone = true
	s.runUntil(t, ctx, process.Local{}, 1, cancel)
	lines(t, s.Out, "ready", "parent saved", "child interrupted", "child saved")
	equal(t, "exit code", s.ExitCode, 4)
	equal(t, "interrupted", s.Interrupted, true)
	equal(t, "killed", s.Killed, false)
}

// What the leader leaves gets no more time than it had itself, and none after the second Ctrl-C.
func TestWhatAnInterruptedLeaderLeavesEnds(t *testing.T) {
	const stubborn = `trap 'exit 4' INT; (trap '' INT; sleep 60; sleep 60) & echo ready; while :; do sleep 0.01; done`
	for name, c := range map[string]struct {
		grace, most time.Duration
		kill        bool
	}{
		"after a while":           {time.Minute, 5 * time.Second, false},
		"when its grace is over":  {300 * time.Millisecond, 1500 * time.Millisecond, false},
		"at the second interrupt": {time.Minute, 1500 * time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := script(t, stubborn)
			s.InterruptAlone, s.Grace = true, c.grace
			kill := make(chan struct{})
			s.runUntil(t, ctx, process.Local{Kill: kill}, 1, func() {
				cancel()
				if c.kill {
					time.AfterFunc(300*time.Millisecond, func() { close(kill) })
				}
			})
			equal(t, "exit code", s.ExitCode, 4)
			if s.Duration > c.most {
				t.Errorf("it took %s", s.Duration)
			}
		})
	}
}

func TestInterruptWakesAStoppedProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := script(t, "trap 'exit 5' INT; echo ready; kill -STOP $$; sleep 60")
	s.runUntil(t, ctx, process.Local{}, 1, func() { time.AfterFunc(50*time.Millisecond, cancel) })
	equal(t, "exit code", s.ExitCode, 5)
}

func TestIgnoredInterruptIsFollowedByTheKill(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := script(t, "trap '' INT; sleep 60 & echo ready; sleep 60")
	s.Grace = 100 * time.Millisecond
	s.runUntil(t, ctx, process.Local{}, 1, cancel)
	equal(t, "signal", s.Signal, syscall.SIGKILL)
	equal(t, "exit code", s.ExitCode, 137)
	equal(t, "interrupted", s.Interrupted, true)
	equal(t, "killed", s.Killed, true)
	if s.Duration < 100*time.Millisecond || s.Duration > 5*time.Second {
		t.Errorf("ended after %v", s.Duration)
	}
}

func TestDeadlineInterrupts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s := script(t, "exec sleep 60").run(t, ctx, process.Local{})
	equal(t, "error", s.Err, nil)
	equal(t, "exit code", s.ExitCode, 130)
}

func TestKillEndsEverythingAtOnce(t *testing.T) {
	kill := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	local := process.Local{Kill: kill}
	var ready counter
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			s := script(t, "trap '' INT; setsid sleep 60 & echo ready; sleep 60")
			s.Grace = time.Minute
			s.Stdout = func(process.Line) {
				if ready.add(1) == 3 {
					cancel() // the first Ctrl-C
					time.AfterFunc(50*time.Millisecond, func() { close(kill) })
				}
			}
			r, err := local.Run(ctx, s.Command)
			equal(t, "error", err, nil)
			equal(t, "signal", r.Signal, syscall.SIGKILL)
			equal(t, "interrupted", r.Interrupted, true)
			equal(t, "killed", r.Killed, true)
		})
	}
	wg.Wait()
	nothingSurvives(t)
}

// A signal to the group could miss a leader that has left it.
func TestLeaderCannotLeaveItsGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := script(t, "")
	s.Name = "python3"
	s.Args = []string{"-c", `
import os, sys, time
r, w = os.pipe()
child = os.fork()
if child == 0:
    os.setpgid(0, 0); os.write(w, b"x"); time.sleep(60)
os.read(r, 1)
try:
    os.setpgid(0, child)
except PermissionError:
    print("ready", flush=True)
time.sleep(60)`}
	s.Grace = time.Minute
	s.runUntil(t, ctx, process.Local{}, 1, cancel)
	equal(t, "signal", s.Signal, syscall.SIGINT)
	equal(t, "killed", s.Killed, false)
}
