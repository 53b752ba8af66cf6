package executor_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

// play runs a plan on paper, starting steps in the order that the learned durations ask for, and returns how long that takes
// and what is ended and running at a moment.
func play(t interface{ Fatal(args ...any) }, plan *schema.Plan, learned, actual map[schema.StepName]time.Duration, moment time.Duration) (took time.Duration, ended map[schema.StepName]bool, running map[schema.StepName]time.Duration) {
	graph := dag.New[schema.StepName]()
	for _, s := range plan.Steps {
		if err := graph.AddVertex(s.Name); err != nil {
			t.Fatal(err)
		}
		for _, on := range s.DependsOn {
			if err := graph.AddEdge(on, s.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	frontier, err := dag.NewFrontier(graph, dag.Options[schema.StepName]{
		Parallelism: plan.Parallelism, Cost: func(s schema.StepName) time.Duration { return learned[s] },
	})
	if err != nil {
		t.Fatal(err)
	}
	ended, running = map[schema.StepName]bool{}, map[schema.StepName]time.Duration{}
	begun := map[schema.StepName]time.Duration{}
	var now time.Duration
	for {
		for _, s := range frontier.Next() {
			begun[s] = now
		}
		next, at := schema.StepName(""), time.Duration(0)
		for s, begin := range begun {
			if end := begin + actual[s]; next == "" || end < at || end == at && s < next {
				next, at = s, end
			}
		}
		if next == "" {
			return now, ended, running
		}
		if at > moment && now <= moment {
			for s, begin := range begun {
				running[s] = moment - begin
			}
		}
		now = at
		if now <= moment {
			ended[next] = true
		}
		delete(begun, next)
		frontier.Settle(next, dag.Succeeded)
	}
}

// At half time of a run whose steps take about as long as learned, the time left is known to a quarter; exactly when they
// take just as long.
func TestTimeLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := &schema.Plan{Command: schema.CommandApply, Parallelism: rapid.IntRange(1, 10).Draw(t, "parallelism")}
		learned, actual := map[schema.StepName]time.Duration{}, map[schema.StepName]time.Duration{}
		noise := rapid.SampledFrom([]int{0, 10}).Draw(t, "noise")
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			step := schema.Step{Name: schema.StepName(fmt.Sprintf("e%02d/x", i)), Selected: true}
			for range rapid.IntRange(0, 2).Draw(t, "dependencies") {
				if i > 0 {
					step.DependsOn = append(step.DependsOn, plan.Steps[rapid.IntRange(0, i-1).Draw(t, "on")].Name)
				}
			}
			if len(step.DependsOn) == 2 && step.DependsOn[0] == step.DependsOn[1] {
				step.DependsOn = step.DependsOn[:1]
			}
			d := time.Duration(rapid.IntRange(2, 300).Draw(t, "seconds")) * time.Second
			learned[step.Name] = d
			actual[step.Name] = d + d*time.Duration(rapid.IntRange(-noise, noise).Draw(t, "percent"))/100
			plan.Steps = append(plan.Steps, step)
		}
		took, _, _ := play(t, plan, learned, actual, -1)
		half := took / 2
		_, ended, running := play(t, plan, learned, actual, half)
		left, err := executor.Left(plan, learned)
		if err != nil {
			t.Fatal(err)
		}
		got, known := left(ended, running)
		want := took - half
		allowed := want / 4
		if noise == 0 {
			allowed = want / 100
		}
		if off := (got - want).Abs(); !known || off > allowed {
			t.Fatalf("%s left and known: %t; really %s", got, known, want)
		}
	})
}

func TestTimeLeftOfWhatIsNotKnown(t *testing.T) {
	plan := chain(schema.CommandApply, "a", "b", "c")
	left, err := executor.Left(plan, map[schema.StepName]time.Duration{"a/x": time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if got, known := left(nil, nil); known {
		t.Errorf("one of three is known: %s", got)
	}
	ended := map[schema.StepName]bool{"b/x": true, "c/x": true}
	if got, known := left(ended, nil); !known || got != time.Minute {
		t.Errorf("the last one is known: %s, %t", got, known)
	}
	late := map[schema.StepName]time.Duration{"a/x": 100 * time.Second}
	if got, _ := left(ended, late); got != 10*time.Second {
		t.Errorf("a step that takes longer than expected has %s left", got)
	}
}
