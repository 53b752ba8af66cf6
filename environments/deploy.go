package environments

import (
	"context"
	"path/filepath"

	"github.com/bitops-engine/bitops/schema"
)

// Director is a Tool whose configuration says what `bitops deploy` does with a step: v2's stack-action.
type Director interface {
	// Action returns CommandPlan, CommandApply or CommandDestroy.
	Action(c *Call) (schema.Command, error)
}

// Says returns what `bitops deploy` does with a step, as far as its files in the checkout tell: hooks and the caller's
// variables can say otherwise.
func Says(tool Tool, repository string, step *schema.Step) (schema.Command, error) {
	director, ok := tool.(Director)
	if !ok {
		return schema.CommandApply, nil
	}
	return director.Action(inFiles(repository, step, schema.CommandDeploy))
}

// inFiles returns the call of a step that sees nothing but its files in the checkout.
func inFiles(repository string, step *schema.Step, command schema.Command) *Call {
	dir := filepath.Join(repository, filepath.FromSlash(step.Directory()))
	return NewCall(CallOptions{
		Step: step, Command: command, Directory: dir, Source: dir, Variables: Variables{}, Observe: func(schema.Event) {},
	})
}

// Deploys reports whether the run is a `bitops deploy`: what the configuration says is then done as it stands there,
// defaults included.
func (c *Call) Deploys() bool { return c.deploys }

// direct turns CommandDeploy into the command that the step's configuration means, and tells hooks which. Every other
// command stays as it is.
func (c *Call) direct(tool Tool) error {
	if !c.deploys {
		return nil
	}
	command := schema.CommandApply
	if d, ok := tool.(Director); ok {
		var err error
		if command, err = d.Action(c); err != nil {
			return err
		}
	}
	if command.Destroys() && c.Step.Protect {
		return Failuref("the configuration says to remove this step, and environment %q is protected; "+
			"take `protect` out of the manifest, or change the configuration", c.Step.Environment)
	}
	c.Command = command
	c.Variables["BITOPS_COMMAND"] = string(command.Effective())
	return nil
}

// previews reports whether the step is only previewed: its hooks are then told less than when it is deployed. A step of
// `bitops deploy` that is planned is not: BitOps ran all hooks whatever the stack-action.
func (c *Call) previews() bool { return c.Command.Previews() && !c.deploys }

// planOnly is the tool's part of `bitops deploy` for a step that its configuration has only planned. The step leaves behind what it
// did before, because nothing changes.
func planOnly(ctx context.Context, c *Call, tool Tool) (Result, error) {
	planned, err := tool.Plan(ctx, c)
	if err != nil || planned.Skipped != "" || planned.Deferred != "" {
		return planned, err
	}
	if n := planned.Changes; n != nil {
		c.Notice("only planned (+%d ~%d -%d): its configuration says so", n.Add, n.Change, n.Remove)
	} else {
		c.Notice("only planned: its configuration says so")
	}
	outputs, err := tool.Outputs(ctx, c)
	return Result{Changes: &schema.Changes{}, Outputs: outputs}, err
}
