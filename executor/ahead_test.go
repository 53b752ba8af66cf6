package executor_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// While the first step of a chain is at work, the others are prepared: what they say then is told when they start.
func TestOthersArePreparedMeanwhile(t *testing.T) {
	ready := make(chan schema.StepName, 10)
	acts := map[schema.StepName]act{}
	names := []schema.EnvironmentName{"a", "b", "c", "d"}
	for _, name := range names {
		acts[name.Step("x")] = succeeds(nil)
	}
	s := stageOf(acts)
	s.prepared = func(name schema.StepName) { ready <- name }
	s.starts = func(int) {
		if s.count("do", "b/x") > 0 {
			return
		}
		var seen []schema.StepName // the first one lasts until the others are ready
		for len(seen) < 3 {
			select {
			case name := <-ready:
				seen = append(seen, name)
			case <-time.After(30 * time.Second):
				t.Errorf("only %v were prepared", seen)
				return
			}
		}
		if slices.Sort(seen); !slices.Equal(seen, []schema.StepName{"b/x", "c/x", "d/x"}) {
			t.Errorf("prepared: %v", seen)
		}
	}
	plan := chain(schema.CommandApply, names...)
	plan.Parallelism = 4
	if _, err := execute(t.Context(), s, plan); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.problems {
		t.Error(p)
	}
	said := map[schema.StepName][]schema.EventType{}
	for _, e := range s.events {
		said[e.Step] = append(said[e.Step], e.Type)
	}
	want := []schema.EventType{
		schema.EventStepStarted, schema.EventPhaseStarted, schema.EventOutputLine, schema.EventPhaseStarted,
	}
	if !slices.Equal(said["d/x"][:4], want) || slices.Contains(said["a/x"], schema.EventOutputLine) {
		t.Errorf("said: %v", said)
	}
}

// Where there is no room, nothing is prepared: what could run would have to wait.
func TestNothingIsPreparedWithoutRoom(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil), "b/x": succeeds(nil), "c/x": succeeds(nil)})
	plan := chain(schema.CommandApply, "a", "b", "c")
	plan.Parallelism = 1
	s.starts = func(n int) {
		if n == 0 && s.count("prepare", "b/x")+s.count("prepare", "c/x") > 0 {
			t.Error("something is prepared beside the one that may run")
		}
	}
	if _, err := execute(t.Context(), s, plan); err != nil {
		t.Fatal(err)
	}
}

// After a failure that ends the run nothing is prepared any more.
func TestNothingIsPreparedAfterAFailure(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Failed}, "b/x": succeeds(nil), "c/x": succeeds(nil)})
	plan := chain(schema.CommandApply, "a", "b", "c")
	plan.Parallelism, plan.FailFast = 1, true
	if _, err := execute(t.Context(), s, plan); err != nil {
		t.Fatal(err)
	}
	if n := s.count("prepare", "b/x") + s.count("prepare", "c/x"); n > 0 {
		t.Errorf("%d were prepared", n)
	}
}

// What can start goes first: preparations take only the room that is left.
func TestReadyStepsStartBeforePreparations(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil), "b/x": succeeds(nil), "c/x": succeeds(nil), "d/x": succeeds(nil)})
	plan := chain(schema.CommandApply, "a", "b", "c", "d")
	for i := range plan.Steps[:3] {
		plan.Steps[i].DependsOn = nil
	}
	plan.Parallelism = 3
	var begun atomic.Int32
	all := make(chan struct{})
	s.starts = func(int) {
		if begun.Add(1) == 3 {
			if s.count("prepare", "d/x") > 0 {
				t.Error("d is prepared while there is no room")
			}
			close(all)
		}
		<-all
	}
	if _, err := execute(t.Context(), s, plan); err != nil {
		t.Fatal(err)
	}
}
