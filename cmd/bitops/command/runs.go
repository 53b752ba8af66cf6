package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
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
		Long: `List the runs that are remembered, the last one first: when each began, what it did, and how it ended, or that it is
running and which process executes it. A run that ended without a result is listed as killed. It waits for no lock.`,
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
	r.addStates(ctx, h, all)
	if g.json {
		return view.RunsJSON(g.Out, all)
	}
	return view.Runs(g.Out, all, g.colors(g.Out))
}

type showOptions struct {
	format   string
	verbose  bool
	summary  bool
	follow   bool
	identity string

	detailedExitCode bool // of a comparison
}

func newShow(g *global) *cobra.Command {
	o := &showOptions{}
	cmd := &cobra.Command{
		Use:   "show [RUN|PLAN [RUN|PLAN]]",
		Short: "Show what happened in a run, what a plan file would do, or what differs between two plans",
		Long: `Show what happened in a run, without one the last: what failed and why, what that blocked, what changed, what was left
out and why, where the logs are, and which command goes on. The beginning of a run's id is enough.

A PLAN is a file that bitops plan -o wrote; to look into it takes no repository.

With --follow, show a run from its first step and wait for its end. The exit code is then that of the run: 0 when it
succeeded, 1 when it failed or was killed, 3 when it holds steps, 130 when it was interrupted. Ctrl-C ends the following,
not the run.

Of two plans, the one that was reviewed and the one of now, it shows what differs: whether they do, then step by step what each would
do, and first what only the second one destroys or replaces. Each is a plan file or a run of plan; of a run of apply, it is
what that run held. Values that are sensitive cannot be compared, and are named.`,
		Example: `  bitops show                      the last run
  bitops show --follow             the same while it is running, until it ends
  bitops show plan.bitops          what a saved plan would do
  bitops show 20261123-143005      an earlier one
  bitops show plan.bitops -f markdown   as a comment for a pull request
  bitops show plan.bitops new.bitops    what differs between the reviewed plan and a new one
  bitops show -f junit             as results of tests
  bitops show --json               for a program`,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: g.complete(2, g.runsHere, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			if g.json {
				o.format = "json"
			}
			if len(args) == 2 {
				return g.compare(cmd, o, args[0], args[1])
			}
			if o.detailedExitCode && !g.byVariable["detailed-exitcode"] {
				return usageError(cmd, errors.New("--detailed-exitcode tells whether two plans differ; name two"))
			}
			return g.show(cmd, o, slices.Concat(args, []string{""})[0])
		},
	}
	all := Forms()
	last := len(all) - 1
	cmd.Flags().StringVarP(&o.format, "format", "f", "text", "`form`: "+strings.Join(all[:last], ", ")+" or "+all[last])
	completeForms(cmd, all...)
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "leave nothing out of lists, and no value")
	cmd.Flags().BoolVar(&o.follow, "follow", false, "show a running run until it ends, and exit with its code")
	cmd.Flags().BoolVar(&o.summary, "summary", false, "of a plan, show which resources change, and not what of them")
	cmd.Flags().StringVar(&o.identity, "identity", "", "the `file` with the key that opens an encrypted plan")
	cmd.Flags().BoolVar(&o.detailedExitCode, "detailed-exitcode", false, "of two plans, exit with 2 when they differ, or may differ")
	return cmd
}

// Forms returns the names of all ways to show a report.
func Forms() []string {
	return slices.Concat([]string{"text", "json"}, slices.Sorted(maps.Keys(forms)))
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
	if o.format != "text" && o.format != "json" && forms[o.format] == nil {
		return usageError(cmd, fmt.Errorf("--format cannot be %q; one of %s", o.format, strings.Join(Forms(), ", ")))
	}
	if o.follow && forms[o.format] != nil {
		return usageError(cmd, fmt.Errorf("--follow cannot show a run as %s; one of text, json", o.format))
	}
	if g.planArgument(beginning) {
		if o.follow {
			return usageError(cmd, fmt.Errorf("%s is a plan file, and only runs can be followed; leave --follow out", beginning))
		}
		return g.showPlan(cmd.Context(), o, beginning)
	}
	if o.follow {
		g.json = o.format == "json"
		return g.followRun(cmd, o, beginning)
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
	options := g.showing(o)
	options.Next = g.goOnWith
	_, err = g.paged(cmd.Context(), func(w io.Writer) error { return view.Past(w, report, options) })
	return err
}

// showing returns how a person wants to see what is shown to them on standard output.
func (g *global) showing(o *showOptions) view.Options {
	return view.Options{Color: g.colors(g.Out), Width: view.Width(g.Out), Verbose: o.verbose, Summary: o.summary}
}

// showPlan shows a plan file.
func (g *global) showPlan(ctx context.Context, o *showOptions, name string) error {
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
	_, err = g.paged(ctx, func(w io.Writer) error { return view.SavedPlan(w, f.Plan, g.showing(o)) })
	return err
}

// pastRun returns the run whose id begins so, or the last one. There may be none.
func (g *global) pastRun(cmd *cobra.Command, beginning string) (*repository, *schema.Report, error) {
	r, h, err := g.lookBack(cmd)
	if err != nil {
		return nil, nil, err
	}
	report, err := h.find(cmd.Context(), beginning, anyRun)
	if err = g.asFound(cmd, report, err); err != nil || report == nil {
		return r, nil, err
	}
	reports := []*schema.Report{report}
	r.addStates(cmd.Context(), h, reports)
	return r, reports[0], nil
}

// lookBack opens the repository and its history to look at it.
func (g *global) lookBack(cmd *cobra.Command) (*repository, history, error) {
	r, _, err := g.open()
	if err != nil {
		return nil, history{}, err
	}
	h, err := r.remembered(cmd.Context())
	return r, h, err
}

// asSearched returns the error of a search for a run: a wrong name is an error of usage.
func (g *global) asSearched(cmd *cobra.Command, err error) error {
	if _, ok := errors.AsType[*noRunError](err); ok {
		return usageError(cmd, err)
	}
	return err
}

// asFound is asSearched, and says so when there was no run yet.
func (g *global) asFound(cmd *cobra.Command, found *schema.Report, err error) error {
	err = g.asSearched(cmd, err)
	if err == nil && found == nil {
		fmt.Fprintln(g.Out, "There was no run here yet.")
	}
	return err
}

// goOnWith returns the command that resumes an earlier run, or "" for one that is running or has nothing left to do.
func (g *global) goOnWith(r *schema.Report) string {
	if r.Outcome == schema.Succeeded || r.State == schema.RunRunning || !resumable(r.Command) {
		return ""
	}
	words := []string{"bitops", string(r.Command), "--resume=" + string(r.Run)}
	if g.chdir != "." {
		words = append(words, "-C", shellWord(g.chdir))
	}
	return strings.Join(append(words, approvals(r)...), " ")
}

type logsOptions struct {
	run    string
	follow bool
}

func newLogs(g *global) *cobra.Command {
	o := &logsOptions{}
	cmd := &cobra.Command{
		Use:   "logs STEP|ENV...",
		Short: "Print what a step's hooks and tool said",
		Long: `Print the logs of steps, or of all steps of an environment, from the last run in which one of them ran, or from the run
that --run names. Secrets are not in them once the step has ended; until then, what bitops learns to be secret only later
can be.

With --follow, print the logs while they are written, until all of these steps have ended. The exit code says how they
ended: 0 when they succeeded, 1 when one failed or the run was killed, 3 when one is held, 130 when one was interrupted. Of
a run on another machine, the log of a step arrives when the step ends. Ctrl-C ends the following, not the run.`,
		Example: `  bitops logs backend/terraform
  bitops logs backend --run 20261123-143005
  bitops logs backend --follow`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: g.complete(0, g.environmentsAndSteps, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.follow {
				return g.followLogs(cmd, o.run, args)
			}
			return g.logs(cmd, o.run, args)
		},
	}
	cmd.Flags().StringVar(&o.run, "run", "", "the `run`; the beginning of its id is enough")
	cmd.Flags().BoolVar(&o.follow, "follow", false, "print what is written until the steps end, and exit as they did")
	return cmd
}

func (g *global) logs(cmd *cobra.Command, beginning string, names []string) error {
	r, h, err := g.lookBack(cmd)
	if err != nil {
		return err
	}
	var steps []schema.StepName
	report, err := h.find(cmd.Context(), beginning, func(report *schema.Report) bool {
		steps = h.logs(cmd.Context(), report, names)
		return len(steps) > 0
	})
	if err = g.asSearched(cmd, err); err != nil {
		return err
	}
	if beginning != "" {
		steps = h.logs(cmd.Context(), report, names)
	}
	if len(steps) == 0 {
		return noLogError(names)
	}
	for _, step := range steps {
		if err := r.printLog(cmd.Context(), h, report.Run, step, len(steps) > 1); err != nil {
			return err
		}
	}
	return nil
}

func noLogError(names []string) error {
	return fmt.Errorf("there is no log of %s; `bitops runs` lists the runs, `bitops show RUN` their steps",
		terminal.Visible(strings.Join(names, ", ")))
}

// logs returns the steps of a run that are meant by names and have a log.
func (h history) logs(ctx context.Context, report *schema.Report, names []string) []schema.StepName {
	files, err := h.store.Logs(ctx, report.Run)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(meantBy(report, names), func(step schema.StepName) bool { return !files[journal.LogName(step)] })
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
