package executor

import (
	"context"
	"fmt"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// withoutStarting ends a step that has not to start, because an earlier run did it. Of a step that has to run again, the ending
// says no more than why.
func (r *run) withoutStarting(ctx context.Context, step *schema.Step) (ending, bool) {
	before := r.before(step)
	if before == nil {
		return ending{}, false
	}
	run, complete := before.Done(r.Previous.Run)
	switch {
	case !complete:
		return r.again(step, howItEnded(before, r.Previous.Run)), false
	case r.plan.Command.Destroys():
		return r.takenDown(ctx, step, run)
	}
	why := r.changed(ctx, step, run, before)
	if ctx.Err() != nil {
		return ending{}, false // what was not read because of that is no change
	}
	if why != "" {
		return r.again(step, why), false
	}
	end := skippedAs(run, fmt.Sprintf("succeeded in run %s, and nothing changed since", run))
	end.Identity, end.Fingerprint, end.Outputs = before.Identity, before.Fingerprint, before.Outputs
	end.changedBefore = before.Outcome != schema.Unchanged
	return end, true
}

// before returns what the run that this one goes on with says of a step, or nil.
func (r *run) before(step *schema.Step) *schema.StepReport {
	if r.Previous == nil {
		return nil
	}
	return r.Previous.Step(step.Name)
}

// takenDown ends a step that an earlier run has taken down, if nobody has deployed it since.
func (r *run) takenDown(ctx context.Context, step *schema.Step, in schema.RunID) (ending, bool) {
	record, err := r.Ownership.Record(ctx, step)
	if err != nil || record == nil || record.State != schema.StateDestroyed {
		return ending{}, false
	}
	return skippedAs(in, fmt.Sprintf("taken down in run %s", in)), true
}

func skippedAs(run schema.RunID, reason string) ending {
	return ending{doneIn: run, StepResult: environments.StepResult{Outcome: schema.Skipped, Reason: reason}}
}

// again tells why a step runs again.
func (r *run) again(step *schema.Step, why string) ending {
	if why == "" {
		return ending{}
	}
	r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: "runs again: " + why})
	return ending{again: why}
}

// howItEnded says why a step that is not done runs again. Of one that never began there is nothing to say.
func howItEnded(before *schema.StepReport, run schema.RunID) string {
	switch {
	case !before.Started, before.Outcome == schema.Skipped, before.Outcome == schema.Blocked:
		return ""
	case before.Outcome == "":
		return fmt.Sprintf("run %s ended while it was at work", run)
	case before.Outcome == schema.Interrupted:
		return fmt.Sprintf("it was interrupted in run %s", run)
	}
	return fmt.Sprintf("it %s in run %s", verbOf(before.Outcome), run)
}

func verbOf(o schema.Outcome) string {
	if o == schema.Held {
		return "was held"
	}
	return string(o)
}

// changed returns why a step that is done runs again, or "": something of it changed, something it depends on ran in this
// run, or another run has touched it in between.
func (r *run) changed(ctx context.Context, step *schema.Step, in schema.RunID, before *schema.StepReport) string {
	record, err := r.Ownership.Record(ctx, step)
	switch {
	case before.Fingerprint == nil:
		return fmt.Sprintf("run %s does not say what it ran with", in)
	case err != nil:
		return err.Error()
	case record == nil:
		return "there is no record of it any more"
	case record.Run != in || record.State != schema.StateDeployed:
		return fmt.Sprintf("run %s has been at it since", record.Run)
	}
	given, err := r.values.of(ctx, step)
	if err != nil || len(given.waiting) > 0 {
		return "its inputs are not what they were"
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), before.Fingerprint)
	if err != nil {
		return fmt.Sprintf("what it would run with could not be found out: %v", err)
	}
	differences := before.Fingerprint.Differences(now)
	for _, on := range step.DependsOn {
		if r.values.ranHere(on) {
			differences = append(differences, fmt.Sprintf("%s, which it depends on, ran again", on))
		}
	}
	return inShort(differences)
}
