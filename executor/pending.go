package executor

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// pending knows what changes above a step: in a preview, what has to be applied before the step can be planned for good. A
// step counts when it changes something or may, and also when one above it does: it is planned again then. It is safe for
// concurrent use.
type pending struct {
	graph *dag.Graph[schema.StepName] // from what runs first

	mu      sync.Mutex
	changes map[schema.StepName][]schema.StepName // what the dependents of a step wait for: the step itself, or what it waits for
	failed  map[schema.StepName]schema.StepName   // the step that could not be planned: the step itself, or one above it
}

func newPending(graph *dag.Graph[schema.StepName]) *pending {
	return &pending{
		graph: graph, changes: map[schema.StepName][]schema.StepName{}, failed: map[schema.StepName]schema.StepName{},
	}
}

// above returns which dependencies of a step have changes pending, sorted, and the step above it that failed, or "". All
// that it depends on must have ended.
func (p *pending) above(step schema.StepName) (changes []schema.StepName, failed schema.StepName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, on := range p.graph.Dependencies(step) {
		changes = append(changes, p.changes[on]...)
		if at := p.failed[on]; at != "" && (failed == "" || at < failed) {
			failed = at
		}
	}
	slices.Sort(changes)
	return slices.Compact(changes), failed
}

// ended notes how a step ended.
func (p *pending) ended(step schema.StepName, end ending) {
	changes, failed := p.above(step)
	ran := end.Outcome != schema.Skipped
	if ran && (end.Outcome != schema.Unchanged || len(changes) > 0) || end.changedBefore {
		changes = []schema.StepName{step}
	}
	if end.Outcome == schema.Failed {
		failed = step
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes[step], p.failed[step] = changes, failed
}

// namesOf returns a few names as a text.
func namesOf(steps []schema.StepName) string {
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = string(step)
	}
	if more := len(names) - mostReasons; more > 0 {
		names = append(names[:mostReasons:mostReasons], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
