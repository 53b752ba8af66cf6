package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

type outputOptions struct {
	runOptions
	raw bool
}

func newOutput(g *global) *cobra.Command {
	o := &outputOptions{}
	cmd := &cobra.Command{
		Use:   "output ENV [NAME]",
		Short: "Show what an environment left behind",
		Long: `Show the outputs that were recorded when the environment was deployed. Sensitive ones are not recorded: with --json,
or when one is asked for by name, their tool is asked for them; that is refused while another bitops is at work in the
environment. --json prints the shape of "terraform output -json". When a value was recorded is told on standard error; where the
last apply did not succeed, the tool is asked instead.`,
		Example: `  bitops output network
  bitops output network vpc_id --raw
  bitops output network --json`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: g.completeSelectors(1, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.output(cmd, o, args) },
	}
	o.lockOptions.addFlags(cmd)
	cmd.Flags().BoolVar(&o.raw, "raw", false, "print one value as it is, without quotes and newline")
	return cmd
}

func (g *global) output(cmd *cobra.Command, o *outputOptions, args []string) error {
	name := ""
	if len(args) == 2 {
		name = args[1]
	}
	if o.raw && name == "" {
		return usageError(cmd, errors.New("--raw needs the name of an output"))
	}
	r, plan, err := g.plan(planner.Options{Command: schema.CommandPlan, Select: selection.Query{Selectors: args[:1]}})
	if err != nil {
		return asUsage(cmd.CommandPath(), err)
	}
	values, err := r.recorded(cmd.Context(), &o.runOptions, plan, func(output string) bool {
		return name == output || name == "" && g.json
	}, !o.raw && !g.json)
	if err != nil {
		return err
	}
	if name == "" {
		if g.json {
			return view.OutputsJSON(g.Out, values, true)
		}
		return view.Outputs(g.Out, values)
	}
	value, ok := values[name]
	if !ok {
		problem := schema.Errorf(schema.Position{}, "%s has no output %q", args[0], name)
		return usageError(cmd, schema.Problems{problem.WithHint("%s", schema.DidYouMean(name, values.Names()))})
	}
	return g.printOne(value, o.raw)
}

func (g *global) printOne(value schema.Value, raw bool) error {
	if !value.Known() {
		return errors.New("the output is sensitive, so its value was not recorded, and its tool cannot be asked for it again")
	}
	if raw {
		return view.OutputRaw(g.Out, value)
	}
	if g.json {
		text, err := value.Reveal()
		if err == nil {
			_, err = fmt.Fprintf(g.Out, "%s\n", text)
		}
		return err
	}
	value.Sensitive = false // it was asked for by name
	_, err := fmt.Fprintln(g.Out, value)
	return err
}
