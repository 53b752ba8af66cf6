package executor

import (
	"context"
	"fmt"
	"os"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// preview finds out what a step would change, as far as that can be known before what it depends on is applied. err says
// why its values cannot be had.
func (r *run) preview(ctx context.Context, step *schema.Step, given given, err error) ending {
	destroys := r.plan.Command.Destroys()
	_, failed := r.pending.above(step.Name)
	var end ending
	switch {
	case err == nil && failed != "":
		end = r.belowFailed(ctx, step, given, failed)
	case err == nil && len(given.waiting) == 0:
		end = r.foresee(step, r.with(ctx, step, given))
	case err == nil && !destroys:
		end = ending{StepResult: r.deferred(ctx, step, given), deferred: given.waiting}
	case err == nil:
		end = r.foresee(step, r.lacking(ctx, step, given, nil))
	default:
		end = ended(r.lacking(ctx, step, given, err))
	}
	if !destroys && (end.Outcome == schema.Deferred || end.Outcome == schema.Failed) {
		r.values.set(step, nil, true)
	}
	return end
}

// belowFailed is a step that depends on one that could not be planned: it is not planned either.
func (r *run) belowFailed(ctx context.Context, step *schema.Step, given given, failed schema.StepName) ending {
	end := ending{StepResult: r.promised(ctx, step, given), deferred: given.waiting}
	if end.Outcome == schema.Deferred {
		end.Reason, end.cause = fmt.Sprintf("%s, which it waits for, could not be planned", failed), failed
	}
	return end
}

// foresee judges the result of a preview by what has to be applied before the step:
//
//	something, and the preview failed         deferred: what it lacked may be there then
//	something, and nothing would change       unchanged, and planned again then
//	nothing                                   as it is
//
// A step that is taken down needs nothing of those that are taken down before it, so there a failure is a failure. What
// is not applied as it was planned leaves no artifact.
func (r *run) foresee(step *schema.Step, result environments.StepResult) ending {
	end := ended(result)
	changes, _ := r.pending.above(step.Name)
	switch {
	case len(changes) == 0 || r.plan.Command.Destroys() || result.Refused:
	case result.Outcome == schema.Failed:
		end.Outcome, end.Changes, end.Outputs = schema.Deferred, nil, nil
		end.Reason = fmt.Sprintf("planned again after %s, because its preview failed", namesOf(changes))
	case result.Outcome == schema.Unchanged && r.plan.Command == schema.CommandPlan:
		end.replannedAfter = changes
	}
	shown := done(end.Outcome) || end.Outcome == schema.Deferred && end.Changes.ComeFirst()
	if dir := r.artifactOf(step); dir != "" && (!shown || len(end.replannedAfter) > 0) {
		_ = os.RemoveAll(dir) // the report says that nothing in it counts
	}
	return end
}
