package environments

import (
	"context"

	"github.com/bitops-engine/bitops/schema"
)

// LeftOut returns why a step's configuration leaves it out, or "". No process starts.
func (l *Lifecycle) LeftOut(ctx context.Context, step *schema.Step, observe func(schema.Event)) (why string, err error) {
	r := l.with(ctx, Request{Step: step, Command: schema.CommandPlan}, observe,
		func(_ context.Context, c *Call, tool Tool) StepResult {
			why = skipped(c, tool)
			return StepResult{}
		})
	return why, r.err()
}

// LeftOutByFiles returns why a step is left out, or "", as far as its files in the checkout tell: defaults, hooks and the
// caller's variables can say otherwise.
func LeftOutByFiles(tool Tool, repository string, step *schema.Step) string {
	return skipped(inFiles(repository, step, schema.CommandPlan), tool)
}
