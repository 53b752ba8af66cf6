package command

import (
	"context"
	"fmt"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// inState returns the steps that are remembered to be in a state, each with the reason.
func (r *repository) inState(ctx context.Context, plan *schema.Plan, state string) (map[schema.StepName]string, error) {
	switch state {
	case selection.Changed:
		r.compared = "the last apply"
		return r.changed(ctx, plan)
	case selection.Failed:
		return r.failed(ctx, plan)
	case selection.Held:
		return r.inLast(ctx, changes, func(report *schema.Report, s *schema.StepReport) string {
			if s.Outcome != schema.Held {
				return ""
			}
			return "held in run " + string(report.Run)
		})
	case selection.Drifted:
		drift := func(report *schema.Report) bool { return report.Command == schema.CommandDrift }
		return r.inLast(ctx, drift, func(report *schema.Report, s *schema.StepReport) string {
			if one := (&schema.Report{Command: report.Command, Steps: []schema.StepReport{*s}}); !one.HasDrifted() {
				return ""
			}
			return "drifted, says run " + string(report.Run)
		})
	}
	return nil, nil // orphans are no steps of the manifest
}

// inLast returns the steps of the last run of a kind for which is gives a reason.
func (r *repository) inLast(
	ctx context.Context, wanted func(*schema.Report) bool, is func(*schema.Report, *schema.StepReport) string,
) (map[schema.StepName]string, error) {
	h, err := r.history(ctx)
	if err != nil {
		return nil, err
	}
	report, err := h.find(ctx, "", wanted)
	if err != nil || report == nil {
		return nil, err
	}
	if report, err = h.chain(ctx, report.Run); err != nil {
		return nil, err
	}
	all := map[schema.StepName]string{}
	for i := range report.Steps {
		if why := is(report, &report.Steps[i]); why != "" {
			all[report.Steps[i].Name] = why
		}
	}
	return all, nil
}

// failed returns the steps that failed or were interrupted in the last run that was there to change something, and those
// that an earlier one left half applied.
func (r *repository) failed(ctx context.Context, plan *schema.Plan) (map[schema.StepName]string, error) {
	all, err := r.inLast(ctx, changes, func(report *schema.Report, s *schema.StepReport) string {
		switch {
		case s.Outcome == schema.Failed, s.Outcome == schema.Interrupted:
			return fmt.Sprintf("%s in run %s", s.Outcome, report.Run)
		case s.Started && s.Outcome == "":
			return fmt.Sprintf("run %s ended before it did", report.Run)
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = map[schema.StepName]string{}
	}
	owners, err := r.viewOwnership(ctx, plan)
	if err != nil {
		return nil, err
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		record, err := owners.Record(ctx, step)
		if err != nil {
			return nil, err
		}
		if record != nil && record.State == schema.StatePartial && all[step.Name] == "" {
			all[step.Name] = fmt.Sprintf("run %s left it half applied", record.Run)
		}
	}
	return all, nil
}

// changed returns the steps that are not as they were applied last. No tool runs for that but to tell its version.
func (r *repository) changed(ctx context.Context, plan *schema.Plan) (map[schema.StepName]string, error) {
	owners, err := r.viewOwnership(ctx, plan)
	if err != nil {
		return nil, err
	}
	owners.RenamedFrom = r.renames()
	records, err := r.viewStore(ctx)
	if err != nil {
		return nil, err
	}
	x := &executor.Executor{
		Runner: r.reader(plan), Records: records, Ownership: owners, Now: time.Now,
		Emitter: &executor.Emitter{Now: time.Now, Redact: &secret.Redactor{}},
	}
	all, err := x.Changed(ctx, plan)
	left := newLeftOut(r, plan)
	for name := range all {
		if left.reason(plan.Step(name)) != "" { // no run will do anything about it
			delete(all, name)
		}
	}
	return all, err
}
