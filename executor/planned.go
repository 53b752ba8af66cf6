package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Saved is a saved plan that is applied.
type Saved struct {
	Plan   *schema.SavedPlan
	Digest string // of its file, for the report

	// Artifacts is a directory with one for each step that can be applied as it was planned, by the step's file name.
	Artifacts string
}

// artifact returns where a directory keeps the artifact of a step, or "" where it keeps none.
func artifact(dir string, step schema.StepName) string {
	if dir == "" {
		return ""
	}
	name := filepath.Join(dir, step.FileName())
	if entries, err := os.ReadDir(name); err != nil || len(entries) == 0 {
		return ""
	}
	return name
}

// BrokenPromises says what is not any more as it was when a plan was saved, a line for each step. It needs no values of
// other steps, so that it is known before anything is changed. Steps that are not selected are left out.
func (x *Executor) BrokenPromises(ctx context.Context, plan *schema.Plan) ([]string, error) {
	var broken []string
	steps := make(map[schema.StepName]*schema.Step, len(plan.Steps))
	for i := range plan.Steps {
		steps[plan.Steps[i].Name] = &plan.Steps[i]
	}
	for i := range x.Saved.Plan.Report.Steps {
		was := &x.Saved.Plan.Report.Steps[i]
		step := steps[was.Name]
		if step == nil {
			broken = append(broken, fmt.Sprintf("%s: it is no longer in the manifest", was.Name))
			continue
		}
		if was.Fingerprint == nil || was.Outcome == schema.Failed || !step.Selected {
			continue // nothing was promised of what failed, and what is not selected now is taken as it is
		}
		differences, err := x.differences(ctx, step, was)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(step.DependsOn, was.DependsOn) {
			differences = append([]string{"it depends on something else now"}, differences...)
		}
		if len(differences) > 0 {
			broken = append(broken, fmt.Sprintf("%s: %s", was.Name, strings.Join(differences, "; ")))
		}
	}
	return broken, nil
}

// differences compares a step with what was promised of it, its values apart.
func (x *Executor) differences(ctx context.Context, step *schema.Step, was *schema.StepReport) ([]string, error) {
	now, err := x.Runner.Fingerprint(ctx, step, nil, was.Fingerprint)
	if err != nil {
		return nil, fmt.Errorf("%s: find out whether the plan still fits: %w", step.Name, err)
	}
	now.Inputs = was.Fingerprint.Inputs
	return was.Fingerprint.Differences(now), nil
}

// reviewed reports whether the run may do only what a person has seen.
func (r *run) reviewed() bool {
	return r.Saved != nil || r.Previous != nil && r.Previous.Plan != ""
}

// asReviewed runs a step of a saved plan: as it was planned, if it is given what it was planned with; else it is planned
// now, and held if somebody should look at that first.
func (r *run) asReviewed(ctx context.Context, step *schema.Step, given given) environments.StepResult {
	dir, seen, unlike := r.reviewedArtifact(ctx, step, given)
	if seen {
		return r.applyShown(ctx, step, given, dir, r.restReviewed(step))
	}
	if unlike != "" {
		r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: "planned again: " + unlike})
	}
	planned, dir := r.planNow(ctx, step, given)
	switch {
	case planned.Outcome == schema.Skipped:
		return r.lead(ctx, step, given, attempt{command: r.plan.Command})
	case !done(planned.Outcome) && planned.Outcome != schema.Deferred:
		return planned
	}
	if why := r.holds(ctx, step, given, planned); why != "" {
		return r.hold(ctx, dir, planned, why)
	}
	if planned.Outcome == schema.Deferred && !planned.Changes.ComeFirst() {
		return r.lead(ctx, step, given, attempt{command: r.plan.Command})
	}
	return r.applyShown(ctx, step, given, dir, r.restReviewed(step))
}

// reviewedArtifact reports whether a person has seen what a step would change, and that still fits: the saved plan tells,
// or what was held in the run that this one goes on with. Dir is what the tool kept of that, "" when it keeps nothing.
// Otherwise unlike says what does not fit, "" when nothing was planned.
func (r *run) reviewedArtifact(ctx context.Context, step *schema.Step, given given) (dir string, seen bool, unlike string) {
	was, seen := r.heldBefore(step)
	if seen {
		if dir = artifact(r.HeldArtifacts, step.Name); dir == "" || r.Signed { // what was held then is not signed
			return "", false, ""
		}
	} else if before := r.before(step); r.Saved != nil && (before == nil || !before.Started) {
		was, dir = r.Saved.Plan.Report.Step(step.Name), artifact(r.Saved.Artifacts, step.Name)
		seen = was != nil && (was.Shown() && !r.overtaken(step, was) || was.ShownFirst() && dir != "")
	}
	if !seen || was.Fingerprint == nil {
		return "", false, ""
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), was.Fingerprint)
	if err != nil {
		return "", false, err.Error()
	}
	if differences := was.Fingerprint.Differences(now); len(differences) > 0 {
		return "", false, strings.Join(differences, "; ")
	}
	return dir, true, ""
}

// overtaken reports whether a step was planned unchanged, and in this run something changed that it depends on: it may read
// more of that than the values it is given.
func (r *run) overtaken(step *schema.Step, was *schema.StepReport) bool {
	changes, _ := r.pending.above(step.Name)
	return was.Outcome == schema.Unchanged && len(changes) > 0
}

// heldBefore returns what the run that this one resumes says of a step that it began and held. What it held without
// beginning waited for an approval alone.
func (r *run) heldBefore(step *schema.Step) (*schema.StepReport, bool) {
	before := r.before(step)
	return before, before != nil && before.Outcome == schema.Held && before.Started
}

// previewOf returns the command that previews another.
func previewOf(c schema.Command) schema.Command {
	if c.Destroys() {
		return schema.CommandPlanDestroy
	}
	return schema.CommandPlan
}
