package ansible

import (
	"context"
	"path"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// Ansible drives ansible-playbook. It keeps nothing between calls but the program's version.
type Ansible struct {
	versions parallel.Once[string, string] // by the PATH that ansible-playbook is found in
}

var (
	_ environments.Tool       = (*Ansible)(nil)
	_ environments.Skipper    = (*Ansible)(nil)
	_ environments.Director   = (*Ansible)(nil)
	_ environments.Checker    = (*Ansible)(nil)
	_ environments.Configured = (*Ansible)(nil)
	_ environments.Previewer  = (*Ansible)(nil)
	_ environments.Versioned  = (*Ansible)(nil)
)

// New returns the tool.
func New() *Ansible { return &Ansible{} }

// Name implements environments.Tool.
func (*Ansible) Name() schema.ToolName { return "ansible" }

// Inspect implements environments.Tool. A playbook takes variables of any name, and set_stats leaves outputs of any name.
func (*Ansible) Inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	read, problems := readSettings(d)
	if !problems.HasErrors() && read.skipped == "" {
		problems = append(problems, read.playbookProblems(d)...)
	}
	return schema.Interface{AnyInput: true, MoreOutput: true}, problems
}

// Private implements environments.Tool: the lists of hosts to try again.
func (*Ansible) Private(name string, isDir bool) bool { return !isDir && path.Ext(name) == ".retry" }

// Skip implements environments.Skipper.
func (*Ansible) Skip(c *environments.Call) (string, error) {
	s, err := configure(c)
	return s.skipped, err
}

// NoPreview implements environments.Previewer.
func (*Ansible) NoPreview(c *environments.Call) (string, error) {
	s, err := configure(c)
	return s.noPreview, err
}

// Action implements environments.Director: what dryrun says.
func (*Ansible) Action(c *environments.Call) (schema.Command, error) {
	s, err := configure(c)
	if s.dryRun {
		return schema.CommandPlan, err
	}
	return schema.CommandApply, err
}

// Plan implements environments.Tool.
func (a *Ansible) Plan(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return a.operate(c, func(s *session) (environments.Result, error) {
		if why := s.awaits(); why != "" && !c.Deploys() {
			return environments.Result{Deferred: why}, nil
		}
		if s.dryRun && !c.Deploys() {
			s.Notice("dryrun is set: apply only checks this step")
		}
		return s.preview(ctx, s.playbook)
	})
}

// Apply implements environments.Tool.
func (a *Ansible) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return a.operate(c, func(s *session) (environments.Result, error) { return s.run(ctx, s.playbook) })
}

// PlanDestroy implements environments.Tool.
func (a *Ansible) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return a.operate(c, func(s *session) (environments.Result, error) {
		if s.destroyPlaybook == "" {
			return s.nothingToDestroy()
		}
		result, err := s.preview(ctx, s.destroyPlaybook)
		result.Outputs = nil
		return result, err
	})
}

// Destroy implements environments.Tool.
func (a *Ansible) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return a.operate(c, func(s *session) (environments.Result, error) {
		if s.destroyPlaybook == "" {
			return s.nothingToDestroy()
		}
		result, err := s.run(ctx, s.destroyPlaybook)
		result.Outputs = nil
		return result, err
	})
}

// Outputs implements environments.Tool: there is nobody to ask.
func (*Ansible) Outputs(context.Context, *environments.Call) (schema.Values, error) { return nil, nil }

// Deployed implements environments.Tool. Where destroy would run nothing, nothing is there to take down.
func (*Ansible) Deployed(_ context.Context, c *environments.Call) (bool, error) {
	s, err := configure(c)
	if err == nil && s.skipped == "" && s.destroyPlaybook != "" {
		err = environments.ErrCannotTell
	}
	return false, err
}

// operate runs body, unless the configuration leaves the step out. Hooks may have edited the files since Skip.
func (a *Ansible) operate(c *environments.Call, body func(*session) (environments.Result, error)) (environments.Result, error) {
	c.Phase(schema.PhaseConfigure, "reading the configuration")
	s, err := configure(c)
	if s.skipped != "" || err != nil {
		return environments.Result{Skipped: s.skipped}, err
	}
	return body(&session{Call: c, settings: s, config: readConfig(c.Directory, c.Variables)})
}
