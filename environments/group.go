package environments

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// A group is a directory of which a tool makes several steps, such as one of helm charts. For BitOps it was one deployment,
// so its own hooks run once a run: the before hooks with the first of its steps that runs, the after hooks when the last one
// is over, if they have begun.

// group returns the directory of the step's group in the workspace, "" where the step is alone.
func (c *Call) group() string {
	if c.Step.Within == "" {
		return ""
	}
	return filepath.Join(strings.TrimSuffix(c.Directory, filepath.FromSlash(c.Step.Deployment)), filepath.FromSlash(c.Step.Within))
}

// groupName tells the groups of a run apart.
func groupName(step *schema.Step) string { return string(step.Environment.Step(step.Within)) }

// enterGroup runs the before hooks of the step's group, if no step before did.
func (l *Lifecycle) enterGroup(ctx context.Context, c *Call, hooks *exchange) error {
	if c.Step.Within == "" || l.inGroup(c.Step) {
		return nil
	}
	if HasBeforeHooks(schema.Directory{Root: c.group()}) {
		err := l.traced(c, c.Step.Within, func() error { return c.runHooksIn(ctx, c.group(), schema.PhaseBefore, beforeHooks, hooks) })
		if err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.groups == nil {
		l.groups = map[string]bool{}
	}
	l.groups[groupName(c.Step)] = true
	return nil
}

// inGroup reports whether the before hooks of a step's group have run.
func (l *Lifecycle) inGroup(step *schema.Step) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.groups[groupName(step)]
}

// leaveGroup runs the after hooks of the step's group, if it is the last one of it.
func (l *Lifecycle) leaveGroup(ctx context.Context, c *Call, hooks *exchange) error {
	if c.Step.Within == "" || c.previews() || !l.inGroup(c.Step) || !l.isLast(c) {
		return nil
	}
	return c.runHooksIn(ctx, c.group(), schema.PhaseAfter, afterHooks, hooks)
}

// skipInGroup is leaveGroup for a step that is left out itself.
func (l *Lifecycle) skipInGroup(ctx context.Context, c *Call, tool Tool) error {
	if _, after := hooksOf(tool); !after || c.Step.Within == "" || !l.inGroup(c.Step) {
		return nil
	}
	hooks, err := newExchange(c, l.Secrets)
	if err != nil {
		return err
	}
	_ = c.direct(tool) // for BITOPS_COMMAND; what is wrong with a step that is left out does not matter
	return l.leaveGroup(ctx, c, hooks)
}

// isLast reports whether no step of the group comes after this one. What is taken down goes from the last to the first.
func (l *Lifecycle) isLast(c *Call) bool {
	var first, last string
	for _, deployment := range l.Deployments[c.Step.Environment] {
		if strings.HasPrefix(deployment, c.Step.Within+"/") {
			if first == "" {
				first = deployment
			}
			last = deployment
		}
	}
	if c.backwards {
		last = first
	}
	return last == c.Step.Deployment
}

// hasBeforeHooks reports whether hooks may change what the step finds.
func (c *Call) hasBeforeHooks() bool {
	return HasBeforeHooks(schema.Directory{Root: c.Directory}) || c.Step.Within != "" && HasBeforeHooks(schema.Directory{Root: c.group()})
}
