package planner

import (
	"path"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// selectEnvironments marks the steps that run: all of them, or those of the environments that a selector names. A
// selector is a name, a pattern such as `prod/*`, or `tag:web`. One that matches nothing is an error: an empty selection
// never means everything.
func selectEnvironments(d *draft) {
	chosen := map[schema.EnvironmentName]bool{}
	for _, selector := range d.options.Selectors {
		matched := false
		for _, env := range d.environments {
			if matches(selector, env) {
				chosen[env.Name], matched = true, true
			}
		}
		if !matched {
			d.add(d.noMatch(selector))
		}
	}
	for _, env := range d.environments {
		for _, step := range env.steps {
			step.Selected = len(d.options.Selectors) == 0 || chosen[env.Name]
		}
	}
	d.narrow(d.from())
	if d.options.Only != nil {
		d.narrow(d.options.Only)
	}
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

func matches(selector string, env *environment) bool {
	if tag, ok := strings.CutPrefix(selector, "tag:"); ok {
		return slices.Contains(env.Tags, tag)
	}
	if selector == string(env.Name) {
		return true
	}
	ok, _ := path.Match(selector, string(env.Name))
	return ok
}

func (d *draft) noMatch(selector string) schema.Problem {
	var at schema.Position
	if step, ok := d.steps[schema.StepName(selector)]; ok {
		return schema.Errorf(at, "%q is a step, not an environment", selector).WithHint("select %q", step.Environment)
	}
	if tag, ok := strings.CutPrefix(selector, "tag:"); ok {
		var tags []string
		for _, env := range d.environments {
			tags = append(tags, env.Tags...)
		}
		slices.Sort(tags)
		return schema.Errorf(at, "no environment has the tag %q", tag).WithHint("%s", schema.DidYouMean(tag, slices.Compact(tags)))
	}
	if selector == "" {
		return schema.Errorf(at, "the selector is empty").WithHint("leave it out to select every environment")
	}
	names, _ := d.names()
	return schema.Errorf(at, "no environment matches %q", selector).WithHint("%s", schema.DidYouMean(selector, names))
}
