package environments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// Lifecycle takes steps through their phases. It is safe for concurrent use, as long as the steps of one environment do
// not overlap. It is made for one run: an environment's workspace is brought up to date at its first step.
type Lifecycle struct {
	Repository string // absolute, symbolic links resolved
	Store      string // the .bitops directory, absolute
	Run        schema.RunID
	FailFast   bool
	Default    string // the default folder's name
	Tools      []Tool
	Runner     process.Runner
	Environ    []string              // the caller's variables
	Secrets    func(texts ...string) // told every text that must not be shown, before it could be
	Hide       func(path string) bool
	// Deployments are the directories of each environment's steps, for the defaults that are laid under them.
	Deployments map[schema.EnvironmentName][]string

	begin      sync.Once
	inherited  Variables // the caller's
	mu         sync.Mutex
	workspaces map[schema.EnvironmentName]*prepared
}

// prepared is a workspace that was brought up to date in this run, or could not be.
type prepared struct {
	workspace *workspace.Workspace
	err       error
}

// Request is one step and its values.
type Request struct {
	Step    *schema.Step
	Command schema.Command
	Inputs  schema.Values
	Offered schema.Values

	// Begin is called once before the step can change anything, and not at all when it is skipped or does not come that
	// far. When it fails, the step does not go on. May be nil.
	Begin func() error
}

// StepResult is what became of a step.
type StepResult struct {
	Outcome schema.Outcome
	Changes *schema.Changes
	Outputs schema.Values
	Error   *schema.StepError
	Reason  string
}

// Do takes one step from its first hook to its last and tells observe what happens. It returns when nothing of the step
// runs any more. When ctx is done the step is interrupted.
func (l *Lifecycle) Do(ctx context.Context, r Request, observe func(schema.Event)) StepResult {
	return l.with(ctx, r, observe, func(stepCtx context.Context, c *Call, tool Tool) StepResult {
		if reason := skipped(c, tool); reason != "" {
			return StepResult{Outcome: schema.Skipped, Reason: reason}
		}
		hooks, err := newExchange(c, l.Secrets)
		if err == nil && r.Begin != nil {
			err = r.Begin()
		}
		if err != nil {
			return outcome(ctx, stepCtx, c, Result{}, err)
		}
		result, err := l.phases(stepCtx, c, tool, hooks)
		ended := outcome(ctx, stepCtx, c, result, err) // judged before the on-failure hooks take their time
		if err != nil {
			afterFailure(stepCtx, c, hooks, ended.Error.Message)
		}
		if ended.Outcome != schema.Skipped {
			ended.Outputs = hooks.over(result.Outputs)
		}
		return ended
	})
}

// skipped says why a step is left out, or "". A configuration that cannot be read leaves nothing out: before hooks may
// repair it, and if they do not, the tool complains.
func skipped(c *Call, tool Tool) string {
	s, ok := tool.(Skipper)
	if !ok {
		return ""
	}
	reason, err := s.Skip(c)
	if err != nil {
		return ""
	}
	return reason
}

// phases are the step in its order.
func (l *Lifecycle) phases(ctx context.Context, c *Call, tool Tool, hooks *exchange) (Result, error) {
	before, after := hooksOf(tool)
	if before {
		if err := c.runHooks(ctx, schema.PhaseBefore, beforeHooks, hooks); err != nil {
			return Result{}, err
		}
	}
	result, err := operate(ctx, c, tool)
	l.Secrets(result.Outputs.Secrets()...) // the after hooks may print them
	if err == nil {
		err = hooks.collect(c) // plugins write there too
	}
	if err != nil || result.Skipped != "" || c.Command.Previews() || !after {
		return result, err
	}
	return result, c.runHooks(ctx, schema.PhaseAfter, afterHooks, hooks)
}

// hooksOf reports whether the before and the after hooks of a tool's steps run.
func hooksOf(tool Tool) (before, after bool) {
	if h, ok := tool.(Hooked); ok {
		return h.Hooks()
	}
	return true, true
}

// operate lets the tool do what the command says.
func operate(ctx context.Context, c *Call, tool Tool) (Result, error) {
	switch c.Command {
	case schema.CommandPlan:
		return tool.Plan(ctx, c)
	case schema.CommandPlanDestroy:
		return tool.PlanDestroy(ctx, c)
	case schema.CommandApply:
		return tool.Apply(ctx, c)
	case schema.CommandDestroy:
		return tool.Destroy(ctx, c)
	}
	return Result{}, fmt.Errorf("there is no command %q for a step", c.Command)
}

// failureGrace bounds the on-failure hooks, which run even when the run has been stopped. A variable for tests.
var failureGrace = time.Minute

func afterFailure(ctx context.Context, c *Call, hooks *exchange, cause string) {
	if c.Command.Previews() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failureGrace)
	defer cancel()
	c.Variables["BITOPS_ERROR"] = strings.ReplaceAll(cause, "\x00", "")
	if err := c.runHooks(ctx, schema.PhaseOnFailure, onFailureHooks, hooks); err != nil {
		c.Notice("on-failure hook: %v", err)
	}
}

// Check asks the step's tool whether its programs will do, before anything starts. It touches no workspace.
func (l *Lifecycle) Check(ctx context.Context, step *schema.Step) error {
	checker, ok := l.tool(step.Tool).(Checker)
	if !ok {
		return nil
	}
	dir := filepath.Join(l.Repository, filepath.FromSlash(step.Directory()))
	variables := VariablesOf(l.Environ).With(step.Env)
	return checker.Check(ctx, NewCall(CallOptions{
		Step: step, Directory: dir, Source: dir, Variables: variables, Runner: l.Runner, Observe: func(schema.Event) {},
	}))
}

// Outputs reads what a step left behind earlier.
func (l *Lifecycle) Outputs(ctx context.Context, step *schema.Step, observe func(schema.Event)) (schema.Values, error) {
	r := l.with(ctx, Request{Step: step, Command: schema.CommandPlan}, observe,
		func(stepCtx context.Context, c *Call, tool Tool) StepResult {
			values, err := tool.Outputs(stepCtx, c)
			l.Secrets(values.Secrets()...)
			return outcome(ctx, stepCtx, c, Result{Outputs: values}, err)
		})
	return r.Outputs, r.err()
}

// Deployed asks the step's tool whether anything of it exists.
func (l *Lifecycle) Deployed(ctx context.Context, step *schema.Step, observe func(schema.Event)) (bool, error) {
	var deployed bool
	r := l.with(ctx, Request{Step: step, Command: schema.CommandDestroy}, observe,
		func(stepCtx context.Context, c *Call, tool Tool) StepResult {
			var err error
			deployed, err = tool.Deployed(stepCtx, c)
			return outcome(ctx, stepCtx, c, Result{}, err)
		})
	return deployed, r.err()
}

func (r StepResult) err() error {
	if r.Error == nil {
		return nil
	}
	return &Failure{Message: r.Error.Message, ExitCode: r.Error.ExitCode, Lines: r.Error.Lines}
}

// with prepares a call, lets the body use it, and cleans up.
func (l *Lifecycle) with(
	ctx context.Context, r Request, observe func(schema.Event), body func(context.Context, *Call, Tool) StepResult,
) StepResult {
	l.begin.Do(l.prepareRun)
	stepCtx, cancel := withTimeout(ctx, r.Step)
	defer cancel()
	c, tool, err := l.call(stepCtx, r, observe)
	if err != nil {
		return outcome(ctx, stepCtx, &Call{CallOptions: CallOptions{Step: r.Step}, phase: schema.PhaseWorkspace}, Result{}, err)
	}
	defer func() { _ = os.RemoveAll(c.Private) }()
	return body(stepCtx, c, tool)
}

// privateEnding ends the names of the directories for private files.
const privateEnding = "~~private"

// prepareRun removes the private files that a killed run left behind, whichever step's they are, and reads the caller's
// variables.
func (l *Lifecycle) prepareRun() {
	entries, _ := os.ReadDir(l.workspaceStore()) // there may be none yet
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), privateEnding) {
			_ = os.RemoveAll(filepath.Join(l.workspaceStore(), entry.Name())) // its own step tells when that fails
		}
	}
	l.inherited = VariablesOf(l.Environ)
	l.Secrets(l.inherited.secrets()...)
}

// call makes everything ready that a step needs.
func (l *Lifecycle) call(ctx context.Context, r Request, observe func(schema.Event)) (*Call, Tool, error) {
	tool := l.tool(r.Step.Tool)
	if tool == nil {
		return nil, nil, fmt.Errorf("there is no tool %q", r.Step.Tool)
	}
	ws, err := l.prepare(ctx, r.Step, observe)
	if err != nil {
		return nil, nil, err
	}
	private := filepath.Join(l.workspaceStore(), workspace.DirectoryName(string(r.Step.Name))+privateEnding)
	if err := makePrivate(private); err != nil {
		return nil, nil, err
	}
	c := NewCall(CallOptions{
		Step: r.Step, Command: r.Command, Inputs: r.Inputs, Offered: r.Offered,
		Directory: filepath.Join(ws.Directory, filepath.FromSlash(r.Step.Deployment)),
		Source:    filepath.Join(ws.Source, filepath.FromSlash(r.Step.Deployment)),
		Workspace: ws, Private: private, Runner: l.Runner, Observe: observe, Secrets: l.Secrets,
	})
	c.phase = schema.PhaseWorkspace
	if err := l.variables(c); err != nil {
		_ = os.RemoveAll(private)
		return nil, nil, err
	}
	return c, tool, nil
}

// makePrivate makes an empty directory that only the user can enter. What a killed run left there is removed.
func makePrivate(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o700)
}

func (l *Lifecycle) workspaceStore() string { return filepath.Join(l.Store, "work") }

func (l *Lifecycle) tool(name schema.ToolName) Tool {
	for _, t := range l.Tools {
		if t.Name() == name {
			return t
		}
	}
	return nil
}

// prepare brings the workspace of a step's environment up to date, once a run.
func (l *Lifecycle) prepare(ctx context.Context, step *schema.Step, observe func(schema.Event)) (*workspace.Workspace, error) {
	l.mu.Lock()
	done := l.workspaces[step.Environment]
	l.mu.Unlock()
	if done != nil {
		return done.workspace, done.err
	}
	ws, notices, err := workspace.Sync(ctx, workspace.Options{
		Repository: l.Repository, Store: l.workspaceStore(), Name: workspace.DirectoryName(string(step.Environment)),
		Path: step.EnvironmentPath, Exclude: l.private, Hide: l.Hide, Overlays: l.overlays(step.Environment),
	})
	for _, n := range notices {
		observe(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: n.String()})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.workspaces == nil {
		l.workspaces = map[schema.EnvironmentName]*prepared{}
	}
	if err == nil || ctx.Err() == nil { // a sync that was cut short says nothing about the next
		l.workspaces[step.Environment] = &prepared{ws, err}
	}
	return ws, err
}

// overlays lays the defaults of each deployment of an environment under it. Helm is given the values files of both.
func (l *Lifecycle) overlays(name schema.EnvironmentName) []workspace.Overlay {
	var all []workspace.Overlay
	for _, deployment := range l.Deployments[name] {
		all = append(all, workspace.Overlay{
			From: path.Join(l.Default, deployment), To: deployment, Suffix: workspace.DirectoryName(string(name)),
			Merge: schema.MergeYAML, Apart: l.apart(deployment),
		})
	}
	return all
}

func (l *Lifecycle) apart(deployment string) func(string) bool {
	return func(name string) bool {
		for _, t := range l.Tools {
			if layered, ok := t.(Layered); ok && layered.Layers(path.Join(deployment, name)) {
				return true
			}
		}
		return false
	}
}

func (l *Lifecycle) private(name string, isDir bool) bool {
	for _, t := range l.Tools {
		if t.Private(name, isDir) {
			return true
		}
	}
	return false
}

// errTimeout is why a step's context ended at its own timeout.
var errTimeout = errors.New("timeout")

func withTimeout(ctx context.Context, step *schema.Step) (context.Context, context.CancelFunc) {
	if step.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, time.Duration(step.Timeout), errTimeout)
}

// outcome judges how a step ended. ctx is the run's, stepCtx the step's own with its timeout.
func outcome(ctx, stepCtx context.Context, c *Call, result Result, err error) StepResult {
	r := StepResult{Changes: result.Changes, Outputs: result.Outputs}
	switch {
	case err == nil && result.Deferred != "":
		r.Outcome, r.Reason = schema.Deferred, result.Deferred
	case err == nil && result.Skipped != "":
		r.Outcome, r.Reason = schema.Skipped, result.Skipped
	case err == nil && result.Changes != nil && result.Changes.Empty():
		r.Outcome = schema.Unchanged
	case err == nil:
		r.Outcome = schema.Succeeded
	case ctx.Err() != nil:
		r.Outcome, r.Error = schema.Interrupted, stepError(c.phase, err)
	default:
		r.Outcome, r.Error = schema.Failed, stepError(c.phase, err)
		if errors.Is(context.Cause(stepCtx), errTimeout) {
			r.Error.Message = fmt.Sprintf("timeout: stopped because it took longer than %s; %s", c.Step.Timeout, r.Error.Message)
		}
	}
	return r
}

func stepError(phase schema.Phase, err error) *schema.StepError {
	e := &schema.StepError{Message: err.Error(), Phase: phase}
	if f, ok := errors.AsType[*Failure](err); ok {
		e.ExitCode, e.Lines = f.ExitCode, f.Lines
	}
	return e
}
