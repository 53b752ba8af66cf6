package command

import (
	"slices"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// leftOut finds what steps take from others that are left out.
type leftOut struct {
	*repository
	plan         *schema.Plan
	steps        map[schema.StepName]*schema.Step
	environments map[schema.EnvironmentName][]schema.StepName
	why          map[schema.StepName]string // a step is left out, "" when it is not
}

func newLeftOut(r *repository, plan *schema.Plan) *leftOut {
	l := &leftOut{
		repository: r, plan: plan, steps: make(map[schema.StepName]*schema.Step, len(plan.Steps)),
		environments: map[schema.EnvironmentName][]schema.StepName{}, why: map[schema.StepName]string{},
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		l.steps[step.Name] = step
		l.environments[step.Environment] = append(l.environments[step.Environment], step.Name)
	}
	return l
}

// warnings warns of each value that a step needs, and that is only there if a step that is left out was deployed before.
func (l *leftOut) warnings() schema.Problems {
	var problems schema.Problems
	seen := map[schema.Position]bool{} // the steps of an environment share its inputs
	add := func(p schema.Problem) {
		if !seen[p.Position] {
			seen[p.Position] = true
			problems = append(problems, p)
		}
	}
	for i := range l.plan.Steps {
		step := &l.plan.Steps[i]
		for _, input := range step.Inputs {
			l.inExpression(step, input.Expression, add)
		}
		l.byName(step, add)
	}
	return problems.Sorted()
}

// inExpression adds what an expression needs. One that does without it, as by try, is fine.
func (l *leftOut) inExpression(step *schema.Step, e schema.Expression, add func(schema.Problem)) {
	missing := map[string]string{}
	for _, ref := range e.References() {
		if why := l.noGiver(l.stepsOf(ref), ref.Output); why != "" {
			missing[ref.String()] = why
		}
	}
	if len(missing) == 0 {
		return
	}
	_, err := e.Evaluate(&schema.Scope{
		Environment: step.Environment, Path: step.EnvironmentPath, Tags: step.Tags,
		Outputs: func(ref schema.Reference) (schema.Values, bool) { return nil, missing[ref.String()] == "" },
	})
	if err == nil {
		return
	}
	for _, ref := range e.References() {
		if why := missing[ref.String()]; why != "" {
			add(schema.Warningf(ref.Position, "%s, so there is no %s unless it was deployed before", why, ref).
				WithHint("`${try(%s, ...)}` gives another value then", ref))
		}
	}
}

// byName adds what a step's files require and only a step offers that is left out.
func (l *leftOut) byName(step *schema.Step, add func(schema.Problem)) {
	for _, wire := range step.Wiring {
		parameter, _ := step.Interface.Input(wire.Input)
		if wire.How != "inherited" || !parameter.Required {
			continue
		}
		var offered []schema.StepName
		for _, o := range step.Offers {
			offered = append(offered, o.Steps...)
		}
		if why := l.noGiver(offered, wire.Input); why != "" {
			add(schema.Warningf(parameter.Position, "%s, so there is no value for %q unless it was deployed before", why, wire.Input).
				WithHint("give it a default here, or environment %q an input of that name", step.Environment))
		}
	}
}

func (l *leftOut) stepsOf(ref schema.Reference) []schema.StepName {
	if ref.Step != "" {
		return []schema.StepName{ref.Step}
	}
	return l.environments[ref.Environment]
}

// noGiver says why none of the steps gives an output, or "" when one may. All that can give it are left out then.
func (l *leftOut) noGiver(steps []schema.StepName, output string) (why string) {
	for _, name := range steps {
		step := l.steps[name]
		_, declared := step.Interface.Output(output)
		if output == "" || !declared && !step.Interface.MoreOutput {
			continue
		}
		reason := l.reason(step)
		if reason == "" {
			return ""
		}
		why = string(name) + " is left out (" + reason + ")"
	}
	return why
}

func (l *leftOut) reason(step *schema.Step) string {
	why, asked := l.why[step.Name]
	if at := slices.IndexFunc(l.Tools, func(t environments.Tool) bool { return t.Name() == step.Tool }); !asked && at >= 0 {
		why = environments.LeftOutByFiles(l.Tools[at], l.root, step)
		l.why[step.Name] = why
	}
	return why
}
