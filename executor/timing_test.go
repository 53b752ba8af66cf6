package executor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

// Where one at a time can run, the one with the longest chain behind it goes first, going by earlier runs.
func TestTheExpectedLongestGoesFirst(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil), "b/x": succeeds(nil), "c/x": succeeds(nil), "d/x": succeeds(nil)})
	plan := chain(schema.CommandApply, "a", "b", "c", "d")
	for i := range plan.Steps {
		plan.Steps[i].DependsOn, plan.Steps[i].Offers = nil, nil
	}
	plan.Steps[3].DependsOn = []schema.StepName{"b/x"} // 1 and 9 seconds; c alone takes 5, and a is not known
	x := executorOf(s)
	x.Expected = map[schema.StepName]time.Duration{"b/x": time.Second, "c/x": 5 * time.Second, "d/x": 9 * time.Second}
	if _, err := x.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	var order []schema.StepName
	for _, c := range s.calls {
		if c.what == "do" {
			order = append(order, c.step)
		}
	}
	if !slices.Equal(order, []schema.StepName{"b/x", "d/x", "a/x", "c/x"}) {
		t.Errorf("order %v", order)
	}
}

func TestTiming(t *testing.T) {
	plan := chain(schema.CommandApply, "a", "b", "c")
	plan.Steps[2].DependsOn, plan.Steps[2].Offers = nil, nil
	timing, err := executor.Timing(plan, map[schema.StepName]time.Duration{"a/x": 2 * time.Second, "b/x": 4 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	want := []schema.TimedJobs{{Jobs: 1, Duration: 9 * time.Second}, {Jobs: 2, Duration: 6 * time.Second}}
	if timing.Steps != 3 || timing.Known != 2 || timing.Work != 9*time.Second || timing.Chain != 6*time.Second ||
		len(timing.Path) != 2 || timing.Path[1].Step != "b/x" || !slices.Equal(timing.Jobs, want) {
		t.Errorf("%+v", timing)
	}
	if empty, err := executor.Timing(&schema.Plan{}, nil); err != nil || empty.Chain != 0 || len(empty.Path) != 0 {
		t.Errorf("of nothing: %+v, %v", empty, err)
	}
}
