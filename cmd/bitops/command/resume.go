package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// lastRun is the value of --resume without one.
const lastRun = "last"

// resumeOptions are the flags that say which run is gone on with.
type resumeOptions struct {
	resume string
}

func (o *resumeOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.resume, "resume", "", "go on with a `run` that did not end well, without one the last: do the rest, and only the rest")
	flags.Lookup("resume").NoOptDefVal = lastRun
}

// notResumableError says that there is nothing to go on with, which is no failure.
type notResumableError struct{ text string }

func (e *notResumableError) Error() string { return e.text }

// previous returns the run to go on with, and says which one it is, or nil when a new one begins.
func (r *repository) previous(cmd *cobra.Command, o *resumeOptions, act schema.Command) (*schema.Report, error) {
	if o.resume == "" {
		return nil, nil
	}
	h, err := r.history(cmd.Context())
	if err != nil {
		return nil, err
	}
	report, err := h.toResume(cmd.Context(), o.resume)
	if _, ok := errors.AsType[*noRunError](err); ok {
		return nil, usageError(cmd, err)
	}
	if err == nil && report == nil {
		err = &notResumableError{"Nothing to resume: there was no run here yet."}
	}
	if err != nil {
		return nil, err
	}
	succeeded := report.Outcome == schema.Succeeded
	if succeeded && o.resume == lastRun {
		if err := r.older(cmd, h, report); err != nil {
			return nil, err
		}
	}
	switch {
	case report.Command.Previews():
		return nil, usageError(cmd, fmt.Errorf("run %s is of %s, which changes nothing; run it again", report.Run, report.Command))
	case !resumable(report.Command):
		return nil, usageError(cmd, fmt.Errorf("run %s is of %s, which is never resumed; run it again", report.Run, report.Command))
	case report.Command != act:
		return nil, usageError(cmd, fmt.Errorf("run %s is of %s; go on with it by bitops %s --resume=%s",
			report.Run, report.Command, report.Command, report.Run))
	case succeeded:
		return nil, &notResumableError{fmt.Sprintf("Nothing to resume: run %s, %s, succeeded.", report.Run, inShort(report))}
	}
	r.say("bitops: going on with run %s: %s, %s", report.Run, inShort(report), cmp.Or(string(report.Outcome), "not finished"))
	return report, nil
}

// toResume returns the run that --resume names, or the last one that was there to change something.
func (h history) toResume(ctx context.Context, name string) (*schema.Report, error) {
	if name == lastRun {
		return h.last(ctx)
	}
	return h.find(ctx, name, changes)
}

// inShort says what a run was.
func inShort(report *schema.Report) string {
	return fmt.Sprintf("%s of %s at %s", report.Command, view.EnvironmentsOf(report), report.Started.Local().Format(time.DateTime))
}

// older returns an error when the last run succeeded, and there are older ones with something left to do: which of them is
// meant, nobody but the caller can say. What is no longer in the manifest is left alone, so nothing of it is left to apply.
func (r *repository) older(cmd *cobra.Command, h history, last *schema.Report) error {
	open, _, err := h.open(cmd.Context())
	if err != nil {
		return err
	}
	var lines []string
	for _, run := range open {
		if !run.Command.Destroys() && !slices.ContainsFunc(run.left, r.declares) {
			continue
		}
		lines = append(lines, fmt.Sprintf("bitops %s --resume=%s (%s)", run.Command, run.Run, inShort(run.Report)))
	}
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - mostOpen; more > 0 {
		lines = append(lines[:mostOpen], fmt.Sprintf("and %d older ones", more))
	}
	return usageError(cmd, fmt.Errorf("the last run, %s, succeeded, but an older one left something undone that no run has done since; name what to go on with: %s",
		last.Run, strings.Join(lines, ", ")))
}

// mostOpen is how many runs are named that can be resumed.
const mostOpen = 5

// declares reports whether the manifest has the environment of a step.
func (r *repository) declares(step schema.StepSummary) bool {
	return slices.ContainsFunc(r.manifest.Environments, func(e schema.Environment) bool { return e.Name == step.Environment })
}

// stepsOf returns the steps that a run was about.
func stepsOf(report *schema.Report) []schema.StepName {
	names := make([]schema.StepName, len(report.Steps))
	for i := range report.Steps {
		names[i] = report.Steps[i].Name
	}
	return names
}

// gone tells which steps of the run before are not in the manifest any more.
func (g *global) gone(plan *schema.Plan, previous *schema.Report) {
	if previous == nil {
		return
	}
	here := make(map[schema.StepName]bool, len(plan.Steps))
	for i := range plan.Steps {
		here[plan.Steps[i].Name] = true
	}
	for _, name := range stepsOf(previous) {
		if !here[name] {
			g.say("bitops: warning: %s was part of run %s and is no longer in the manifest; it is left alone", name, previous.Run)
		}
	}
}
