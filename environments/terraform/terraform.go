package terraform

import (
	"cmp"
	"context"
	"path"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// Terraform drives terraform or OpenTofu. All it keeps between calls is which programs are new enough, and what texts say.
type Terraform struct {
	parser   parser
	versions versions
	caches   parallel.Turns[string]
}

var (
	_ environments.Tool      = (*Terraform)(nil)
	_ environments.Skipper   = (*Terraform)(nil)
	_ environments.Director  = (*Terraform)(nil)
	_ environments.Preparer  = (*Terraform)(nil)
	_ environments.Previewer = (*Terraform)(nil)
	_ environments.Keeper    = (*Terraform)(nil)
)

// New returns the tool.
func New() *Terraform { return &Terraform{} }

// Name implements environments.Tool.
func (*Terraform) Name() schema.ToolName { return "terraform" }

// Inspect implements environments.Tool: it reads the variable and output blocks.
func (t *Terraform) Inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	s, problems := readSettings(d)
	module := t.parser.readModule(d, s.binary)
	declared, more := module.inspect()
	declared.Layers = []any{layerOf(d, module)}
	return declared, append(problems, more...).Sorted()
}

// Private implements environments.Tool: working directories, local state, crash logs, and the file that bitops itself
// generates.
func (*Terraform) Private(name string, isDir bool) bool {
	base := path.Base(name)
	if isDir {
		return base == dataDirectory || base == stateDirectory
	}
	switch {
	case base == overrideName,
		strings.HasSuffix(base, ".tfstate"), strings.HasSuffix(base, ".tfstate.backup"),
		strings.HasSuffix(base, ".tfstate.lock.info"),
		strings.Contains(base, ".tfstate.") && strings.HasSuffix(base, ".backup"), // of `terraform state mv`
		base == erroredState,
		strings.HasPrefix(base, "crash.") && strings.HasSuffix(base, ".log"):
		return true
	}
	return false
}

// Programs implements environments.Tool.
func (*Terraform) Programs(repository, dir string) []environments.Program {
	s, _ := readSettings(schema.Directory{Root: repository, Name: dir})
	p := environments.Program{Name: s.binary, VersionArgs: []string{"version"}, Install: howToGet(s.binary)}
	if s.binary != tofu {
		p.Minimum = minimum.String()
	}
	if s.wanted.constraints != nil {
		p.At, p.Unfit = s.wanted.at, s.wanted.unfitText
	}
	return []environments.Program{p}
}

// Skip implements environments.Skipper.
func (*Terraform) Skip(c *environments.Call) (string, error) {
	s, err := settingsOf(c)
	return s.skipped, err
}

// NoPreview implements environments.Previewer.
func (*Terraform) NoPreview(c *environments.Call) (string, error) {
	s, err := settingsOf(c)
	return s.noPreview, err
}

// Action implements environments.Director. As in BitOps v1 and v2, a step that does not say is planned.
func (*Terraform) Action(c *environments.Call) (schema.Command, error) {
	s, err := settingsOf(c)
	return schema.Command(cmp.Or(s.action, actionPlan)), err
}

// Prepare implements environments.Preparer: it runs init.
func (t *Terraform) Prepare(ctx context.Context, c *environments.Call) error {
	s, err := t.configure(c)
	if err != nil || s.skipped != "" || len(s.earlyNames()) > 0 { // the values for init are not known yet
		return err
	}
	if err = t.prepare(ctx, s); err == nil {
		_, err = t.initialise(ctx, s, false)
	}
	return err
}

// Plan implements environments.Tool.
func (t *Terraform) Plan(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) {
		if s.missingWorkspace != "" {
			if s.action == actionDestroy {
				return s.nowhere()
			}
			return s.planAsEmpty(ctx)
		}
		return s.preview(ctx)
	})
}

// PlanDestroy implements environments.Tool.
func (t *Terraform) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) {
		if s.missingWorkspace != "" {
			return s.nowhere()
		}
		return s.planOf(ctx, nil, "-destroy")
	})
}

// Apply implements environments.Tool. A step whose configuration pins it to planning, or to removal, obeys that.
func (t *Terraform) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) {
		if err := s.stillMissing(); err != nil {
			return environments.Result{}, err
		}
		switch s.action {
		case actionPlan:
			if s.missingWorkspace != "" {
				_, err := s.planAsEmpty(ctx)
				return environments.Result{Changes: &schema.Changes{}}, err
			}
			return s.onlyPlan(ctx)
		case actionDestroy:
			if err := c.Removes(); err != nil {
				return environments.Result{}, err
			}
			s.Notice("stack-action is destroy: the step is removed")
			return s.destroy(ctx)
		}
		if err := s.makeWorkspace(ctx); err != nil {
			return environments.Result{}, err
		}
		return s.apply(ctx)
	})
}

// Destroy implements environments.Tool.
func (t *Terraform) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return t.operate(ctx, c, func(s *session) (environments.Result, error) {
		if s.action == actionPlan {
			return environments.Result{}, environments.Failuref("not destroyed: the step's stack-action is plan; change that first")
		}
		return s.destroy(ctx)
	})
}

// Outputs implements environments.Tool.
func (t *Terraform) Outputs(ctx context.Context, c *environments.Call) (schema.Values, error) {
	result, err := t.with(ctx, c, false, func(s *session) (environments.Result, error) {
		if s.missingWorkspace != "" {
			return environments.Result{}, nil
		}
		values, err := s.outputs(ctx)
		return environments.Result{Outputs: values}, err
	})
	return result.Outputs, err
}

// Deployed implements environments.Tool. A state without resources but with outputs counts: others may read them, and
// destroy removes them.
func (t *Terraform) Deployed(ctx context.Context, c *environments.Call) (bool, error) {
	deployed := false
	_, err := t.with(ctx, c, false, func(s *session) (_ environments.Result, err error) {
		if s.missingWorkspace == "" {
			deployed, err = s.deployed(ctx)
		}
		return environments.Result{}, err
	})
	return deployed, err
}
