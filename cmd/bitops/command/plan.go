package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/schema"
)

type planOptions struct {
	runOptions
	destroy          bool
	out              string
	encryptTo        []string
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
inputs cannot be known before something upstream is applied is shown as deferred, with what it waits for.

-o saves the plan: one file that bitops apply takes, also in another checkout or on another machine. It holds what the
tools need to do just what was shown, and so it holds secrets: only its owner can read it. The digest that is printed
stands for all of it: bitops apply FILE --digest DIGEST applies this plan, or nothing.`,
		Example: `  bitops plan                          preview everything
  bitops plan -o plan.bitops           and save it for bitops apply plan.bitops
  bitops plan --destroy                preview a destroy
  bitops plan --detailed-exitcode      exit with 2 when there are changes`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeEnvironments(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.destroy {
				return g.preview(cmd, o, schema.CommandPlanDestroy, args)
			}
			return g.preview(cmd, o, schema.CommandPlan, args)
		},
	}
	o.addFlags(cmd)
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "save the plan to a `file`")
	cmd.Flags().StringArrayVar(&o.encryptTo, "encrypt-to", nil, "with -o, encrypt the plan for a `recipient`: an age or SSH public key, or a file of them; can be repeated")
	cmd.Flags().BoolVar(&o.destroy, "destroy", false, "preview destroy instead of apply")
	cmd.Flags().BoolVar(&o.detailedExitCode, "detailed-exitcode", false, "exit with 2 when there are changes")
	return cmd
}

func (g *global) preview(cmd *cobra.Command, o *planOptions, command schema.Command, selectors []string) error {
	if info, err := os.Stat(filepath.Dir(g.at(o.out))); o.out != "" && (err != nil || !info.IsDir()) {
		return usageError(cmd, fmt.Errorf("--out: there is no directory %s", filepath.Dir(o.out)))
	}
	recipients, err := archive.Recipients(o.encryptTo)
	if err != nil {
		return usageError(cmd, fmt.Errorf("--encrypt-to: %w", err))
	}
	if len(recipients) > 0 && o.out == "" {
		return usageError(cmd, errors.New("--encrypt-to is for a plan that is saved: add -o FILE"))
	}
	options, err := g.planner(cmd, &o.runOptions, command, selectors)
	if err != nil {
		return err
	}
	r, problems, err := g.open()
	if err != nil {
		return err
	}
	plan, err := r.target(cmd.Context(), problems, options)
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
	s.out, s.encryptTo = o.out, recipients
	report, err := s.run(cmd.Context(), plan, nil)
	if err == nil && o.out != "" && !g.json {
		fmt.Fprintln(g.Out, "Saved. Apply it with: "+g.applies(o.out))
	}
	if err == nil && o.detailedExitCode && report.HasChanges() {
		return &ChangesExistError{}
	}
	return err
}
