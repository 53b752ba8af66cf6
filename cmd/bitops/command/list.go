package command

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

type listOptions struct {
	selectOptions
	why bool
}

func newList(g *global) *cobra.Command {
	o := &listOptions{}
	cmd := &cobra.Command{
		Use:   "list [SELECTOR...]",
		Short: "List what selectors select",
		Long: `List the environments that the selectors select, one on a line, in the order of the manifest. Where only
some steps of an environment are selected, these are listed. What is listed can be given to any command as selectors. No tool
runs, but those that "changed" compares are asked for their versions.`,
		Example: `  bitops list 'prod/**' '!prod/legacy'   everything in prod but one environment
  bitops list backend+                   backend and what depends on it
  bitops list changed --why              what is not as it was applied last, and what of it differs
  bitops list changed:main+ --why        what this branch changes, and what depends on that
  bitops list reads:modules/vpc          what uses a module
  bitops list 'tag:web & prod/*' --json  for a program`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeSelectors(0, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.list(cmd, o, args) },
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&o.why, "why", false, "say of each why it is selected")
	return cmd
}

func (g *global) list(cmd *cobra.Command, o *listOptions, selectors []string) error {
	r, plan, err := g.chosenPlan(cmd, &o.selectOptions, selectors)
	if err != nil {
		return err
	}
	var orphans []schema.Orphan
	if slices.ContainsFunc(selectors, func(word string) bool { return namesOrphans(word, plan) }) {
		s, err := r.viewStore(cmd.Context())
		if err != nil {
			return err
		}
		if orphans, err = r.orphans(cmd.Context(), s, plan, r.declare(plan)); err != nil {
			return err
		}
	}
	if g.json {
		return view.ListJSON(g.Out, plan, orphans)
	}
	return view.List(g.Out, plan, orphans, o.why)
}
