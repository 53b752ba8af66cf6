package command

import (
	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/schema"
)

type planOptions struct {
	runOptions
	destroy          bool
	detailedExitCode bool
}

// ChangesExistError says that a plan found changes, for --detailed-exitcode.
type ChangesExistError struct{}

func (*ChangesExistError) Error() string { return "changes exist" }

func newPlan(g *global) *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan [SELECTOR...]",
		Short: "Preview all changes and make none",
		Long: `Preview what apply would change. Steps are planned with the values that earlier plans already tell; a step whose
inputs cannot be known before something upstream is applied is shown as deferred, with what it waits for.`,
		Example: `  bitops plan                          preview everything
  bitops plan --destroy                preview a destroy
  bitops plan --detailed-exitcode      exit with 2 when there are changes`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeEnvironments(0),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.preview(cmd, o, args) },
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&o.destroy, "destroy", false, "preview destroy instead of apply")
	cmd.Flags().BoolVar(&o.detailedExitCode, "detailed-exitcode", false, "exit with 2 when there are changes")
	return cmd
}

func (g *global) preview(cmd *cobra.Command, o *planOptions, selectors []string) error {
	command := schema.CommandPlan
	if o.destroy {
		command = schema.CommandPlanDestroy
	}
	options, err := g.planner(cmd, &o.runOptions, command, selectors)
	if err != nil {
		return err
	}
	r, plan, err := g.plan(options)
	if err != nil {
		return asUsage(cmd.CommandPath(), err)
	}
	s, err := r.begin(cmd.Context(), &o.runOptions, plan)
	if err != nil {
		return err
	}
	defer s.end()
	if err := s.ready(cmd.Context(), plan); err != nil {
		return err
	}
	report, err := s.run(cmd.Context(), plan, nil)
	if err == nil && o.detailedExitCode && report.HasChanges() {
		return &ChangesExistError{}
	}
	return err
}
