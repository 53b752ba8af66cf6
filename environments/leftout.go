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

// skip does what is left to do of a step that is left out: its part in a directory of charts, or in a deploy its hooks.
func (l *Lifecycle) skip(ctx context.Context, c *Call, tool Tool) error {
	if !l.Deploys || c.Step.Within != "" {
		return l.skipInGroup(ctx, c, tool)
	}
	return l.hooksAlone(ctx, c, tool)
}

// hooksAlone runs the hooks of a step around nothing, as BitOps did: deploy_plugins.py runs them whatever the tool's script
// does. What they leave goes to nobody: the step keeps what it left behind when it was deployed.
func (l *Lifecycle) hooksAlone(ctx context.Context, c *Call, tool Tool) error {
	if err := l.takeBack(c); err != nil {
		return err
	}
	hooks, err := newExchange(c, l.Secrets)
	if err != nil {
		return err
	}
	_ = c.direct(tool) // for BITOPS_COMMAND; what is wrong with a step that is left out does not matter
	before, after := hooksOf(tool)
	if before {
		err = l.beforehand(ctx, c, tool, hooks)
	}
	if err == nil && after && !c.previews() {
		err = c.runHooks(ctx, schema.PhaseAfter, afterHooks, hooks)
	}
	return err
}
