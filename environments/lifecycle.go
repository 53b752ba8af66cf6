package environments

import (
	"context"
	"errors"
	"fmt"
	"os"
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

	// Checkout is given when the files in Repository are kept ones, of steps that are no longer in the manifest: what a tool
	// left beside its files, as local state is, lies there. Otherwise it is "".
	Checkout string

	Run      schema.RunID
	FailFast bool
	Deploys  bool   // the run is a `bitops deploy`
	Default  string // the default folder's name
	Tools    []Tool
	Runner   process.Runner
	Environ  []string              // the caller's variables
	Secrets  func(texts ...string) // told every text that must not be shown, before it could be
	// Deployments are the directories of each environment's steps, for the defaults that are laid under them.
	Deployments map[schema.EnvironmentName][]string
	Paths       map[string]bool // the environments' directories, relative to the repository

	Locators map[string]Locator // by the names of an Identity's Target; those that are missing are left to the tools

	begin      sync.Once
	inherited  Variables // the caller's
	mu         sync.Mutex
	workspaces map[schema.EnvironmentName]*prepared
	sources    *sources
	hashes     hashes          // of variables
	groups     map[string]bool // whose before hooks have run
	levels     levels
	real       realPaths
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

	Fingerprint *schema.Fingerprint // what the step runs with; may be nil

	Owed []string // see CallOptions

	Artifact string // where a plan leaves what applying it needs, or, when Planned, where it did; "" for nowhere
	Planned  bool   // apply or destroy what Artifact holds
	Review   Review // of what is left, where that holds only what comes first

	// Begin is called once before the step can change anything, and not at all when it is skipped or previewed, or does
	// not come that far. When it fails, the step does not go on. May be nil.
	Begin func() error

	// Claim is called with what the step owns as soon as its tool knows that, and with whether it will only be looked at.
	// When it fails, the step does not go on. May be nil.
	Claim func(ctx context.Context, id *schema.Identity, previews bool) error
}

// StepResult is what became of a step.
type StepResult struct {
	Command schema.Command // what was done, where the request left it to the configuration; else the request's, or ""
	Outcome schema.Outcome
	Changes *schema.Changes
	Told    []string // what the tool printed as its plan
	Outputs schema.Values
	Error   *schema.StepError
	Reason  string
	Refused bool // nothing was changed, because what the step owns belongs to something else
	Begun   bool // of a held step: it has changed something before

	Owed     []string         // what the step leaves to do, see CallOptions
	Warnings *schema.Warnings // of the tool, in its last attempt; nil for none

	Identity    *schema.Identity    // what the step owns, as far as its tool said
	Fingerprint *schema.Fingerprint // the request's, with the files that the tool wrote into the checkout
}

// Do takes one step from its first hook to its last and tells observe what happens. It returns when nothing of the step
// runs any more. When ctx is done the step is interrupted.
func (l *Lifecycle) Do(ctx context.Context, r Request, observe func(schema.Event)) StepResult {
	return l.with(ctx, r, observe, func(stepCtx context.Context, c *Call, tool Tool) StepResult {
		c.tool = tool
		reason, err := l.startsAfresh(c, tool)
		if err != nil {
			return outcome(ctx, stepCtx, c, Result{}, err)
		}
		if reason != "" {
			if err := l.skip(stepCtx, c, tool); err != nil {
				return outcome(ctx, stepCtx, c, Result{}, err)
			}
			return StepResult{Outcome: schema.Skipped, Reason: reason, Fingerprint: r.Fingerprint}
		}
		if refused, ok := errors.AsType[*Failure](c.direct(tool)); ok { // of anything else hooks may be the cure
			return outcome(ctx, stepCtx, c, Result{}, refused)
		}
		begin := beginOnce(c, r.Begin)
		hooks, err := newExchange(c, l.Secrets)
		if err == nil {
			err = begin()
		}
		if err != nil {
			return outcome(ctx, stepCtx, c, Result{}, err)
		}
		result, err := l.phases(stepCtx, c, tool, hooks, begin)
		ended := outcome(ctx, stepCtx, c, result, err) // judged before the on-failure hooks take their time
		if ended.Error != nil && ended.Outcome != schema.Deferred {
			afterFailure(stepCtx, c, hooks, ended.Error.Message)
		}
		if ended.Outcome != schema.Skipped {
			ended.Outputs = hooks.over(result.Outputs)
		}
		ended.Command, ended.Identity = c.Command, c.owned
		ended.Fingerprint = l.after(r)
		return ended
	})
}

// beginOnce returns what calls begin when the step can change something, and not a second time.
func beginOnce(c *Call, begin func() error) func() error {
	return func() error {
		if begin == nil || c.Command.Previews() {
			return nil
		}
		once := begin
		begin = nil
		return once()
	}
}

// startsAfresh takes back what hooks left, unless the step is left out: then it says why.
func (l *Lifecycle) startsAfresh(c *Call, tool Tool) (skip string, err error) {
	if skip = skipped(c, tool); skip != "" && !l.configuredByHooks(c) {
		return skip, nil
	}
	if err := l.takeBack(c); err != nil {
		return "", err
	}
	return skipped(c, tool), nil
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
func (l *Lifecycle) phases(ctx context.Context, c *Call, tool Tool, hooks *exchange, begin func() error) (Result, error) {
	before, after := hooksOf(tool)
	if before {
		if err := l.beforehand(ctx, c, tool, hooks); err != nil {
			return Result{}, err
		}
	}
	if err := c.direct(tool); err != nil {
		return Result{}, err
	}
	if err := l.pinned(ctx, c); err != nil {
		return Result{}, err
	}
	if err := begin(); err != nil { // hooks may have turned a plan into something else
		return Result{}, err
	}
	result, err := c.attempts(ctx, tool, hooks, func() (Result, error) { return operate(ctx, c, tool) })
	result.Outputs = l.withSecretFields(result.Outputs)
	l.Secrets(result.Outputs.Secrets()...) // the after hooks may print them
	if err == nil {
		err = hooks.collect(c) // plugins write there too
	}
	if err == nil && result.Skipped == "" && !c.previews() && after {
		err = c.runHooks(ctx, schema.PhaseAfter, afterHooks, hooks)
	}
	if err == nil && after {
		err = l.leaveGroup(ctx, c, hooks)
	}
	return result, err
}

// beforehand runs the before hooks. What they make of the configuration is part of a plan.
func (l *Lifecycle) beforehand(ctx context.Context, c *Call, tool Tool, hooks *exchange) error {
	hooked := c.hasBeforeHooks()
	var found map[string]string
	if hooked {
		found = l.decides(c, tool)
	}
	if err := l.enterGroup(ctx, c, hooks); err != nil {
		return err
	}
	if !hooked {
		return nil
	}
	err := l.traced(c, c.Step.Deployment, func() error { return c.runHooks(ctx, schema.PhaseBefore, beforeHooks, hooks) })
	if err != nil {
		return err
	}
	return c.promise(l.made(c, tool, found))
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
	case schema.CommandPlan, schema.CommandDrift:
		if c.deploys {
			return planOnly(ctx, c, tool)
		}
		return previewed(ctx, c, tool, tool.Plan)
	case schema.CommandPlanDestroy:
		return previewed(ctx, c, tool, tool.PlanDestroy)
	case schema.CommandApply:
		return tool.Apply(ctx, c)
	case schema.CommandDestroy:
		return tool.Destroy(ctx, c)
	case schema.CommandDeploy: // direct has made another of it
	}
	return Result{}, fmt.Errorf("there is no command %q for a step", c.Command)
}

// failureGrace bounds the on-failure hooks, which run even when the run has been stopped. A variable for tests.
var failureGrace = time.Minute

func afterFailure(ctx context.Context, c *Call, hooks *exchange, cause string) {
	if c.previews() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failureGrace)
	defer cancel()
	c.Variables["BITOPS_ERROR"] = firstBytes(strings.ReplaceAll(cause, "\x00", ""), largestVariable)
	if err := c.runHooks(ctx, schema.PhaseOnFailure, onFailureHooks, hooks); err != nil {
		c.Notice("on-failure hook: %v", err)
	}
}

// Check asks the step's tool whether it can do what a command wants, and its programs will do, before anything starts. It touches
// no workspace.
func (l *Lifecycle) Check(ctx context.Context, step *schema.Step, command schema.Command) error {
	checker, ok := l.tool(step.Tool).(Checker)
	if !ok {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	c := l.outside(step)
	c.Command = command
	err := checker.Check(asking, c)
	if err != nil && asking.Err() != nil && ctx.Err() == nil {
		return Failuref("%s did not say its version within %s; run it by hand to see what it waits for", step.Tool, checkPatience)
	}
	return err
}

// identifyPatience bounds the question what a step owns.
const identifyPatience = 10 * time.Second

// checkPatience bounds the question whether a step's programs will do. A variable for tests.
var checkPatience = 2 * time.Minute

// outside returns a call of a step that touches no workspace: its directory is the one in the repository.
func (l *Lifecycle) outside(step *schema.Step) *Call {
	dir := l.inRepository(step)
	caller := VariablesOf(l.Environ).Unattended()
	var command schema.Command
	if l.Deploys {
		command = schema.CommandDeploy
	}
	return NewCall(CallOptions{
		Step: step, Command: command, Directory: dir, Source: l.inCheckout(step), Variables: caller.With(step.Env), Caller: caller, Runner: l.Runner, Observe: func(schema.Event) {},
		Cache: filepath.Join(l.Store, "cache"), Real: l.real.of,
	})
}

// Outputs reads what a step left behind earlier.
func (l *Lifecycle) Outputs(ctx context.Context, step *schema.Step, observe func(schema.Event)) (schema.Values, error) {
	r := l.with(ctx, Request{Step: step, Command: schema.CommandPlan}, observe,
		func(stepCtx context.Context, c *Call, tool Tool) StepResult {
			result, err := c.attempts(stepCtx, tool, nil, func() (Result, error) {
				values, err := tool.Outputs(stepCtx, c)
				return Result{Outputs: l.withSecretFields(values)}, err
			})
			l.Secrets(result.Outputs.Secrets()...)
			return outcome(ctx, stepCtx, c, result, err)
		})
	return r.Outputs, r.err()
}

// Deployed asks the step's tool whether anything of it exists. Hooks do not run: where there are some, a no of the tool
// is ErrCannotTell.
func (l *Lifecycle) Deployed(ctx context.Context, step *schema.Step, observe func(schema.Event)) (bool, error) {
	var deployed bool
	var err error
	r := l.with(ctx, Request{Step: step, Command: schema.CommandDestroy}, observe,
		func(stepCtx context.Context, c *Call, tool Tool) StepResult {
			_, err = c.attempts(stepCtx, tool, nil, func() (Result, error) {
				deployed, err = tool.Deployed(stepCtx, c)
				return Result{}, err
			})
			if err == nil && !deployed && c.hasBeforeHooks() {
				err = ErrCannotTell // they may choose where it is, and they did not run
			}
			return outcome(ctx, stepCtx, c, Result{}, err)
		})
	if errors.Is(err, ErrCannotTell) {
		return false, err
	}
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
	c.within = stepCtx
	return body(stepCtx, c, tool)
}
