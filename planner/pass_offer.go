package planner

import (
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// offer lets each step have the outputs of its environment's direct dependencies and of the earlier steps of its own
// environment, under their own names, and writes down the way of every value that the files tell of.
func offer(d *draft) {
	for _, env := range d.environments {
		var inherited []schema.Offer
		if env.Inherit == nil || *env.Inherit {
			inherited = offersOf(env)
		}
		for i, step := range env.steps {
			step.Offers = slices.Clip(inherited)
			if i > 0 {
				step.Offers = append(step.Offers, schema.Offer{Environment: env.Name, Steps: stepNamesOf(env.steps[:i]), Near: true})
			}
			d.wire(env, i, inherited)
		}
	}
}

// offersOf returns a group for each direct dependency; steps of one environment share a group.
func offersOf(env *environment) []schema.Offer {
	offers := make([]schema.Offer, 0, len(env.sources))
	group := make(map[*environment]int, len(env.sources)) // where in offers
	for _, s := range env.sources {
		at, known := group[s.environment]
		if !known {
			at = len(offers)
			group[s.environment] = at
			offers = append(offers, schema.Offer{Environment: s.environment.Name})
		}
		for _, name := range stepNamesOf(s.steps()) {
			if !slices.Contains(offers[at].Steps, name) {
				offers[at].Steps = append(offers[at].Steps, name)
			}
		}
	}
	return offers
}

func stepNamesOf(steps []*schema.Step) []schema.StepName {
	names := make([]schema.StepName, len(steps))
	for i, s := range steps {
		names[i] = s.Name
	}
	return names
}

// giversOf returns who offers an output, as references, one for each group.
func (d *draft) giversOf(offers []schema.Offer, output string) []string {
	var givers []string
	for _, o := range offers {
		if slices.ContainsFunc(o.Steps, func(step schema.StepName) bool {
			_, offered := d.steps[step].Interface.Output(output)
			return offered
		}) {
			givers = append(givers, schema.Reference{Environment: o.Environment, Output: output}.String())
		}
	}
	return givers
}

// wire lists where each declared input of an environment's i-th step comes from.
func (d *draft) wire(env *environment, i int, inherited []schema.Offer) {
	step := env.steps[i]
	given := make(map[string]bool, len(step.Inputs))
	for _, in := range step.Inputs {
		given[in.Name] = true
		if takes(step, in.Name) {
			var from []string
			for _, ref := range in.Expression.References() {
				if text := ref.String(); !slices.Contains(from, text) {
					from = append(from, text)
				}
			}
			step.Wiring = append(step.Wiring, schema.Wire{Input: in.Name, How: "input", From: from})
		}
	}
	for _, parameter := range step.Interface.Inputs {
		if given[parameter.Name] {
			continue
		}
		from := nearest(env.steps[:i], parameter.Name)
		if from == nil {
			from = d.giversOf(inherited, parameter.Name)
		}
		if len(from) == 1 {
			step.Wiring = append(step.Wiring, schema.Wire{Input: parameter.Name, How: "inherited", From: from})
		} else if len(from) > 1 {
			d.add(schema.Errorf(env.Position, "%s takes %q, and %s offer it", step.Name, parameter.Name, strings.Join(from, " and ")).
				WithHint("say which: `inputs: {%s: ${%s}}`", parameter.Name, from[0]))
		}
	}
}

// nearest returns the latest of the earlier steps that leaves an output behind, as a reference.
func nearest(earlier []*schema.Step, output string) []string {
	for _, s := range slices.Backward(earlier) {
		if _, ok := s.Interface.Output(output); ok {
			return []string{schema.Reference{Step: s.Name, Output: output}.String()}
		}
	}
	return nil
}
