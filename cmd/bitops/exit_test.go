package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/cmd/bitops/command"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

var outcomes = []schema.Outcome{
	schema.Succeeded, schema.Unchanged, schema.Failed, schema.Blocked, schema.NotStarted, schema.Skipped, schema.Interrupted, schema.Held, schema.Deferred,
}

// Whatever becomes of the steps of a run, the exit code tells the worst of it: stopped, failed, held, done.
func TestExitCodeTellsTheWorst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom(outcomes), 0, 8).Draw(t, "outcomes")
		signal := rapid.SampledFrom([]syscall.Signal{0, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}).Draw(t, "signal")
		code := rapid.IntRange(0, 300).Draw(t, "exit code of the program")
		r := &schema.Report{Command: rapid.SampledFrom([]schema.Command{
			schema.CommandPlan, schema.CommandApply, schema.CommandDestroy, schema.CommandPlanDestroy, schema.CommandDeploy,
		}).Draw(t, "command")}
		interrupted := slices.Contains(steps, schema.Interrupted)
		for i, o := range steps {
			s := schema.StepReport{StepSummary: schema.StepSummary{Name: schema.StepName(fmt.Sprint(i))}, Outcome: o}
			if o == schema.Failed {
				s.Error = &schema.StepError{ExitCode: code}
			}
			if o == schema.NotStarted && slices.Contains(steps, schema.Failed) && rapid.Bool().Draw(t, "for a failure") {
				s.Cause = "of a failed step"
			} else if o == schema.NotStarted {
				interrupted = true
			}
			r.Steps = append(r.Steps, s)
		}
		r.Outcome = r.Overall()
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		if signal != 0 {
			cancel(&stoppedError{signal: signal})
		}
		has := func(o schema.Outcome) bool { return slices.Contains(steps, o) }
		want := exitDone
		switch {
		case interrupted && signal != 0:
			want = 128 + int(signal)
		case interrupted:
			want = exitFailed
		case has(schema.Failed) && r.Command == schema.CommandDeploy && code > 0 && code < 256:
			want = code
		case has(schema.Failed):
			want = exitFailed
		case has(schema.Held):
			want = exitHeld
		case has(schema.Blocked):
			want = exitFailed
		}
		got := exitDone
		if r.Outcome != schema.Succeeded { // else there is no error to judge
			got = exitCode(ctx, fmt.Errorf("wrapped: %w", &command.RunError{Report: r}))
		}
		if got != want {
			t.Errorf("%v of %s, signal %d, program %d: %d, want %d", steps, r.Command, signal, code, got, want)
		}
	})
}

func TestExitCodesOfErrors(t *testing.T) {
	stopped, cancel := context.WithCancelCause(context.Background())
	cancel(&stoppedError{signal: syscall.SIGTERM})
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"a wrong command line":         {context.Background(), &command.UsageError{Err: fmt.Errorf("x")}, 64},
		"a wrong manifest":             {context.Background(), schema.Problems{schema.Errorf(schema.Position{File: "m"}, "x")}, 65},
		"a plan that does not fit":     {context.Background(), &command.PlanUnfitError{File: "p"}, 66},
		"a lock of somebody else":      {context.Background(), &store.LockedError{}, 75},
		"changes exist":                {context.Background(), &command.ChangesExistError{}, 2},
		"anything else":                {context.Background(), fmt.Errorf("x"), 1},
		"stopped before anything ran":  {stopped, fmt.Errorf("x"), 143},
		"changes exist, and a SIGTERM": {stopped, &command.ChangesExistError{}, 143},
	} {
		if got := exitCode(c.ctx, fmt.Errorf("wrapped: %w", c.err)); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Who follows a run gets its exit code, also of one that was interrupted: that its own process was is another matter.
func TestExitCodeOfWhoFollows(t *testing.T) {
	for outcome, want := range map[schema.Outcome]int{schema.Failed: exitFailed, schema.Held: exitHeld, schema.Interrupted: 130} {
		err := &command.RunError{Report: &schema.Report{Command: schema.CommandApply, Outcome: outcome}, Followed: true}
		if got := exitCode(t.Context(), err); got != want {
			t.Errorf("%s: %d, want %d", outcome, got, want)
		}
	}
	if got := exitCode(t.Context(), &command.KilledRunError{}); got != exitFailed {
		t.Errorf("killed: %d", got)
	}
}

// A terminal that goes away sends SIGHUP several times. That is one signal, and others still count.
func TestHangupsCountOnce(t *testing.T) {
	received := make(chan os.Signal, 8)
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGHUP, syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} {
		received <- s
	}
	next := eachHangupOnce(received)
	for _, want := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if got := next(); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
