package executor

import (
	"context"
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// sinceApplied says of a step that is not as declared, in a look for drift, what moved since it was applied last: the
// repository, or the world. It returns "" where nobody knows.
func (r *run) sinceApplied(ctx context.Context, step *schema.Step, given given, changes *schema.Changes) string {
	if r.plan.Command != schema.CommandDrift || changes.Empty() {
		return ""
	}
	record, err := r.Ownership.Record(ctx, step)
	if err != nil || record == nil || record.State != schema.StateDeployed {
		return r.Ownership.elsewhere(ctx, step)
	}
	run, was := record.Run, r.Ownership.ranWith(record)
	if was == nil {
		return ""
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), was)
	if err != nil {
		return ""
	}
	if differences := was.Differences(now); len(differences) > 0 {
		return fmt.Sprintf("not applied since run %s: %s", run, inShort(differences))
	}
	return fmt.Sprintf("changed elsewhere: here nothing of it changed since run %s", run)
}

// mostReasons is how many reasons are named; a person needs one.
const mostReasons = 3

func inShort(reasons []string) string {
	if more := len(reasons) - mostReasons; more > 0 {
		reasons = append(reasons[:mostReasons:mostReasons], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "; ")
}
