package planner

import (
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

// checkInputs makes sure that every input has a taker and every reference a giver, as far as files tell, and gives each
// step the inputs that it can have: one that refers to a step of its own environment is for the later steps.
func checkInputs(d *draft) {
	for _, env := range d.environments {
		for _, in := range env.inputs {
			for _, ref := range in.references {
				d.checkReference(env, ref)
			}
			d.giveInput(env, in)
		}
		for _, mock := range env.Mock {
			d.giveMock(env, mock)
		}
	}
}

// giveMock hands a value for previews to the steps that can take it.
func (d *draft) giveMock(env *environment, mock schema.Entry[schema.Expression]) {
	if refs := mock.Value.References(); len(refs) > 0 {
		d.add(schema.Errorf(refs[0].Position, "mock %q refers to an output, which is what a mock stands for", mock.Key).
			WithHint("write the value itself"))
		return
	}
	taken := len(env.steps) == 0 // why it has no steps has been said
	for _, step := range env.steps {
		if takes(step, mock.Key) || d.unread[step.Name] {
			step.Mock = append(step.Mock, schema.Input{Name: mock.Key, Expression: mock.Value})
			taken = true
		}
	}
	if !taken {
		d.add(schema.Errorf(mock.Position, "nothing in environment %q takes an input %q", env.Name, mock.Key).
			WithHint("%s", d.inputHint(env.steps, mock.Key)))
	}
}

func (d *draft) checkReference(env *environment, ref schema.Reference) {
	s, ok := d.resolveReference(ref)
	switch {
	case !ok && ref.Step != "":
		_, all := d.names()
		d.add(schema.Errorf(ref.Position, "there is no step %q", ref.Step).
			WithHint("%s", d.didYouMean(string(ref.Step), all[len(d.environments):])))
	case !ok:
		d.add(d.unknown(ref.Position, string(ref.Environment)))
	case s.environment == env && s.step == nil:
		d.add(schema.Errorf(ref.Position, "environment %q refers to its own outputs", env.Name).
			WithHint("a later step of it can refer to an earlier one, like %s", d.ownReference(env, ref)))
	case ref.Output != "":
		d.checkOutput(s, ref)
	}
}

// ownReference returns how a step refers to an earlier one of its environment.
func (d *draft) ownReference(env *environment, ref schema.Reference) schema.Reference {
	ref.Environment, ref.Step = "", env.Name.Step("terraform")
	if len(env.steps) > 0 {
		ref.Step = env.steps[0].Name
	}
	return ref
}

// checkOutput makes sure that a source has an output, where its files tell all that there are.
func (d *draft) checkOutput(s source, ref schema.Reference) {
	for _, step := range s.steps() {
		if _, declared := step.Interface.Output(ref.Output); declared || step.Interface.MoreOutput || d.unread[step.Name] {
			return
		}
	}
	if len(s.steps()) == 0 {
		return // why it has no steps has been said
	}
	var names []string
	for _, step := range s.steps() {
		names = append(names, namesOf(step.Interface.Outputs)...)
	}
	hint := "it has no outputs"
	if len(names) > 0 {
		hint = d.didYouMean(ref.Output, sortedSet(names))
	}
	d.add(schema.Errorf(ref.Position, "%s has no output %q", s.name(), ref.Output).WithHint("%s", hint))
}

// giveInput hands an input to the steps of its environment that come after the ones it refers to.
func (d *draft) giveInput(env *environment, in input) {
	after := 0
	for _, ref := range in.references {
		if s, ok := d.resolveReference(ref); ok && s.environment == env {
			after = max(after, slices.Index(env.steps, s.step)+1)
		}
	}
	if after > 0 && after == len(env.steps) {
		d.add(schema.Errorf(in.Position, "input %q refers to the last step of its own environment, and none comes after it", in.Key))
		return
	}
	taken := len(env.steps) == 0 // why it has no steps has been said
	for _, step := range env.steps[after:] {
		step.Inputs = append(step.Inputs, schema.Input{Name: in.Key, Expression: in.Value})
		taken = taken || takes(step, in.Key) || d.unread[step.Name]
	}
	if !taken {
		d.add(schema.Errorf(in.Position, "nothing in environment %q takes an input %q", env.Name, in.Key).
			WithHint("%s", d.inputHint(env.steps[after:], in.Key)))
	}
}

// takes reports whether a step can have a value by that name.
func takes(step *schema.Step, name string) bool {
	_, declared := step.Interface.Input(name)
	return declared || step.Interface.AnyInput
}

func (d *draft) inputHint(steps []*schema.Step, name string) string {
	var known []string
	for _, step := range steps {
		known = append(known, namesOf(step.Interface.Inputs)...)
	}
	if len(known) == 0 {
		return "it declares no inputs and has no hooks"
	}
	return d.didYouMean(name, sortedSet(known))
}

func namesOf(parameters []schema.Parameter) []string {
	names := make([]string, len(parameters))
	for i, p := range parameters {
		names[i] = p.Name
	}
	return names
}

func sortedSet(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
