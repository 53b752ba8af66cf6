package planner

import "github.com/bitops-engine/bitops/schema"

// inspect reads what each step's files take and leave behind.
func inspect(d *draft) {
	d.unread = map[schema.StepName]bool{}
	for _, env := range d.environments {
		for _, step := range env.steps {
			declared, problems := d.inspector.Inspect(step.Tool, step.EnvironmentPath, step.Deployment)
			step.Interface = declared
			if problems.HasErrors() {
				d.unread[step.Name] = true
			}
			d.problems = append(d.problems, problems...)
		}
	}
}
