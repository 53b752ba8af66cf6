package command

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

type graphOptions struct {
	selectOptions
	format string
	wiring bool
	timing bool
	why    bool
}

func newGraph(g *global) *cobra.Command {
	o := &graphOptions{}
	cmd := &cobra.Command{
		Use:   "graph [SELECTOR...]",
		Short: "Show which environments depend on which",
		Example: `  bitops graph                         as a tree
  bitops graph --wiring                with the way of every value
  bitops graph --timing                which chain takes longest, and what more jobs would help
  bitops graph -f svg > graph.svg      as a picture
  bitops graph -f dot | dot -Tpng      for Graphviz
  bitops graph -f mermaid              for a markdown page`,
		Long:              `Show the graph of environments and steps. No tool runs, and none needs to be installed.`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeSelectors(0, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.graph(cmd, o, args) },
	}
	o.addFlags(cmd)
	cmd.Flags().StringVarP(&o.format, "format", "f", "tree", "`form`: tree, svg, dot, mermaid or json")
	completeForms(cmd, "tree", "svg", "dot", "mermaid", "json")
	cmd.Flags().BoolVar(&o.wiring, "wiring", false, "show every value's way: output, environment, variable")
	cmd.Flags().BoolVar(&o.timing, "timing", false, "show the critical path, and how long an apply takes with 1, 2, 4, ... jobs, going by earlier ones")
	cmd.Flags().BoolVar(&o.why, "why", false, "say of each environment why it is selected")
	return cmd
}

func (g *global) graph(cmd *cobra.Command, o *graphOptions, selectors []string) error {
	forms := map[string]func(io.Writer, *schema.Plan) error{
		"tree":    func(w io.Writer, p *schema.Plan) error { return view.Tree(w, p, g.colors(g.Out), o.why) },
		"svg":     view.SVG,
		"dot":     view.DOT,
		"mermaid": view.Mermaid,
		"json":    view.GraphJSON,
	}
	if g.json {
		o.format = "json"
	}
	form, ok := forms[o.format]
	if !ok {
		return usageError(cmd, fmt.Errorf("--format cannot be %q; one of tree, svg, dot, mermaid, json", o.format))
	}
	r, plan, err := g.chosenPlan(cmd, &o.selectOptions, selectors)
	if err != nil {
		return err
	}
	plan = chosen(plan)
	if o.timing {
		return r.timing(cmd.Context(), plan)
	}
	if o.wiring && !g.json {
		return view.Wiring(g.Out, plan, g.colors(g.Out))
	}
	return form(g.Out, plan)
}

// timing says how long an apply of a plan takes, going by earlier ones.
func (r *repository) timing(ctx context.Context, plan *schema.Plan) error {
	h, err := r.history(ctx)
	if err != nil {
		return err
	}
	t, err := executor.Timing(plan, h.durations(ctx, plan, schema.CommandApply))
	if err != nil {
		return err
	}
	if r.json {
		return view.TimingJSON(r.Out, t)
	}
	return view.Timing(r.Out, t, r.colors(r.Out))
}

// chosen returns the plan with nothing but its selected steps, and the edges between them.
func chosen(plan *schema.Plan) *schema.Plan {
	if !slices.ContainsFunc(plan.Steps, func(s schema.Step) bool { return !s.Selected }) {
		return plan
	}
	selected := make(map[schema.StepName]bool, len(plan.Steps))
	for i := range plan.Steps {
		selected[plan.Steps[i].Name] = plan.Steps[i].Selected
	}
	smaller := *plan
	smaller.Steps = nil
	for _, step := range plan.Steps {
		if !step.Selected {
			continue
		}
		var on []schema.StepName
		for _, dependency := range step.DependsOn {
			if selected[dependency] {
				on = append(on, dependency)
			}
		}
		step.DependsOn = on
		smaller.Steps = append(smaller.Steps, step)
	}
	return &smaller
}
