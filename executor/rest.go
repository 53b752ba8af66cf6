package executor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A tool may be able to plan no more of a step than what comes first. That is shown and applied as any plan. What is left is
// planned when it is done, and judged then, in the middle of the step:
//
//	of a plan file   by --deferred, as a step that could not be planned
//	with approval    it is held, unless nothing is left
//	otherwise        it goes on

// restReviewed judges what is left of a step of a plan file.
func (r *run) restReviewed(step *schema.Step) environments.Review {
	return r.review(step, func(left *schema.Changes) string {
		if r.deferralOf(step).Holds(left) {
			return r.whyUnreviewed()
		}
		return ""
	})
}

// restApproved judges what is left of a step that wants approval.
func (r *run) restApproved(step *schema.Step) environments.Review {
	return r.review(step, func(left *schema.Changes) string {
		if waitsForNobody(left) {
			return ""
		}
		return whyHeld(nil)
	})
}

func (r *run) review(step *schema.Step, judge func(left *schema.Changes) string) environments.Review {
	if r.Artifacts == "" {
		return environments.Review{}
	}
	rest := r.artifactOf(step) + "~rest"
	return environments.Review{Artifact: rest, Judge: func(left *schema.Changes) (string, error) {
		why := judge(left)
		if why == "" {
			return "", nil
		}
		return "what comes first is done; of the rest, " + why, r.holdRest(step, rest)
	}}
}

// holdRest keeps the plan of what is left for a person to look at, in place of the plan of what came first.
func (r *run) holdRest(step *schema.Step, rest string) error {
	dir := r.artifactOf(step)
	err := os.RemoveAll(dir)
	if err == nil {
		err = os.Rename(rest, dir)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, shownName), nil, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	return nil
}

// applyShown applies a plan that a person has seen, or that may go unseen. It is of the whole step, or of what comes first.
func (r *run) applyShown(ctx context.Context, step *schema.Step, given given, dir string, rest environments.Review) environments.StepResult {
	return r.lead(ctx, step, given, attempt{command: r.plan.Command, artifact: dir, planned: dir != "", review: rest})
}
