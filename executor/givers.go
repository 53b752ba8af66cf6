package executor

import (
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

// gives reports whether a step is given a value of another one: by an input that refers to it, or under the output's name.
func (v *values) gives(name schema.StepName, step *schema.Step) bool {
	for _, input := range step.Inputs {
		for _, ref := range input.Expression.References() {
			if slices.Contains(v.referredTo(ref), name) {
				return true
			}
		}
	}
	offers := func(output string) bool { return slices.Contains(v.offering(step, output), name) }
	return slices.ContainsFunc(v.outputsOf(name), offers)
}

// giversOf returns the steps that the value of an input of a step is of.
func (v *values) giversOf(step *schema.Step, name string) []schema.StepName {
	if !isInput(step, name) {
		return v.offering(step, name)
	}
	var all []schema.StepName
	for _, input := range step.Inputs {
		if input.Name == name {
			for _, ref := range input.Expression.References() {
				all = append(all, v.referredTo(ref)...)
			}
		}
	}
	return all
}

// referredTo returns the steps that leave what a reference is to, as far as that is known.
func (v *values) referredTo(ref schema.Reference) []schema.StepName {
	lacks := func(name schema.StepName) bool { return !slices.Contains(v.outputsOf(name), ref.Output) }
	if all := slices.DeleteFunc(slices.Clone(v.run.stepsOf(ref)), lacks); len(all) > 0 && ref.Output != "" {
		return all
	}
	return v.run.stepsOf(ref)
}

// offering returns the steps of which a step takes an output under its own name: those of its own environment, where one of
// them leaves it, else those of others.
func (v *values) offering(step *schema.Step, output string) []schema.StepName {
	if _, declared := step.Interface.Input(output); isInput(step, output) || !declared && !step.Interface.AnyInput {
		return nil
	}
	var near, far []schema.StepName
	for _, o := range step.Offers {
		for _, name := range o.Steps {
			switch leaves := slices.Contains(v.outputsOf(name), output); {
			case leaves && o.Near:
				near = append(near, name)
			case leaves:
				far = append(far, name)
			}
		}
	}
	if len(near) > 0 {
		return near
	}
	return far
}

// outputsOf names what a step leaves behind, as far as its files or what this run knows of it tell.
func (v *values) outputsOf(name schema.StepName) []string {
	step := v.run.steps[name]
	if step == nil {
		return nil
	}
	var all []string
	for _, parameter := range step.Interface.Outputs {
		all = append(all, parameter.Name)
	}
	if left := v.cached(name); left != nil {
		all = append(all, left.outputs.Names()...)
	}
	return all
}
