package command

import (
	"context"
	"slices"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

// What is offered to the shell comes from the checkout alone: nobody waits for a bucket at the tab key. Where something is
// wrong there is nothing to offer, and nothing is said.

// completedRuns is how many runs are offered, the last ones: each takes a look into its journal.
const completedRuns = 20

// suggestions returns words for the place of the cursor.
type suggestions func(context.Context) []cobra.Completion

// completeFlags registers what the flags of a command take.
func (g *global) completeFlags(cmd *cobra.Command) {
	for name, suggest := range map[string]suggestions{
		"from":    g.environmentsAndSteps,
		"approve": g.environmentsToApprove,
		"resume":  g.runsToResume,
		"run":     g.runsHere,
	} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, g.complete(0, suggest, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	if cmd.Flags().Lookup("exclude") != nil {
		_ = cmd.RegisterFlagCompletionFunc("exclude", g.completeSelectors(0, cobra.ShellCompDirectiveNoFileComp))
	}
	if cmd.Flags().Lookup("changed") != nil {
		refs := func(ctx context.Context) []cobra.Completion { return g.refsHere(ctx, "") }
		_ = cmd.RegisterFlagCompletionFunc("changed", g.complete(0, refs, cobra.ShellCompDirectiveNoFileComp))
	}
	for name, words := range map[string][]cobra.Completion{
		"deferred":  {string(schema.DeferSafe), string(schema.DeferAll), string(schema.DeferNone)},
		"log-level": {"trace", "debug", "info", "warn", "error", "off"},
	} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
		}
	}
}

// completeForms offers what --format takes.
func completeForms(cmd *cobra.Command, forms ...cobra.Completion) {
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// completeEnvironments offers the names of environments. most is how many the command takes, 0 for any.
func (g *global) completeEnvironments(most int) cobra.CompletionFunc {
	return g.complete(most, g.environmentNames, cobra.ShellCompDirectiveNoFileComp)
}

// complete offers words, in their order. most is how many arguments the command takes, 0 for any.
func (g *global) complete(most int, suggest suggestions, directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		g.log = hclog.NewNullLogger()
		g.json = true // no warnings between the shell's suggestions
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		return suggest(ctx), directive | cobra.ShellCompDirectiveKeepOrder
	}
}

// stepsHere returns the steps of the repository.
func (g *global) stepsHere() []schema.Step {
	_, plan, err := g.plan(planner.Options{Command: schema.CommandPlan})
	if err != nil {
		return nil
	}
	return plan.Steps
}

func (g *global) environmentNames(context.Context) []cobra.Completion {
	return g.environmentsThat(func(*schema.Step) bool { return true })
}

func (g *global) environmentsToApprove(context.Context) []cobra.Completion {
	return g.environmentsThat(func(step *schema.Step) bool { return step.Approval })
}

// environmentsThat returns the environments with a step of a kind.
func (g *global) environmentsThat(wanted func(*schema.Step) bool) []cobra.Completion {
	var names []cobra.Completion
	var last schema.EnvironmentName
	steps := g.stepsHere()
	for i := range steps {
		if name := steps[i].Environment; name != last && wanted(&steps[i]) {
			names, last = append(names, string(name)), name
		}
	}
	return names
}

// environmentsAndSteps returns each environment before its steps.
func (g *global) environmentsAndSteps(context.Context) []cobra.Completion {
	var names []cobra.Completion
	var last schema.EnvironmentName
	steps := g.stepsHere()
	for i := range steps {
		if name := steps[i].Environment; name != last {
			names, last = append(names, string(name)), name
		}
		names = append(names, string(steps[i].Name))
	}
	return names
}

func (g *global) runsHere(ctx context.Context) []cobra.Completion {
	return g.runsThat(ctx, func(*schema.Report) bool { return true })
}

// runsToResume returns the runs in which something may be left to do.
func (g *global) runsToResume(ctx context.Context) []cobra.Completion {
	return g.runsThat(ctx, func(r *schema.Report) bool { return resumable(r.Command) && r.Outcome != schema.Succeeded })
}

// runsThat returns runs that the checkout knows, the last one first, and what each was.
func (g *global) runsThat(ctx context.Context, wanted func(*schema.Report) bool) []cobra.Completion {
	r, _, err := g.open()
	if err != nil {
		return nil
	}
	h := history{store.View(r.store())}
	ids, err := h.store.Runs(ctx)
	if err != nil {
		return nil
	}
	slices.Reverse(ids)
	var found []cobra.Completion
	for _, report := range h.reports(ctx, ids[:min(len(ids), completedRuns)]) {
		if report.Command == "" || !wanted(report) { // a damaged one says nothing
			continue
		}
		outcome := string(report.Outcome)
		if outcome == "" {
			outcome = "not finished"
		}
		found = append(found, cobra.CompletionWithDesc(string(report.Run), string(report.Command)+" "+outcome+": "+view.EnvironmentsOf(report)))
	}
	return found
}
