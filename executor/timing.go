package executor

import (
	"time"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// expected returns how long each step is expected to take. A step of which nothing is known counts as the mean of the
// others.
func (r *run) expected(steps []schema.StepName) func(schema.StepName) time.Duration {
	var sum time.Duration
	known := 0
	for _, name := range steps {
		if d, ok := r.Expected[name]; ok {
			sum += d
			known++
		}
	}
	mean := time.Second
	if known > 0 {
		mean = sum / time.Duration(known)
	}
	return func(name schema.StepName) time.Duration {
		if d, ok := r.Expected[name]; ok {
			return d
		}
		return mean
	}
}

// mostJobs is for how many jobs at once a Timing says how long a run takes.
const mostJobs = 64

// Timing says how long a run of a plan takes if its selected steps take as long as expected: by playing it.
func Timing(plan *schema.Plan, expected map[schema.StepName]time.Duration) (*schema.Timing, error) {
	r := newRun(&Executor{Expected: expected}, plan)
	graph, err := r.graph()
	if err != nil {
		return nil, err
	}
	takes := r.expected(graph.Vertices())
	path, err := graph.CriticalPath(takes)
	if err != nil {
		return nil, err
	}
	t := &schema.Timing{Steps: graph.Len()}
	for _, name := range graph.Vertices() {
		t.Work += takes(name)
		if _, known := expected[name]; known {
			t.Known++
		}
	}
	for _, name := range path {
		_, known := expected[name]
		t.Path = append(t.Path, schema.TimedStep{Step: name, Duration: takes(name), Known: known})
		t.Chain += takes(name)
	}
	for jobs := 1; jobs <= mostJobs; jobs *= 2 {
		several := *plan
		several.Parallelism = jobs
		frontier, err := newRun(r.Executor, &several).frontier(graph, takes)
		if err != nil {
			return nil, err
		}
		took := dag.Makespan(frontier, takes)
		t.Jobs = append(t.Jobs, schema.TimedJobs{Jobs: jobs, Duration: took})
		if took == t.Chain || jobs >= graph.Len() {
			break // more help no further
		}
	}
	return t, nil
}
