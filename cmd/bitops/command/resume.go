package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/schema"
)

// lastRun is the value of --resume without one.
const lastRun = "last"

// resumeOptions are the flags that say which part of a run is left to do.
type resumeOptions struct {
	resume string
	from   []string
}

func (o *resumeOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.resume, "resume", "", "go on with a `run` that did not end well, without one the last: do the rest, and only the rest")
	flags.Lookup("resume").NoOptDefVal = lastRun
	flags.StringArrayVar(&o.from, "from", nil, "start at this `ENV[/tool]`: it and all that depends on it; can be repeated")
}

// notResumableError says that there is nothing to go on with, which is no failure.
type notResumableError struct{ text string }

func (e *notResumableError) Error() string { return e.text }

// previous returns the run to go on with, or nil when a new one begins.
func (r *repository) previous(cmd *cobra.Command, o *resumeOptions, act schema.Command) (*schema.Report, error) {
	if o.resume == "" {
		return nil, nil
	}
	beginning := o.resume
	if beginning == lastRun {
		beginning = ""
	}
	h, err := r.history(cmd.Context())
	if err != nil {
		return nil, err
	}
	report, err := h.find(cmd.Context(), beginning, changes)
	if _, ok := errors.AsType[*noRunError](err); ok {
		return nil, usageError(cmd, err)
	}
	switch {
	case err != nil:
		return nil, err
	case report == nil:
		return nil, &notResumableError{"Nothing to resume: there was no run here yet."}
	case report.Command.Previews():
		return nil, usageError(cmd, fmt.Errorf("run %s is of %s, which changes nothing; run it again", report.Run, report.Command))
	case report.Command != act:
		return nil, usageError(cmd, fmt.Errorf("run %s is of %s; go on with it by bitops %s --resume=%s",
			report.Run, report.Command, report.Command, report.Run))
	case report.Outcome == schema.Succeeded:
		return nil, &notResumableError{fmt.Sprintf("Nothing to resume: run %s succeeded.", report.Run)}
	}
	return report, nil
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
			fmt.Fprintf(g.Err, "bitops: warning: %s was part of run %s and is no longer in the manifest; it is left alone\n", name, previous.Run)
		}
	}
}
