package executor

import (
	"math"
	"time"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// late is by how much longer a step is expected to run that runs longer than expected, as a part of how long it has run.
const late = 0.1

// Left returns a function that estimates how long a run of a plan still takes, given the steps that have ended and how long
// the running ones have run. It plays the rest of the run with the expected durations, the plan's parallelism and its
// limits. Known is false when fewer than half of the steps that are left have an expected duration.
//
// The returned function takes time in proportion to the steps that are left. It is not safe for concurrent use.
func Left(plan *schema.Plan, expected map[schema.StepName]time.Duration) (func(ended map[schema.StepName]bool, running map[schema.StepName]time.Duration) (left time.Duration, known bool), error) {
	r := newRun(&Executor{Expected: expected}, plan)
	graph, err := r.graph()
	if err != nil {
		return nil, err
	}
	usual := r.expected(graph.Vertices())
	return func(ended map[schema.StepName]bool, running map[schema.StepName]time.Duration) (time.Duration, bool) {
		rest := graph.Subset(func(s schema.StepName) bool { return !ended[s] })
		learned := 0
		for _, name := range rest.Vertices() {
			if _, ok := expected[name]; ok {
				learned++
			}
		}
		takes := func(s schema.StepName) time.Duration {
			elapsed := running[s] // zero of one that waits
			if rest := usual(s) - elapsed; rest > 0 {
				return rest
			}
			return time.Duration(late * float64(elapsed))
		}
		frontier, err := r.frontier(rest, func(s schema.StepName) time.Duration {
			if _, runs := running[s]; runs {
				return math.MaxInt32 * time.Second // it has its place already
			}
			return usual(s)
		})
		if err != nil || learned == 0 || 2*learned < rest.Len() {
			return 0, false
		}
		return dag.Makespan(frontier, takes), true
	}, nil
}
