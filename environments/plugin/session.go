package plugin

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// session is one call on its way through a plugin.
type session struct {
	*environments.Call
	files   *files
	values  *schema.ToolValues
	actions actions
}

// completeness says whether the configuration must be complete, or hooks may still write to it.
type completeness bool

const (
	complete   completeness = true
	unfinished completeness = false
)

// operate runs body on a configured step, unless the configuration leaves it out.
func (p *Plugin) operate(
	ctx context.Context, c *environments.Call, body func(*session) (environments.Result, error),
) (environments.Result, error) {
	reason, err := p.Skip(c)
	if reason != "" || err != nil {
		return environments.Result{Skipped: reason}, err
	}
	c.Phase(schema.PhaseConfigure, "reading the configuration")
	s, err := p.session(c, complete)
	if err != nil {
		return environments.Result{}, err
	}
	if err := s.claim(ctx); err != nil {
		return environments.Result{}, err
	}
	return body(s)
}

// session reads the step's configuration and hands its values to hooks and script.
func (p *Plugin) session(c *environments.Call, want completeness) (*session, error) {
	s := &session{Call: c, files: p.load()}
	if err := s.files.ready(); err != nil {
		return nil, err
	}
	keys := *s.files.keys
	if want == unfinished {
		keys.Root = optional(keys.Root)
	}
	var err error
	if s.files.parses() {
		s.values, err = c.Configure(&keys)
	} else {
		s.values, err = s.resolve(&keys)
	}
	if err != nil {
		return nil, err
	}
	s.actions = actionsOf(s.files, s.values)
	if c.Deploys() { // v2 passed the schema's default on like anything that is written
		s.actions.written = cmp.Or(s.actions.written, s.actions.standard)
	}
	maps.Copy(c.Variables, s.hookVariables(s.action()))
	return s, nil
}

// resolve reads skip-deploy and preview alone from a configuration whose other keys only the script knows.
func (s *session) resolve(keys *schema.ToolSchema) (*schema.ToolValues, error) {
	dir := s.Step.Directory()
	values, problems := keys.ResolveFor(schema.Directory{Root: strings.TrimSuffix(s.Directory, "/"+dir), Name: dir}, s.ToolVariables())
	return values, problems.Err()
}

// skipped returns why the step is left out, or "".
func (s *session) skipped() string {
	if !s.values.Flag(keySkip) {
		return ""
	}
	if name, ok := strings.CutPrefix(s.values.From(keySkip), "variable "); ok {
		return name + " is set"
	}
	return leafSkip + " is set"
}

// action returns the stack-action for the call's command.
func (s *session) action() string {
	switch s.Command {
	case schema.CommandPlan, schema.CommandDrift:
		return s.actions.config.plan
	case schema.CommandDestroy, schema.CommandPlanDestroy:
		return s.actions.destroy()
	case schema.CommandApply, schema.CommandDeploy:
	}
	return s.actions.apply()
}

// preview runs the plugin's own plan, if it has one.
func (s *session) preview(ctx context.Context) (environments.Result, error) {
	switch {
	case s.actions.pinnedToRemoval():
		s.Notice("stack-action is %s: apply removes this step", s.actions.written)
		return environments.Result{}, nil
	case s.actions.pinnedToPlan():
		s.Notice("stack-action is %s: apply only plans this step", s.actions.written)
	}
	if s.actions.config.plan == "" {
		s.Notice("cannot preview: plugin %s declares no plan in its %s", s.files.name, configFile)
		return environments.Result{}, nil
	}
	result, err := s.plan(ctx)
	if err == nil && result.Changes != nil && result.Changes.Empty() { // then what is there is what will be there
		result.Outputs, err = s.outputs(ctx)
	}
	return result, err
}

func (s *session) apply(ctx context.Context) (environments.Result, error) {
	action := s.actions.apply()
	if s.actions.pinnedToRemoval() {
		s.Notice("stack-action is %s: the step is removed", action)
		return s.run(ctx, action)
	}
	result, err := s.run(ctx, action)
	if err != nil {
		return result, err
	}
	if s.actions.pinnedToPlan() {
		s.Notice("stack-action is %s: only planned", action)
		result.Changes = &schema.Changes{}
	}
	result.Outputs, err = s.outputs(ctx)
	return result, err
}

// previewDestroy says what destroy would do as far as anybody can know.
func (s *session) previewDestroy() (environments.Result, error) {
	if reason := s.stays(); reason != "" {
		s.Notice("destroy leaves what this step made: %s", reason)
		return environments.Result{Changes: &schema.Changes{}}, nil
	}
	s.Notice("cannot preview what plugin %s would remove", s.files.name)
	return environments.Result{}, nil
}

func (s *session) destroy(ctx context.Context) (environments.Result, error) {
	if reason := s.stays(); reason != "" {
		s.Notice("what this step made stays: %s", reason)
		return environments.Result{Changes: &schema.Changes{}}, nil
	}
	return s.run(ctx, s.actions.destroy())
}

// stays returns why destroy removes nothing, or "".
func (s *session) stays() string {
	switch {
	case s.actions.pinnedToPlan():
		return "stack-action is " + s.actions.written
	case s.actions.destroy() == "":
		return "plugin " + string(s.files.name) + " has no stack-action in its " + schemaFile + ", and declares no destroy in its " + configFile
	}
	return ""
}

// plan runs the plugin's script for its plan: what it prints is that.
func (s *session) plan(ctx context.Context) (environments.Result, error) {
	var told schema.Told
	names := diff.Named{Secret: secret.NameIsSecret}
	result, err := s.runSeen(ctx, s.actions.config.plan, func(l process.Line) {
		if !l.Partial {
			l.Text, _ = names.Line(l.Text)
		}
		told.Add(l.Text, l.Partial)
	})
	result.Told = told.Lines()
	return result, err
}

// run runs the plugin's script with a stack-action.
func (s *session) run(ctx context.Context, action string) (environments.Result, error) {
	return s.runSeen(ctx, action, nil)
}

// runSeen is run with somebody who sees what the script prints.
func (s *session) runSeen(ctx context.Context, action string, prints func(process.Line)) (environments.Result, error) {
	p, err := s.program(action)
	if err != nil {
		return environments.Result{}, err
	}
	p.Prints = prints
	told, err := s.newChanges(&p)
	if err != nil {
		return environments.Result{}, err
	}
	s.Phase(schema.PhaseTool, s.what(action))
	err = s.must(ctx, p, action)
	return environments.Result{Changes: told.read(s.Call)}, err
}

// program is one start of the script. As in v2, the stack-action is always there, empty or not.
func (s *session) program(action string) (environments.ProgramCall, error) {
	variables, err := s.scriptVariables(action)
	return environments.ProgramCall{
		Name:  s.files.config.deploy.language,
		Args:  []string{filepath.Join(s.files.place.dir, s.files.config.deploy.name), action},
		Extra: variables,
	}, err
}

// what names the script and its stack-action for people.
func (s *session) what(action string) string {
	return strings.TrimSpace(string(s.files.name) + ": " + s.files.config.deploy.name + " " + action)
}

// must runs the script, which has to succeed. One that was interrupted has not, whatever its exit code says.
func (s *session) must(ctx context.Context, p environments.ProgramCall, action string) error {
	result, err := s.Run(ctx, p)
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return &environments.Failure{Message: "plugin " + string(s.files.name) + " cannot run: " + missing.Error(), ExitCode: 127}
	}
	switch {
	case err != nil:
		return err
	case result.ExitCode != 0:
		failure := s.Failed(environments.ProgramCall{Name: p.Name}, result)
		failure.Message = "plugin " + s.what(action) + strings.TrimPrefix(failure.Message, filepath.Base(p.Name))
		return failure
	case result.Interrupted:
		return environments.Failuref("plugin %s was interrupted", s.what(action))
	}
	return nil
}
