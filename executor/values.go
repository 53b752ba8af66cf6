package executor

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// values knows what steps left behind: those that ran in this run by their results, all others by their records, or, when
// a record is missing, not sure or without a sensitive value that is needed, by asking their tools. It is safe for
// concurrent use.
type values struct {
	run *run

	asksNone bool // what only a tool can tell is not known

	*foundOut
}

// foundOut is what a run has found out so far of what steps left behind.
type foundOut struct {
	mu    sync.Mutex
	left  map[schema.StepName]*leftBehind
	ran   map[schema.StepName]bool // in this run, to a good end
	turns parallel.Turns[schema.EnvironmentName]

	toldHalf map[[2]schema.StepName]bool // of a step and of one that it takes outputs of
}

// leftBehind is the outputs of one step, or of several together.
type leftBehind struct {
	outputs  schema.Values
	open     bool   // others may come that are not known yet
	absent   bool   // nothing of it is deployed, as far as anybody knows
	leftOut  string // nothing is deployed, and no run will: which step is left out, and why
	recorded bool   // from the record of a step that is deployed: all is there but sensitive values
	final    bool   // nobody knows more

	half []halfApplied // those of them whose last apply did not succeed
}

func newValues(r *run) *values {
	return &values{run: r, foundOut: &foundOut{
		left: map[schema.StepName]*leftBehind{}, ran: map[schema.StepName]bool{},
		toldHalf: map[[2]schema.StepName]bool{},
	}}
}

// recorded returns the same values as far as no tool has to be asked.
func (v *values) recorded() *values {
	return &values{run: v.run, asksNone: true, foundOut: v.foundOut}
}

// turn waits until nothing else of an environment is at work, and returns what ends the turn. Whoever has a turn asks
// for no other one.
func (v *values) turn(name schema.EnvironmentName) (end func()) { return v.turns.Wait(name) }

// set takes over what a step of this run left behind.
func (v *values) set(step *schema.Step, outputs schema.Values, open bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left[step.Name] = &leftBehind{outputs: outputs, open: open, final: true}
	v.ran[step.Name] = true
}

// ranHere reports whether a step ran in this run.
func (v *values) ranHere(name schema.StepName) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ran[name]
}

// get returns what a step left behind. needed are the outputs that will be used, nil for all.
func (v *values) get(ctx context.Context, name schema.StepName, needed func(string) bool) (*leftBehind, error) {
	step := v.run.steps[name]
	if step == nil {
		return nil, fmt.Errorf("there is no step %q in the plan", name)
	}
	left, err := v.remembered(ctx, step)
	if err != nil || v.asksNone || left.serves(needed) {
		return left, err
	}
	defer v.turn(step.Environment)()
	if left, err = v.remembered(ctx, step); err != nil || left.serves(needed) {
		return left, err // another step asked in the meantime
	}
	if left, err = v.ask(ctx, step, left); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left[name] = left
	return left, nil
}

// remembered returns what is known of a step without asking its tool.
func (v *values) remembered(ctx context.Context, step *schema.Step) (*leftBehind, error) {
	if left := v.cached(step.Name); left != nil {
		return left, nil
	}
	record, err := v.run.Ownership.Record(ctx, step)
	if err != nil {
		return nil, err
	}
	left := v.recalled(record)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.left[step.Name] == nil { // nor did it run, or was its tool asked, while its record was read
		v.left[step.Name] = left
	}
	return v.left[step.Name], nil
}

// cached returns what this run has found out about a step so far, or nil.
func (v *values) cached(name schema.StepName) *leftBehind {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.left[name]
}

// recalled returns what a record tells of its step; nil for no record.
func (v *values) recalled(record *schema.Record) *leftBehind {
	left := &leftBehind{}
	switch {
	case record == nil:
	case record.State == schema.StateDestroyed:
		left.absent = true
	default:
		left.outputs, left.recorded = record.Outputs, record.State == schema.StateDeployed
		if !left.recorded {
			left.half = []halfApplied{{record.Step, record.Run}}
		}
	}
	return left
}

// halfApplied is a step whose last apply, in an earlier run, did not succeed: its outputs can be of before and of after.
type halfApplied struct {
	step schema.StepName
	run  schema.RunID
}

// tellHalfApplied says, once for each, that a step takes outputs of half-applied ones.
func (v *values) tellHalfApplied(step *schema.Step, left *leftBehind) {
	for _, half := range left.half {
		v.mu.Lock()
		told := v.toldHalf[[2]schema.StepName{step.Name, half.step}]
		v.toldHalf[[2]schema.StepName{step.Name, half.step}] = true
		v.mu.Unlock()
		if !told && !v.run.plan.Command.Destroys() {
			v.run.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
				"it takes outputs of %s, which run %s left half applied: they can be of before or of after; to be sure, apply that first",
				half.step, half.run)})
		}
	}
}

// serves reports whether what is known answers: an output whose value was kept out of the record does not.
func (l *leftBehind) serves(needed func(string) bool) bool {
	return l.final || l.recorded && l.knows(needed)
}

// knows reports whether the values of the outputs that are there are known, nil for all of them.
func (l *leftBehind) knows(needed func(string) bool) bool {
	for name, v := range l.outputs {
		if !v.Known() && (needed == nil || needed(name)) {
			return false
		}
	}
	return true
}

// ask finds out from its tool what a step left behind in an earlier run, and lays it over what is recorded: outputs of
// hooks are nowhere else. What was kept out of the record as sensitive stays sensitive.
func (v *values) ask(ctx context.Context, step *schema.Step, recorded *leftBehind) (*leftBehind, error) {
	if recorded.absent {
		return v.nothing(ctx, step)
	}
	outputs, err := v.run.Runner.Outputs(ctx, step, v.run.Emitter.Emit)
	if err != nil {
		return nil, err
	}
	all := schema.Values{}
	maps.Copy(all, recorded.outputs)
	for name, value := range outputs {
		value.Sensitive = value.Sensitive || recorded.outputs[name].Sensitive
		all[name] = value
	}
	if len(all) == 0 && !recorded.recorded {
		return v.nothing(ctx, step)
	}
	left := &leftBehind{outputs: v.run.Emitter.Learn(all), final: true, half: recorded.half}
	if v.run.plan.Command.Destroys() {
		v.standIn(step, left.outputs)
	}
	return left, nil
}

// nothing is what a step leaves behind that is not deployed. Its outputs may come yet, unless the step is left out.
func (v *values) nothing(ctx context.Context, step *schema.Step) (*leftBehind, error) {
	left := &leftBehind{final: true, absent: true, open: v.run.plan.Command.Previews()}
	why, err := v.whyLeftOut(ctx, step)
	if why != "" {
		left.absent, left.open, left.leftOut = false, false, why
	}
	return left, err
}

// leftOut says which of several steps is left out, and why; "" for none.
func (v *values) leftOut(ctx context.Context, steps []schema.StepName) (why string, err error) {
	for _, name := range steps {
		step := v.run.steps[name]
		if why != "" || err != nil || step == nil {
			continue
		}
		end := v.turn(step.Environment)
		why, err = v.whyLeftOut(ctx, step)
		end()
	}
	return why, err
}

func (v *values) whyLeftOut(ctx context.Context, step *schema.Step) (string, error) {
	if v.asksNone {
		return "", nil
	}
	why, err := v.run.Runner.LeftOut(ctx, step, v.run.Emitter.Emit)
	if why == "" || err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is left out (%s)", step.Name, why), nil
}

// placeholder stands for a value that nobody remembers.
const placeholder = "not-recorded"

// standIn lets a destroy go on without the sensitive values that no record holds and no tool knows any more: those that
// hooks left behind, and those of a tool whose own state is gone. Without any value a tool cannot take down what once
// needed one. The placeholder is a string, whatever the value was.
func (v *values) standIn(step *schema.Step, outputs schema.Values) {
	for _, name := range outputs.Names() {
		if value := outputs[name]; value.Sensitive && !value.Known() {
			stand := schema.Text(placeholder)
			stand.Sensitive = true
			outputs[name] = stand
			v.run.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
				"output %s is sensitive, so its value is not recorded, and its tool does not have it; destroy uses %q instead",
				name, placeholder)})
		}
	}
}

// group returns what several steps of one environment left behind together; the later step wins. Those that are left out
// do not count where others are not.
func (v *values) group(ctx context.Context, steps []schema.StepName, needed func(string) bool) (*leftBehind, error) {
	all := &leftBehind{outputs: schema.Values{}, absent: true}
	counted := false
	for _, name := range steps {
		one, err := v.get(ctx, name, needed)
		switch {
		case err != nil:
			return nil, err
		case one.leftOut != "":
			all.leftOut = one.leftOut
			continue
		}
		counted = true
		maps.Copy(all.outputs, one.outputs)
		all.open = all.open || one.open
		all.absent = all.absent && one.absent
		all.half = append(all.half, one.half...)
	}
	all.absent = all.absent && (counted || all.leftOut == "")
	return all, nil
}

// stepsOf returns the steps that a reference is to.
func (r *run) stepsOf(ref schema.Reference) []schema.StepName {
	if ref.Step != "" {
		return []schema.StepName{ref.Step}
	}
	return r.environments[ref.Environment]
}
