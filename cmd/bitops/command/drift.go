package command

import (
	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/schema"
)

func newDrift(g *global) *cobra.Command {
	o := &planOptions{detailedExitCode: true}
	cmd := &cobra.Command{
		Use:   "drift [SELECTOR...]",
		Short: "Say whether the real world is still as declared",
		Long: `Look whether what was deployed is still as it is declared, and change nothing. Each environment for which an apply
would do something has drifted: somebody changed it by hand, or the repository moved on and was not applied. Which of
them it was is told, as long as the run is remembered in which it was applied last. The exit code is 2 when something
has, or when a check block of terraform fails.

It is a preview of everything, so it needs what a preview needs. Hooks are told BITOPS_COMMAND=drift.`,
		Example: `  bitops drift                     look at everything
  bitops drift 'prod/*' --json     at some environments, for a program
  bitops show -f markdown          what the last one found, as a report`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeSelectors(0, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.preview(cmd, o, schema.CommandDrift, args) },
	}
	o.runOptions.addFlags(cmd)
	o.selectOptions.addFlags(cmd)
	o.addWarnings(cmd)
	return cmd
}
