package cloudformation

import (
	"context"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// CloudFormation deploys templates as stacks. All it keeps between calls is which account credentials are for.
type CloudFormation struct {
	poll     time.Duration // the shortest pause between two looks at what goes on in AWS
	accounts accounts
}

var (
	_ environments.Tool       = (*CloudFormation)(nil)
	_ environments.Skipper    = (*CloudFormation)(nil)
	_ environments.Director   = (*CloudFormation)(nil)
	_ environments.Configured = (*CloudFormation)(nil)
	_ environments.Previewer  = (*CloudFormation)(nil)
)

// New returns the tool.
func New() *CloudFormation { return &CloudFormation{poll: time.Second} }

// Name implements environments.Tool.
func (*CloudFormation) Name() schema.ToolName { return "cloudformation" }

// Inspect implements environments.Tool: it reads the parameters and the outputs of the template that the configuration
// names, without variables.
func (*CloudFormation) Inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	return inspect(d)
}

// Private implements environments.Tool: there is nothing of the kind.
func (*CloudFormation) Private(string, bool) bool { return false }

// Programs implements environments.Tool: none is needed.
func (*CloudFormation) Programs(string, string) []environments.Program { return nil }

// ConfigurationSchema implements environments.Configured.
func (*CloudFormation) ConfigurationSchema() ([]byte, error) {
	return configurationSchema().JSONSchema()
}

// Skip implements environments.Skipper. What the configuration lacks may still be written by a hook.
func (*CloudFormation) Skip(c *environments.Call) (string, error) {
	values, err := configure(c, unfinishedSchema())
	if err != nil {
		return "", err
	}
	return skipped(values), nil
}

// NoPreview implements environments.Previewer.
func (*CloudFormation) NoPreview(c *environments.Call) (string, error) {
	values, err := configure(c, unfinishedSchema())
	if err != nil {
		return "", err
	}
	return environments.NoPreview(values), nil
}

// Action implements environments.Director.
func (*CloudFormation) Action(c *environments.Call) (schema.Command, error) {
	values, err := configure(c, unfinishedSchema())
	if err != nil {
		return "", err
	}
	if strings.EqualFold(values.Text("cli.stack-action"), actionDelete) {
		return schema.CommandDestroy, nil
	}
	return schema.CommandApply, nil
}

// Plan implements environments.Tool.
func (t *CloudFormation) Plan(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) {
		if s.action == actionDelete {
			s.Notice("stack-action is delete: apply removes the stack %s", s.stackName)
			return s.previewRemoval(ctx)
		}
		return s.preview(ctx)
	})
}

// Apply implements environments.Tool. A step whose configuration pins it to removal obeys that.
func (t *CloudFormation) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) {
		if s.action == actionDelete {
			if err := c.Removes(); err != nil {
				return environments.Result{}, err
			}
			s.Notice("stack-action is delete: the stack %s is removed", s.stackName)
			return s.remove(ctx)
		}
		return s.deploy(ctx)
	})
}

// PlanDestroy implements environments.Tool.
func (t *CloudFormation) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) { return s.previewRemoval(ctx) })
}

// Destroy implements environments.Tool.
func (t *CloudFormation) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) { return s.remove(ctx) })
}

// Outputs implements environments.Tool.
func (t *CloudFormation) Outputs(ctx context.Context, c *environments.Call) (schema.Values, error) {
	result, err := t.with(ctx, c, func(s *session) (environments.Result, error) {
		found, err := s.find(ctx)
		return environments.Result{Outputs: s.outputs(found)}, err
	})
	return result.Outputs, err
}

// Deployed implements environments.Tool. A stack that a change set has only announced does not count.
func (t *CloudFormation) Deployed(ctx context.Context, c *environments.Call) (bool, error) {
	deployed := false
	_, err := t.with(ctx, c, func(s *session) (environments.Result, error) {
		found, err := s.find(ctx)
		deployed = found != nil && !announced(found)
		return environments.Result{}, err
	})
	return deployed, err
}
