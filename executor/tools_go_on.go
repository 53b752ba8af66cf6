package executor

import (
	"fmt"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// Where a deploy keeps going, the tools of an environment run one after the other whatever became of those before, as in
// BitOps. Other environments are no part of that: they depend on the success of every step that they waited for.

func (r *run) sameEnvironment(a, b schema.StepName) bool {
	return r.steps[a].Environment == r.steps[b].Environment
}

// waitForWhole makes every step of an environment wait for each step of another that the environment depends on: the
// order among the steps of one environment does not carry a failure any more.
func (r *run) waitForWhole(graph *dag.Graph[schema.StepName]) error {
	type edge struct{ on, step schema.StepName }
	var edges []edge
	for _, step := range graph.Vertices() {
		for _, on := range graph.Dependencies(step) {
			if !r.sameEnvironment(on, step) {
				edges = append(edges, edge{on, step})
			}
		}
	}
	for _, e := range edges { // only now: asking after each change would cost a pass over the graph
		for _, earlier := range r.upTo(graph, e.on) {
			for _, later := range r.from(graph, e.step) {
				if err := graph.AddEdge(earlier, later); err != nil {
					return fmt.Errorf("plan: %w", err)
				}
			}
		}
	}
	return nil
}

// upTo returns the steps of an environment in the graph, in their order, as far as one of them.
func (r *run) upTo(graph *dag.Graph[schema.StepName], last schema.StepName) []schema.StepName {
	var all []schema.StepName
	for _, step := range r.environments[r.steps[last].Environment] {
		if graph.Has(step) {
			all = append(all, step)
		}
		if step == last {
			break
		}
	}
	return all
}

// from returns the steps of an environment in the graph that come in its order from one of them on.
func (r *run) from(graph *dag.Graph[schema.StepName], first schema.StepName) []schema.StepName {
	var all []schema.StepName
	for _, step := range r.environments[r.steps[first].Environment] {
		if (step == first || len(all) > 0) && graph.Has(step) {
			all = append(all, step)
		}
	}
	return all
}
