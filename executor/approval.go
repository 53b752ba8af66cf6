package executor

import (
	"context"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Approval is of a plan: a step of an environment with `approval: true` is planned, shown and held. When a person approved
// what was shown, just that is applied. Where that plan does not fit any more, the step is planned again:
//
//	only values changed, and the list of changes is the same  -> it is applied
//	anything else                                             -> it is shown and held again

// wantsApproval reports whether a step changes only what a person approved. A destroy is another decision, and `protect` is
// for that.
func (r *run) wantsApproval(step *schema.Step) bool {
	return step.Approval && !r.plan.Command.Previews() && !r.plan.Command.Destroys()
}

// approved returns the plan of a step that a person approved, or nil.
func (r *run) approved(step schema.StepName) *schema.Approval {
	for i := range r.Approvals {
		if r.Approvals[i].Step == step {
			return &r.Approvals[i]
		}
	}
	return nil
}

// asApproved runs a step that wants approval: it applies what was approved, or holds the step and shows its plan.
func (r *run) asApproved(ctx context.Context, step *schema.Step, given given) environments.StepResult {
	approved := r.approved(step.Name)
	shown, dir := r.shown(step)
	unlike := ""
	if shown != nil {
		unlike = r.unlike(ctx, step, given, shown.Fingerprint)
	}
	exact := shown != nil && unlike == "" && (waitsForNobody(shown.Changes) || approved != nil && approved.Digest == shown.Digest)
	switch {
	case exact && holdsArtifact(dir):
		return r.applyShown(ctx, step, given, dir, r.restApproved(step))
	case shown != nil && unlike == "" && !exact:
		return r.holdAgain(ctx, step, shown, dir)
	case unlike != "":
		r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: "planned again: " + unlike})
	}
	planned, dir := r.planNow(ctx, step, given)
	switch {
	case planned.Outcome == schema.Deferred && planned.Changes.ComeFirst():
		planned.Outcome, planned.Error = schema.Succeeded, nil
	case planned.Outcome == schema.Deferred: // its tool cannot say what it would change
		planned.Outcome, planned.Changes = schema.Succeeded, nil
	case !done(planned.Outcome):
		return planned
	}
	mayGo := waitsForNobody(planned.Changes) && (!r.reviewed() || r.moved(ctx, step, given) == "")
	if approved != nil && (exact || r.Deferral != schema.DeferNone) {
		mayGo = mayGo || r.sameAs(ctx, step, given, approved, planned)
	}
	if mayGo {
		if !holdsArtifact(dir) {
			dir = ""
		}
		return r.applyShown(ctx, step, given, dir, r.restApproved(step))
	}
	if r.Signed {
		return r.hold(ctx, dir, planned, r.whyUnreviewed())
	}
	why := whyHeld(approved)
	if planned.Changes.ComeFirst() {
		why += "; the rest is planned when that is done, and held in turn"
	}
	return r.hold(ctx, dir, planned, why)
}

func whyHeld(approved *schema.Approval) string {
	if approved != nil {
		return "its plan is not the one that was approved, so it waits for another approval"
	}
	return "its plan waits for approval"
}

// waitsForNobody reports whether a plan changes nothing, and its tool can tell.
func waitsForNobody(c *schema.Changes) bool { return c != nil && !c.Open && c.Empty() }

// unlike says what is not any more as it was when a step was planned, or "".
func (r *run) unlike(ctx context.Context, step *schema.Step, given given, was *schema.Fingerprint) string {
	if was == nil {
		return "what it was planned with is not known"
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), was)
	if err != nil {
		return err.Error()
	}
	return strings.Join(was.Differences(now), "; ")
}

// sameAs reports whether a plan made now is the one that was approved: nothing differs but values that the step is given, and
// it lists the same changes, and its tool says the same of them. Where the tool cannot list all of them, not even values may differ.
func (r *run) sameAs(ctx context.Context, step *schema.Step, given given, approved *schema.Approval, planned environments.StepResult) bool {
	if approved.Fingerprint == nil || !slices.Equal(approved.Told, r.Emitter.cleanLines(planned.Told)) {
		return false
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), approved.Fingerprint)
	if err != nil {
		return false
	}
	if changes := planned.Changes; approved.Changes != nil || changes != nil {
		if !schema.SameChanges(approved.Changes, r.Emitter.clearChanges(changes)) {
			return false
		}
		if !approved.Changes.Open && !approved.Changes.Bounded().Cut() { // else other inputs can change what is not compared
			now.Inputs = approved.Fingerprint.Inputs
		}
	}
	return len(approved.Fingerprint.Differences(now)) == 0
}
