package command

import (
	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

// completeEnvironments offers the names of environments to the shell. most is how many the command takes, 0 for any.
func (g *global) completeEnvironments(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		g.log = hclog.NewNullLogger()
		g.json = true // no warnings between the shell's suggestions
		_, plan, err := g.plan(planner.Options{Command: schema.CommandPlan})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		var last schema.EnvironmentName
		for i := range plan.Steps {
			if name := plan.Steps[i].Environment; name != last {
				names, last = append(names, string(name)), name
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
