package executor

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/bitops-engine/bitops/schema"
)

// reached knows which steps ran, and so by which ways that can reach others. It is safe for concurrent use.
type reached struct {
	run *run

	mu    sync.Mutex
	was   map[schema.StepName]*schema.Record // of steps that began: what was recorded before
	ran   map[schema.StepName]ran
	below map[schema.StepName]bool // what is known of other steps: that one above them ran
}

// ran is how a step ended that ran, in this run or in the one that it goes on with.
type ran struct {
	nothing bool // changed: all that it left is as its record said before it ran
	again   bool // in a preview: it is planned again, so what it will leave is not known
	was     *schema.Record
}

// isOldTo reports whether a step left nothing else than what another one was applied with, going by the other's record.
func (how ran) isOldTo(record *schema.Record) bool {
	return how.nothing && !how.again && isSince(how.was, record)
}

func newReached(r *run) *reached {
	return &reached{
		run: r, was: map[schema.StepName]*schema.Record{}, ran: map[schema.StepName]ran{}, below: map[schema.StepName]bool{},
	}
}

// begins notes what is recorded of a step that is about to begin. What cannot be read is not known.
func (x *reached) begins(ctx context.Context, step *schema.Step) {
	record, err := x.run.Ownership.Record(ctx, step)
	if err != nil || record == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.was[step.Name] = record
}

// ended notes how a step ended.
func (x *reached) ended(step *schema.Step, end ending) {
	switch end.Outcome {
	case schema.Skipped, schema.NotStarted, schema.Blocked:
		if end.doneIn == "" {
			return
		}
	default:
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ran[step.Name] = ran{
		nothing: end.Outcome == schema.Unchanged && waitsForNobody(end.Changes) && !step.Interface.MoreOutput,
		again:   len(end.replannedAfter) > 0, was: x.was[step.Name],
	}
}

// at reports whether a step ran, or one above it did. All that it depends on must have ended.
func (x *reached) at(name schema.StepName) bool {
	if _, ran := x.ran[name]; ran {
		return true
	}
	below, known := x.below[name]
	if !known {
		below = slices.ContainsFunc(x.run.steps[name].DependsOn, x.at)
		x.below[name] = below
	}
	return below
}

// isBelow reports whether something ran that a step depends on, directly or not.
func (x *reached) isBelow(step *schema.Step) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(step.DependsOn, x.at)
}

// didRun reports whether one of some steps ran.
func (x *reached) didRun(steps []schema.StepName) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.ContainsFunc(steps, func(name schema.StepName) bool { _, ran := x.ran[name]; return ran })
}

// beyondValues returns by which way something that ran can reach a step, other than by the values that it is given; "" for
// none. Record is what is recorded of the step.
func (x *reached) beyondValues(step *schema.Step, record *schema.Record) (why string, err error) {
	if !x.isBelow(step) {
		return "", nil
	}
	if why := x.bare(step, step, record); why != "" {
		return why, nil
	}
	return x.run.Runner.ReadsBeyond(step)
}

// bare returns how a step depends on something that ran, or below which something ran, without being given a value of it. The
// dependencies are those of the step, or of one before it in its environment that is not selected.
func (x *reached) bare(step, of *schema.Step, record *schema.Record) string {
	for _, name := range of.DependsOn {
		on := x.run.steps[name]
		why := ""
		switch {
		case on.Environment != step.Environment:
			why = x.bareOn(step, on, record)
		case x.didRun([]schema.StepName{name}):
			why = fmt.Sprintf("%s, which comes before it, ran", name)
		case !on.Selected:
			why = x.bare(step, on, record)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// bareOn is bare for one step of another environment.
func (x *reached) bareOn(step, on *schema.Step, record *schema.Record) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.at(on.Name) {
		return ""
	}
	steps := x.run.environments[on.Environment]
	steps = steps[:slices.Index(steps, on.Name)+1]
	given := false
	silent := ""
	for _, name := range steps {
		how, ran := x.ran[name]
		gives := x.run.values.gives(name, step)
		given = given || gives
		switch {
		case gives && how.again:
			return fmt.Sprintf("%s, of which it takes a value, is planned again", name)
		case !gives && ran && !how.isOldTo(record):
			silent = fmt.Sprintf("it depends on %s, and takes no value of %s", on.Environment, name)
		}
	}
	if !given {
		return fmt.Sprintf("it depends on %s, and takes no value of it", on.Environment)
	}
	return silent
}
