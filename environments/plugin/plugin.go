package plugin

import (
	"context"
	"slices"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Plugin drives one plugin. It reads the plugin's own files once, and keeps nothing else between calls.
type Plugin struct {
	name      schema.ToolName
	load      func() *files
	variables func() []environments.KeyVariables
}

var (
	_ environments.Tool       = (*Plugin)(nil)
	_ environments.Skipper    = (*Plugin)(nil)
	_ environments.Director   = (*Plugin)(nil)
	_ environments.Checker    = (*Plugin)(nil)
	_ environments.Configured = (*Plugin)(nil)
	_ environments.Previewer  = (*Plugin)(nil)
	_ environments.Hooked     = (*Plugin)(nil)
	_ environments.Versioned  = (*Plugin)(nil)
	_ environments.Resident   = (*Plugin)(nil)
)

// New returns the plugins that the manifest declares, in its order, and those of the image that it does not. Whether
// they are there, and in order, is found out when a step needs them.
func New(o Options) []environments.Tool {
	var all []environments.Tool
	for _, d := range o.declarations() {
		load := sync.OnceValue(func() *files { return o.read(d) })
		all = append(all, &Plugin{name: d.name, load: load, variables: sync.OnceValue(func() []environments.KeyVariables {
			return keyVariables(load().keys, d.name)
		})})
	}
	return all
}

// Name implements environments.Tool.
func (p *Plugin) Name() schema.ToolName { return p.name }

// Inspect implements environments.Tool: a script can take any input and leave any output.
// The configuration's keys that are not known are warnings; values may still come from hooks and variables.
func (p *Plugin) Inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	f := p.load()
	problems := f.problems
	if f.parses() {
		_, found := f.keys.Resolve(d, nil)
		found = slices.DeleteFunc(found, func(p schema.Problem) bool { return p.Severity == schema.SeverityError })
		problems = slices.Concat(problems, found)
	}
	return schema.Interface{AnyInput: true, MoreOutput: true}, problems
}

// Private implements environments.Tool: there is nothing of the kind.
func (*Plugin) Private(string, bool) bool { return false }

// Hooks implements environments.Hooked with before_hook_scripts and after_hook_scripts of plugin.config.yaml.
func (p *Plugin) Hooks() (before, after bool) {
	f := p.load()
	return f.config.before, f.config.after
}

// ConfigurationSchema implements environments.Configured. A plugin that brings no schema takes anything.
func (p *Plugin) ConfigurationSchema() ([]byte, error) {
	if f := p.load(); f.parses() {
		return f.keys.JSONSchema()
	}
	return []byte("{\"type\": \"object\"}\n"), nil
}

// Programs implements environments.Tool: the language, and what plugin.config.yaml depends on.
func (p *Plugin) Programs(_, _ string) []environments.Program { return p.load().programs() }

// Check implements environments.Checker: the plugin must be installed, and its script must be there.
func (p *Plugin) Check(_ context.Context, _ *environments.Call) error { return p.load().ready() }

// Version implements environments.Versioned: a plugin's version is what its files hold.
func (p *Plugin) Version(context.Context, *environments.Call) (string, error) {
	dir := p.load().place.dir
	if dir == "" {
		return "", nil
	}
	return string(p.name) + " " + fingerprint(dir), nil
}

// Directory implements environments.Resident.
func (p *Plugin) Directory() string { return p.load().place.dir }

// Skip implements environments.Skipper. What the configuration lacks may still be written by a hook.
func (p *Plugin) Skip(c *environments.Call) (string, error) {
	s, err := p.session(c, unfinished)
	if err != nil {
		return "", err
	}
	return s.skipped(), nil
}

// NoPreview implements environments.Previewer.
func (p *Plugin) NoPreview(c *environments.Call) (string, error) {
	s, err := p.session(c, unfinished)
	if err != nil {
		return "", err
	}
	return environments.NoPreview(s.values), nil
}

// Action implements environments.Director. A script that declares no plan is run for one as v2 ran it: it is told plan.
func (p *Plugin) Action(c *environments.Call) (schema.Command, error) {
	s, err := p.session(c, unfinished)
	switch {
	case err != nil:
		return "", err
	case s.actions.pinnedToRemoval():
		return schema.CommandDestroy, nil
	case s.actions.pinnedToPlan() && s.actions.config.plan != "":
		return schema.CommandPlan, nil
	}
	return schema.CommandApply, nil
}

// Plan implements environments.Tool: only a plugin that declares `plan` is called.
func (p *Plugin) Plan(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return p.operate(ctx, c, func(s *session) (environments.Result, error) { return s.preview(ctx) })
}

// Apply implements environments.Tool. A step whose configuration pins it to planning, or to removal, obeys that.
func (p *Plugin) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return p.operate(ctx, c, func(s *session) (environments.Result, error) { return s.apply(ctx) })
}

// PlanDestroy implements environments.Tool: no plugin can be asked what it would remove.
func (p *Plugin) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return p.operate(ctx, c, (*session).previewDestroy)
}

// Destroy implements environments.Tool.
func (p *Plugin) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return p.operate(ctx, c, func(s *session) (environments.Result, error) { return s.destroy(ctx) })
}

// Outputs implements environments.Tool: nothing, unless the plugin declares `outputs`.
func (p *Plugin) Outputs(ctx context.Context, c *environments.Call) (schema.Values, error) {
	s, err := p.session(c, unfinished)
	if err != nil {
		return nil, err
	}
	return s.outputs(ctx)
}

// Deployed implements environments.Tool. Nobody can ask a plugin.
func (*Plugin) Deployed(context.Context, *environments.Call) (bool, error) {
	return false, environments.ErrCannotTell
}
