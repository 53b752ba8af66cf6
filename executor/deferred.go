package executor

import (
	"context"
	"fmt"
	"maps"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// promised is a step that is not planned yet. What it would run with is promised all the same, as far as it is known.
func (r *run) promised(ctx context.Context, step *schema.Step, given given) environments.StepResult {
	fingerprint, err := r.Runner.Fingerprint(ctx, step, given.all(), nil)
	if err != nil {
		return r.broken(ctx, fmt.Errorf("find out what the step runs with: %w", err))
	}
	return environments.StepResult{Outcome: schema.Deferred, Fingerprint: fingerprint}
}

// deferred is a step whose inputs are not known yet. Where the manifest has values to preview with, the changes are those
// of such a preview, and nothing else comes of it: that it fails can be the fault of these values, so the step is no more
// than deferred.
func (r *run) deferred(ctx context.Context, step *schema.Step, given given) environments.StepResult {
	result := r.promised(ctx, step, given)
	if result.Outcome != schema.Deferred {
		return result
	}
	mocked, ok, err := given.mocked(step)
	if err != nil {
		return r.broken(ctx, err)
	}
	if !ok {
		return result
	}
	end := r.values.turn(step.Environment)
	preview := r.Runner.Do(ctx, environments.Request{
		Step: step, Command: r.plan.Command, Inputs: mocked.inputs, Offered: mocked.offered,
	}, r.Emitter.Emit)
	end()
	r.Emitter.Learn(preview.Outputs) // nobody gets them, and what is secret of them stays so
	switch {
	case done(preview.Outcome):
		result.Changes = preview.Changes
	case preview.Outcome == schema.Failed:
		result.Reason = "the preview with mock values failed: " + preview.Error.Message
	default:
		return preview
	}
	return result
}

// mocked returns the values with mocks in place of those that are not known yet. It is false when one has no mock.
func (g given) mocked(step *schema.Step) (given, bool, error) {
	all := given{inputs: maps.Clone(g.inputs), offered: g.offered}
	for _, waiting := range g.waiting {
		mock, ok := mockOf(step, waiting.Input)
		if !ok {
			return g, false, nil
		}
		value, err := mock.Evaluate(&schema.Scope{Environment: step.Environment, Path: step.EnvironmentPath, Tags: step.Tags})
		if err != nil {
			return g, false, fmt.Errorf("mock %s: %w", waiting.Input, err)
		}
		all.inputs[waiting.Input] = value
	}
	return all, true, nil
}

// unmocked returns the unknown inputs that have no mock, as the manifest would give them one.
func (g given) unmocked(step *schema.Step) []string {
	var all []string
	for _, w := range g.waiting {
		if _, ok := mockOf(step, w.Input); !ok {
			all = append(all, w.Input+": ...")
		}
	}
	return all
}

func mockOf(step *schema.Step, name string) (schema.Expression, bool) {
	for _, mock := range step.Mock {
		if mock.Name == name {
			return mock.Expression, true
		}
	}
	return schema.Expression{}, false
}
