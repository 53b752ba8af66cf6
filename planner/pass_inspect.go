package planner

import (
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// inspect reads what each step's files take and leave behind, several at once: that is most of what building a plan costs.
func inspect(d *draft) {
	var steps []*schema.Step
	for _, env := range d.environments {
		steps = append(steps, env.steps...)
	}
	found := make([]schema.Problems, len(steps))
	parallel.Each(len(steps), func(i int) {
		steps[i].Interface, found[i] = d.inspector.Inspect(steps[i].Tool, steps[i].EnvironmentPath, steps[i].Deployment)
	})
	d.unread = map[schema.StepName]bool{}
	for i, problems := range found {
		if problems.HasErrors() {
			d.unread[steps[i].Name] = true
		}
		d.problems = append(d.problems, problems...)
	}
}
