package executor_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// oracle says what the values of a step must be, from what is known after the run. It is written as naively as can be.
type oracle struct {
	*world
	finished map[schema.StepName]schema.Event
}

// seen is what others see of one step, or of several together.
type seen struct {
	outputs      schema.Values
	open, absent bool
	leftOut      bool // nothing is there, and nothing will come
}

// wants is what a step must be given.
type wants struct {
	inputs, offered schema.Values
	waiting         []string
	errors          []string // one of these, if any
}

func good(o schema.Outcome) bool {
	return o == schema.Succeeded || o == schema.Unchanged || o == schema.Skipped || o == schema.Deferred
}

// lets reports whether what depends on a step may start: in a preview, also when the step failed.
func (o oracle) lets(step schema.StepName) bool {
	outcome := o.finished[step].Outcome
	return good(outcome) || outcome == schema.Failed && o.plan.Command.Previews()
}

// failedAbove are the steps that a preview could not plan, and on which a step depends, directly or not.
func (o oracle) failedAbove(step *schema.Step) []schema.StepName {
	var failed []schema.StepName
	for name := range o.upstream(step) {
		if o.plan.Command.Previews() && o.finished[name].Outcome == schema.Failed {
			failed = append(failed, name)
		}
	}
	return failed
}

// pendingAbove are the direct dependencies of a step that have something to apply before it is planned for good, sorted.
// What is left out is passed over to what that depends on.
func (o oracle) pendingAbove(step *schema.Step) []schema.StepName {
	if o.plan.Command != schema.CommandPlan {
		return nil
	}
	var pending []schema.StepName
	for _, on := range o.dependencies(step) {
		above := o.pendingAbove(o.plan.Step(on))
		switch o.finished[on].Outcome {
		case schema.Skipped:
			pending = append(pending, above...)
		case schema.Unchanged:
			if len(above) > 0 {
				pending = append(pending, on)
			}
		default:
			pending = append(pending, on)
		}
	}
	slices.Sort(pending)
	return slices.Compact(pending)
}

// left is what a step leaves behind for others.
func (o oracle) left(step schema.StepName) seen {
	if c := o.stage.requested(step); c != nil && !o.plan.Command.Destroys() &&
		(c.result.Outcome == schema.Succeeded || c.result.Outcome == schema.Unchanged) {
		outputs := schema.Values{}
		for name, v := range c.result.Outputs {
			if v.Known() {
				text, _ := v.Plain()
				v.Sensitive = !v.Null() && (v.Sensitive || o.isSecret(text))
			}
			outputs[name] = v
		}
		return seen{outputs: outputs, open: o.plan.Command == schema.CommandPlan && o.plan.Step(step).Interface.MoreOutput}
	}
	if ended := o.finished[step].Outcome; o.plan.Command == schema.CommandPlan && (ended == schema.Deferred || ended == schema.Failed) {
		return seen{open: true}
	}
	record, known := o.earlier[step]
	outputs := schema.Values{}
	switch {
	case known && record.State == schema.StateDestroyed:
		return o.nothing(step)
	case known && record.State == schema.StateDeployed:
		return seen{outputs: record.Outputs}
	case known:
		maps.Copy(outputs, withoutSecrets(record.Outputs))
	}
	for name, v := range o.stage.left[step] {
		v.Sensitive = v.Sensitive || outputs[name].Sensitive
		outputs[name] = v
	}
	if len(outputs) == 0 {
		return o.nothing(step)
	}
	for name, v := range outputs {
		if o.plan.Command.Destroys() && v.Sensitive && !v.Known() {
			outputs[name] = schema.Value{Data: schema.Text("not-recorded").Data, Sensitive: true}
		}
	}
	return seen{outputs: outputs}
}

// nothing is what others see of a step that is not deployed.
func (o oracle) nothing(step schema.StepName) seen {
	if o.isLeftOut(step) {
		return seen{leftOut: true}
	}
	return seen{absent: true, open: o.plan.Command.Previews()}
}

// isLeftOut reports whether the configuration of a step leaves it out.
func (o oracle) isLeftOut(step schema.StepName) bool {
	a := o.stage.acts[step]
	return a.outcome == schema.Skipped && !a.late
}

func (o oracle) isSecret(text string) bool { return strings.Contains(text, canary) }

func (o oracle) together(steps []schema.StepName) seen {
	all := seen{outputs: schema.Values{}, absent: true}
	leftOut := 0
	for _, s := range steps {
		one := o.left(s)
		if one.leftOut {
			leftOut++
			continue
		}
		maps.Copy(all.outputs, one.outputs)
		all.open = all.open || one.open
		all.absent = all.absent && one.absent
	}
	all.leftOut = leftOut > 0
	all.absent = all.absent && (leftOut == 0 || leftOut < len(steps))
	return all
}

func (o oracle) wants(step *schema.Step) wants {
	w := wants{inputs: schema.Values{}, offered: schema.Values{}}
	for name, parts := range o.inputs[step.Name] {
		o.input(&w, name, parts)
	}
	taken := func(name string) bool {
		_, declared := step.Interface.Input(name)
		return (declared || step.Interface.AnyInput) && o.inputs[step.Name][name] == nil
	}
	uncertain := false
	for _, offer := range step.Offers {
		group := o.together(offer.Steps)
		uncertain = uncertain || group.open || group.absent
	}
	for _, name := range outputNames {
		_, declared := step.Interface.Input(name)
		var near, far []schema.Value
		for _, offer := range step.Offers {
			if v, ok := o.together(offer.Steps).outputs[name]; ok && v.Null() {
				continue
			} else if ok && offer.Near {
				near = append(near, v)
			} else if ok {
				far = append(far, v)
			}
		}
		wired := slices.ContainsFunc(step.Wiring, func(w schema.Wire) bool { return w.Input == name })
		all := append(far, near...)
		switch {
		case !taken(name):
		case len(near) == 0 && len(far) > 1 && declared:
			w.errors = append(w.errors, "both")
		case len(all) == 0:
			if declared && uncertain && wired {
				w.waiting = append(w.waiting, name)
			}
		case !all[len(all)-1].Known():
			if declared {
				w.waiting = append(w.waiting, name)
			}
		default:
			w.offered[name] = all[len(all)-1]
		}
	}
	slices.Sort(w.waiting)
	o.mock(&w, step)
	return w
}

// mock gives a step that is taken down, and is there, mock values for all that it lacks, or none.
func (o oracle) mock(w *wants, step *schema.Step) {
	mocks := o.mocks[step.Name]
	lacks := func(name string) bool { _, ok := mocks[name]; return !ok }
	if len(w.errors) > 0 || !o.stage.deployed[step.Name] || slices.ContainsFunc(w.waiting, lacks) {
		return
	}
	for _, name := range w.waiting {
		w.inputs[name] = mocks[name]
	}
	w.waiting = nil
}

func (o oracle) input(w *wants, name string, parts []part) {
	text, secret, waits := "", false, false
	for _, p := range parts {
		if !p.isRef() {
			text += p.text
			continue
		}
		steps := []schema.StepName{p.ref.Step}
		if p.ref.Step == "" {
			steps = namesOf(o.environment(p.ref.Environment))
		}
		group := o.together(steps)
		v, ok := group.outputs[p.ref.Output]
		switch {
		case !ok && !group.open && !group.absent && (group.leftOut || slices.ContainsFunc(steps, o.isLeftOut)):
			w.errors = append(w.errors, "is left out (so it says)")
			return
		case !ok && !group.open && !group.absent:
			w.errors = append(w.errors, "there is no such output")
			for _, name := range steps {
				if _, declared := o.plan.Step(name).Interface.Output(p.ref.Output); declared {
					w.errors[len(w.errors)-1] = "declares this output, and was not applied since"
				}
			}
			return
		case ok && v.Null() && len(parts) == 1:
			w.inputs[name] = v
			return
		case ok && v.Null():
			w.errors = append(w.errors, "null")
			return
		case !ok || !v.Known():
			waits = true
		default:
			plain, _ := v.Plain()
			text += plain
			secret = secret || v.Sensitive
		}
	}
	if waits {
		w.waiting = append(w.waiting, name)
		return
	}
	w.inputs[name] = schema.Value{Data: schema.Text(text).Data, Sensitive: secret}
}

// dependencies are the selected steps that a step waits for, through those that are not selected.
func (o oracle) dependencies(step *schema.Step) []schema.StepName {
	var all []schema.StepName
	for _, on := range step.DependsOn {
		if other := o.plan.Step(on); other.Selected {
			all = append(all, on)
		} else {
			all = append(all, o.dependencies(other)...)
		}
	}
	return all
}

// waitsFor are the steps that must be over before a step may start.
func (o oracle) waitsFor(step *schema.Step) []schema.StepName {
	if !o.plan.Command.Destroys() {
		return o.dependencies(step)
	}
	var all []schema.StepName
	for i := range o.plan.Steps {
		other := &o.plan.Steps[i]
		if other.Selected && slices.Contains(o.dependencies(other), step.Name) {
			all = append(all, other.Name)
		}
	}
	return all
}

// upstream is everything that a step waits for, directly or not.
func (o oracle) upstream(step *schema.Step) map[schema.StepName]bool {
	all := map[schema.StepName]bool{}
	var add func(*schema.Step)
	add = func(s *schema.Step) {
		for _, name := range o.waitsFor(s) {
			if !all[name] {
				all[name] = true
				add(o.plan.Step(name))
			}
		}
	}
	add(step)
	return all
}

// sameValues compares values, sensitive ones too.
func sameValues(a, b schema.Values) error {
	for _, name := range slices.Concat(a.Names(), b.Names()) {
		x, inA := a[name]
		y, inB := b[name]
		if !inA || !inB {
			return fmt.Errorf("%s is on one side only", name)
		}
		if x.Sensitive != y.Sensitive || !x.Data.RawEquals(y.Data) {
			return fmt.Errorf("%s differs: %#v, sensitive %v, and %#v, sensitive %v", name, x.Data, x.Sensitive, y.Data, y.Sensitive)
		}
	}
	return nil
}
