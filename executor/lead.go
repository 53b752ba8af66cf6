package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// with lets a step run with its values.
func (r *run) with(ctx context.Context, step *schema.Step, given given) environments.StepResult {
	switch {
	case r.wantsApproval(step):
		return r.asApproved(ctx, step, given)
	case r.reviewed() && !r.plan.Command.Previews():
		return r.asReviewed(ctx, step, given)
	}
	a := attempt{command: r.plan.Command}
	if a.command.Previews() && r.Artifacts != "" {
		a.artifact = r.artifactOf(step)
		if err := os.MkdirAll(a.artifact, 0o700); err != nil {
			return r.broken(ctx, fmt.Errorf("keep the plan: %w", err))
		}
	}
	return r.lead(ctx, step, given, a)
}

// artifactOf returns where a preview of this run leaves what applying the step needs, "" for nowhere.
func (r *run) artifactOf(step *schema.Step) string {
	if r.Artifacts == "" {
		return ""
	}
	return filepath.Join(r.Artifacts, step.Name.FileName())
}

// attempt is one way through a step's lifecycle.
type attempt struct {
	command  schema.Command
	artifact string // where its plan is left, or taken from
	planned  bool   // it is taken from there
	review   environments.Review
}

// lead takes a step through its lifecycle.
func (r *run) lead(ctx context.Context, step *schema.Step, given given, a attempt) environments.StepResult {
	fingerprint, err := r.Runner.Fingerprint(ctx, step, given.all(), nil)
	if err != nil {
		return r.broken(ctx, fmt.Errorf("find out what the step runs with: %w", err))
	}
	request := environments.Request{
		Step: step, Command: a.command, Inputs: given.inputs, Offered: given.offered, Fingerprint: fingerprint,
		Artifact: a.artifact, Planned: a.planned, Review: a.review, Owed: r.owed(ctx, step),
	}
	b := &begun{fingerprint: fingerprint}
	if !a.command.Previews() {
		request.Begin = func() error { return r.begin(ctx, step, b) }
	}
	request.Claim = func(ctx context.Context, id *schema.Identity, previews bool) error {
		return r.claim(ctx, step, b, previews, id)
	}
	end := r.values.turn(step.Environment)
	result := r.Runner.Do(ctx, request, r.Emitter.Emit)
	end()
	result = r.foundNothing(ctx, step, result)
	result.Outputs = r.learn(step, result.Outputs)
	if a.command.Previews() && !r.plan.Command.Previews() { // a look before the step is applied, or held
		return result
	}
	if result.Reason == "" && done(result.Outcome) {
		result.Reason = r.sinceApplied(ctx, step, given, result.Changes)
	}
	if done(result.Outcome) && !r.commandOf(result).Destroys() {
		unforeseen := step.Interface.MoreOutput || result.Changes == nil
		r.values.set(step, result.Outputs, r.plan.Command.Previews() && unforeseen)
	}
	return r.keep(ctx, step, b, result)
}
