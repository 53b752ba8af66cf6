package environments

import (
	"context"
	"os"

	"github.com/bitops-engine/bitops/schema"
)

// Prepare gets a step ready ahead of its time, as far as its tool can and no hook has a say in it. The workspace is brought
// up to date again when the step begins: what it depends on may change files until then.
func (l *Lifecycle) Prepare(ctx context.Context, r Request, observe func(schema.Event)) error {
	tool := l.tool(r.Step.Tool)
	preparer, ok := tool.(Preparer)
	if !ok {
		return nil
	}
	l.begin.Do(l.prepareRun)
	ctx, cancel := withTimeout(ctx, r.Step)
	defer cancel()
	ws, _, err := l.sync(ctx, r.Step, l.newSources())
	if err != nil {
		return err
	}
	c, err := l.callIn(ws, r, observe)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(c.Private) }()
	c.within = ctx
	if c.hasBeforeHooks() || c.Command.Previews() && unpreviewable(c, tool) != "" {
		return nil
	}
	return preparer.Prepare(ctx, c)
}
