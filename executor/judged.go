package executor

import (
	"context"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// holds judges a step that was planned just now: it returns why a person has to look at it first, or "".
func (r *run) holds(ctx context.Context, step *schema.Step, given given, planned environments.StepResult) string {
	if moved := r.moved(ctx, step, given); moved != "" { // hooks and playbooks do more than their plans show
		return "it is not what was reviewed any more: " + moved
	}
	deferral, changes := r.deferralOf(step), planned.Changes
	deferred := planned.Outcome == schema.Deferred && !changes.ComeFirst() // of what comes first, all is known
	switch {
	case deferred && deferral == schema.DeferAll, !deferred && !deferral.Holds(changes):
		return ""
	case deferred:
		return "what it would change cannot be known before it is done: " + planned.Reason
	case changes == nil:
		return "its tool cannot tell what it would change"
	case changes.Open && deferral == schema.DeferSafe:
		return "its tool cannot tell all that it would change"
	}
	return r.whyUnreviewed()
}

func (r *run) whyUnreviewed() string {
	if r.Signed {
		return "it was planned just now, and only what a signed plan file shows is applied"
	}
	return "it was planned just now, so its changes have not been reviewed"
}

// deferralOf returns how a step is judged that is planned in this run. One that could not be planned when the plan was
// saved, or was held before without its changes being shown, goes on only when it changes nothing.
func (r *run) deferralOf(step *schema.Step) schema.Deferral {
	if _, held := r.heldBefore(step); held {
		return schema.DeferNone
	}
	if r.Saved != nil {
		if was := r.Saved.Plan.Report.Step(step.Name); was != nil && was.Outcome == schema.Failed {
			return schema.DeferNone
		}
	}
	return r.Deferral
}

// moved says what of a step is not as it was when a person let it go on, its values apart: those come from other steps, and
// --deferred is about them. It returns "" where there was no such time.
func (r *run) moved(ctx context.Context, step *schema.Step, given given) string {
	was := r.letGo(step)
	if was == nil {
		return ""
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), was)
	if err != nil {
		return err.Error()
	}
	now.Inputs = was.Inputs
	if r.awaited(step) {
		was = was.OfFilesIn(now)
		now = now.OfFilesIn(was)
	}
	return strings.Join(was.Differences(now), "; ")
}

// awaited reports whether a step was deferred in the plan: what it waits for may be files that earlier steps write.
func (r *run) awaited(step *schema.Step) bool {
	if r.Saved == nil {
		return false
	}
	was := r.Saved.Plan.Report.Step(step.Name)
	return was != nil && was.Outcome == schema.Deferred
}

// letGo returns what a person let a step run with: what it began with in the run that this one resumes, else what was
// planned, or nil. What that run held was not let go on, and of what could not be planned nothing was promised.
func (r *run) letGo(step *schema.Step) *schema.Fingerprint {
	var planned *schema.Fingerprint
	if r.Saved != nil {
		if was := r.Saved.Plan.Report.Step(step.Name); was != nil {
			if was.Outcome == schema.Failed {
				return nil
			}
			planned = was.Fingerprint
		}
	}
	before := r.before(step)
	if before != nil && before.Fingerprint != nil && before.Outcome != schema.Held && (before.Started || before.DoneIn != "") {
		return before.Fingerprint
	}
	return planned
}
