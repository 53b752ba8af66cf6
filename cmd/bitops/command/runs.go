package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/terminal"
)

func newRuns(g *global) *cobra.Command {
	limit := 0
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs that are remembered, the last one first",
		Long: `List the runs that are remembered, the last one first: when each began, what it did, and how it ended. It waits for
nobody, so a run that is at work is listed too, as not finished.`,
		Example: `  bitops runs
  bitops runs --json | jq -r '.[0].run'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.runs(cmd.Context(), limit) },
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 20, "list at most this `number` of runs; 0 lists all")
	return cmd
}

func (g *global) runs(ctx context.Context, limit int) error {
	r, _, err := g.open()
	if err != nil {
		return err
	}
	h, err := r.remembered(ctx)
	if err != nil {
		return err
	}
	ids, err := h.store.Runs(ctx)
	if err != nil {
		return err
	}
	slices.Reverse(ids)
	if limit > 0 {
		ids = ids[:min(limit, len(ids))]
	}
	all := h.reports(ctx, ids)
	if g.json {
		return view.RunsJSON(g.Out, all)
	}
	return view.Runs(g.Out, all, g.colors(g.Out))
}

type showOptions struct {
	format   string
	verbose  bool
	summary  bool
	identity string
}

func newShow(g *global) *cobra.Command {
	o := &showOptions{}
	cmd := &cobra.Command{
		Use:   "show [RUN|PLAN]",
		Short: "Show what happened in a run, or what a plan file would do",
		Long: `Show what happened in a run, without one the last: what failed and why, what that blocked, what changed, what was left
out and why, where the logs are, and which command goes on. The beginning of a run's id is enough.

A PLAN is a file that bitops plan -o wrote; to look into it takes no repository.`,
		Example: `  bitops show                      the last run
  bitops show plan.bitops          what a saved plan would do
  bitops show 20261123-143005      an earlier one
  bitops show plan.bitops -f markdown   as a comment for a pull request
  bitops show -f junit             as results of tests
  bitops show --json               for a program`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: g.complete(1, g.runsHere, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.show(cmd, o, slices.Concat(args, []string{""})[0])
		},
	}
	cmd.Flags().StringVarP(&o.format, "format", "f", "text", "`form`: text, json, markdown, junit or html")
	completeForms(cmd, "text", "json", "markdown", "junit", "html")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "leave nothing out of lists, and no value")
	cmd.Flags().BoolVar(&o.summary, "summary", false, "of a plan, show which resources change, and not what of them")
	cmd.Flags().StringVar(&o.identity, "identity", "", "the `file` with the key that opens an encrypted plan")
	return cmd
}

// forms are the ways to show a report, beside text and the document itself.
var forms = map[string]func(io.Writer, *schema.Report, view.Origin) error{
	"markdown": func(w io.Writer, r *schema.Report, from view.Origin) error {
		return view.Markdown(w, r, view.CommentLimit, from)
	},
	"junit": func(w io.Writer, r *schema.Report, _ view.Origin) error { return view.JUnit(w, r) },
	"html":  func(w io.Writer, r *schema.Report, _ view.Origin) error { return view.HTML(w, r) },
}

func (g *global) show(cmd *cobra.Command, o *showOptions, beginning string) error {
	if g.json {
		o.format = "json"
	}
	if o.format != "text" && o.format != "json" && forms[o.format] == nil {
		return usageError(cmd, fmt.Errorf("--format cannot be %q; one of text, json, markdown, junit, html", o.format))
	}
	if g.planArgument(beginning) {
		return g.showPlan(o, beginning)
	}
	_, report, err := g.pastRun(cmd, beginning)
	if err != nil || report == nil {
		return err
	}
	if form := forms[o.format]; form != nil {
		return form(g.Out, report, view.Origin{Link: g.jobLink()})
	}
	if o.format == "json" {
		return view.ReportJSON(g.Out, report)
	}
	return view.Past(g.Out, report, view.Options{
		Color: g.colors(g.Out), Width: view.Width(g.Out), Verbose: o.verbose, Summary: o.summary, Next: g.goOnWith,
	})
}

// showPlan shows a plan file.
func (g *global) showPlan(o *showOptions, name string) error {
	f, err := g.openPlan(name, g.at(o.identity))
	if err != nil {
		return err
	}
	if form := forms[o.format]; form != nil {
		return form(g.Out, f.Plan.Report, view.Origin{Revision: f.Plan.Revision, Apply: g.applies(name), Link: g.jobLink()})
	}
	if o.format == "json" {
		return view.SavedPlanJSON(g.Out, f.Plan)
	}
	return view.SavedPlan(g.Out, f.Plan, view.Options{Color: g.colors(g.Out), Width: view.Width(g.Out), Verbose: o.verbose, Summary: o.summary})
}

// pastRun returns the run whose id begins so, or the last one. There may be none.
func (g *global) pastRun(cmd *cobra.Command, beginning string) (*repository, *schema.Report, error) {
	r, _, err := g.open()
	if err != nil {
		return nil, nil, err
	}
	h, err := r.remembered(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	report, err := h.find(cmd.Context(), beginning, anyRun)
	if _, ok := errors.AsType[*noRunError](err); ok {
		return r, nil, usageError(cmd, err)
	}
	if err == nil && report == nil {
		fmt.Fprintln(g.Out, "There was no run here yet.")
	}
	return r, report, err
}

// goOnWith returns the command that goes on with an earlier run.
func (g *global) goOnWith(r *schema.Report) string {
	if r.Outcome == schema.Succeeded || !resumable(r.Command) {
		return ""
	}
	words := []string{"bitops", string(r.Command), "--resume=" + string(r.Run)}
	if g.chdir != "." {
		words = append(words, "-C", shellWord(g.chdir))
	}
	return strings.Join(append(words, approvals(r)...), " ")
}

func newLogs(g *global) *cobra.Command {
	run := ""
	cmd := &cobra.Command{
		Use:   "logs STEP|ENV...",
		Short: "Print what a step's hooks and tool said",
		Long: `Print the logs of steps, or of all steps of an environment, from the last run in which one of them was at work, or from
the run that --run names. Secrets are not in them.`,
		Example: `  bitops logs backend/terraform
  bitops logs backend --run 20261123-143005`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: g.complete(0, g.environmentsAndSteps, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.logs(cmd, run, args) },
	}
	cmd.Flags().StringVar(&run, "run", "", "the `run`; the beginning of its id is enough")
	return cmd
}

func (g *global) logs(cmd *cobra.Command, beginning string, names []string) error {
	r, _, err := g.open()
	if err != nil {
		return err
	}
	h, err := r.remembered(cmd.Context())
	if err != nil {
		return err
	}
	var steps []schema.StepName
	report, err := h.find(cmd.Context(), beginning, func(report *schema.Report) bool {
		steps = h.logs(cmd.Context(), report, names)
		return len(steps) > 0
	})
	if _, ok := errors.AsType[*noRunError](err); ok {
		return usageError(cmd, err)
	}
	if err != nil {
		return err
	}
	if beginning != "" {
		steps = h.logs(cmd.Context(), report, names)
	}
	if len(steps) == 0 {
		return fmt.Errorf("there is no log of %s; `bitops runs` lists the runs, `bitops show RUN` their steps",
			terminal.Visible(strings.Join(names, ", ")))
	}
	for _, step := range steps {
		if err := r.printLog(cmd.Context(), h, report.Run, step, len(steps) > 1); err != nil {
			return err
		}
	}
	return nil
}

// logs returns the steps of a run that are meant by names and have a log.
func (h history) logs(ctx context.Context, report *schema.Report, names []string) []schema.StepName {
	files, err := h.store.Logs(ctx, report.Run)
	if err != nil {
		return nil
	}
	var found []schema.StepName
	for i := range report.Steps {
		step := &report.Steps[i]
		meant := slices.Contains(names, string(step.Name)) || slices.Contains(names, string(step.Environment))
		if meant && files[journal.LogName(step.Name)] {
			found = append(found, step.Name)
		}
	}
	return found
}

func (r *repository) printLog(ctx context.Context, h history, run schema.RunID, step schema.StepName, titled bool) error {
	f, err := h.store.File(ctx, run, journal.LogName(step))
	if err != nil {
		return err
	}
	defer f.Close()
	if titled {
		r.print("=== %s", step)
	}
	return view.Log(r.Out, f)
}
