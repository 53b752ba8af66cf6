package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

func newValidate(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the manifest and every tool's files",
		Long: `Check the manifest, the graph, every reference and input, and what the tools' files declare. Every problem is
shown at once. No tool needs to be installed, and none runs; but where a configuration asks for a version of a
program that is here, that is asked for its version. A value that only a step with skip-deploy could give is
a warning: it is there only if that step was deployed before.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.validate(cmd.Context()) },
	}
}

func (g *global) validate(ctx context.Context) error {
	r, plan, err := g.plan(planner.Options{Command: schema.CommandPlan})
	if err == nil {
		found := append(r.survey(plan, r.declare(plan)).Conflicts(), r.unfit(ctx, plan)...)
		err = r.placed(found.Sorted()).Err()
	}
	problems, isProblems := errors.AsType[schema.Problems](err)
	if err != nil && (!isProblems || !g.json) {
		return err
	}
	if err == nil {
		problems = r.placed(newLeftOut(r, plan).warnings())
	}
	if g.json {
		if jsonErr := g.printJSON(map[string]any{"valid": err == nil, "problems": append(schema.Problems{}, problems...)}); jsonErr != nil {
			return jsonErr
		}
		return err
	}
	if len(problems) > 0 {
		_ = view.Problems(g.Err, problems, g.colors(g.Err), "")
	}
	r.sayValid(plan, "")
	return nil
}

func (r *repository) sayValid(plan *schema.Plan, more string) {
	steps, envs := plan.Selected()
	fmt.Fprintf(r.Out, "The repository is valid: %s, %s%s.\n", count(envs, "environment"), count(steps, "step"), more)
}

func (g *global) printJSON(document any) error { return view.WriteJSON(g.Out, document) }

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
