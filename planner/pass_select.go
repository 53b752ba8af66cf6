package planner

import (
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

// selectSteps marks the steps that run: all of them, or those that the selectors select.
func selectSteps(d *draft) {
	for _, step := range d.steps {
		step.DependsOn = d.graph.Dependencies(step.Name)
	}
	query := d.options.Select
	query.Destroys = d.options.Command.Destroys()
	choice, problems := selection.Choose(d.repository(), query)
	d.problems = append(d.problems, problems...)
	for name, why := range choice.Reasons {
		step := d.steps[name]
		step.Selected, step.Why, step.Maybe = true, why.Text, why.Maybe
	}
	d.tellLeftOut(choice.LeftOut)
	d.narrow(d.from())
	if d.options.Only != nil {
		d.narrow(d.options.Only)
	}
}

// tellLeftOut warns of what --exclude leaves out beyond what it names.
func (d *draft) tellLeftOut(steps selection.Reasons) {
	var names []string
	for _, env := range d.environments {
		for _, step := range env.steps {
			if why, out := steps[step.Name]; out {
				names = append(names, fmt.Sprintf("%s (%s)", step.Name, why.Text))
			}
		}
	}
	if more := len(names) - mostLeftOut; more > 0 {
		names = append(names[:mostLeftOut], fmt.Sprintf("and %d more", more))
	}
	if len(names) > 0 {
		d.add(schema.Warningf(schema.Position{}, "--exclude also leaves out %s", strings.Join(names, ", ")))
	}
}

// mostLeftOut is how many steps are named that --exclude takes along.
const mostLeftOut = 5

// repository returns what there is to select.
func (d *draft) repository() *selection.Repository {
	r := &selection.Repository{Here: first(d.options.Here, ".")}
	for _, env := range d.environments {
		r.Environments = append(r.Environments, selection.Environment{Environment: env.Environment, Directory: env.directory, Steps: env.steps})
	}
	if remembered := d.options.Remembered; remembered != nil {
		r.Remembered = func(state string) (map[schema.StepName]string, error) { return remembered(d.plan(), state) }
	}
	if reading := d.options.Reading; reading != nil {
		r.Reading = func(path string) (map[schema.StepName]string, error) { return reading(d.plan(), path) }
	}
	if since := d.options.Since; since != nil {
		r.Since = func(commit string) (map[schema.StepName]string, error) { return since(d.plan(), commit) }
	}
	r.IsCommit = d.options.IsCommit
	return r
}

// narrow takes everything out of the selection but some steps. Nil narrows nothing.
func (d *draft) narrow(to []schema.StepName) {
	if to == nil {
		return
	}
	kept := make(map[schema.StepName]bool, len(to))
	for _, name := range to {
		kept[name] = true
	}
	for _, step := range d.steps {
		step.Selected = step.Selected && kept[step.Name]
	}
}

// from returns the steps to start from and everything downstream of them, nil when nothing says where to start. A start
// is a step, or an environment and so the first of its steps.
func (d *draft) from() []schema.StepName {
	var all []schema.StepName
	for _, start := range d.options.From {
		name := schema.StepName(start)
		if env := d.byName[schema.EnvironmentName(start)]; env != nil && len(env.steps) > 0 {
			name = env.steps[0].Name
		}
		if d.steps[name] == nil {
			d.add(d.noStart(start))
			continue
		}
		all = append(all, name)
		all = append(all, d.graph.Descendants(name)...)
	}
	return all
}

func (d *draft) noStart(start string) schema.Problem {
	_, all := d.names()
	return schema.Errorf(schema.Position{}, "--from: there is no environment or step %q", start).
		WithHint("%s", schema.DidYouMean(start, all))
}
