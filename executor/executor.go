package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Runner takes one step through its lifecycle. environments.Lifecycle is the real one.
type Runner interface {
	Do(ctx context.Context, r environments.Request, observe func(schema.Event)) environments.StepResult
	Outputs(ctx context.Context, step *schema.Step, observe func(schema.Event)) (schema.Values, error)
	Deployed(ctx context.Context, step *schema.Step, observe func(schema.Event)) (bool, error)

	// LeftOut returns why a step's configuration leaves it out of every run, or "".
	LeftOut(ctx context.Context, step *schema.Step, observe func(schema.Event)) (why string, err error)

	// ReadsBeyond returns by which way a step can read what others leave behind, other than by the values that it is given; ""
	// for none. No tool runs.
	ReadsBeyond(step *schema.Step) (why string, err error)

	// Fingerprint returns what a step would run with now; like is an earlier one to compare it with, or nil.
	Fingerprint(ctx context.Context, step *schema.Step, inputs schema.Values, like *schema.Fingerprint) (*schema.Fingerprint, error)
}

// Records remember steps between runs. Implementations are safe for concurrent use.
type Records interface {
	// Records returns what is remembered of a step: a record for each thing that it owned, at most one of them without an
	// identity.
	Records(ctx context.Context, step schema.StepName) ([]*schema.Record, error)

	// Save remembers a record in place of the one of the same identity, and of instead, which may be nil.
	Save(r, instead *schema.Record) error

	// Forget removes one record, as if there had never been one.
	Forget(r *schema.Record) error
}

// Executor runs plans, one at a time.
type Executor struct {
	Runner  Runner
	Records Records
	Emitter *Emitter
	Now     func() time.Time
	LogOf   func(schema.StepName) string // the path of a step's log, for the report

	// Ownership tells which records belong to what the steps own. Nil: each step has at most one record.
	Ownership *Ownership

	// Previous is the run that this one goes on with, or nil. What it did and still fits is not done again.
	Previous *schema.Report

	// Saved is the plan that is applied, or nil when each step is planned and applied in one go.
	Saved *Saved

	// Deferral says what happens to steps that nobody has seen a plan of, where Saved or the run before was reviewed.
	Deferral schema.Deferral

	// Pinned says in the report that Deferral is none because only what the plan file shows may be applied.
	Pinned bool

	// Signed says that only what Saved shows may be applied, and not what a run held: Saved is signed, and that is not.
	Signed bool

	// Artifacts is where previews leave what applying them needs, a directory for each step by its file name; "" where
	// nobody wants to apply them. HeldArtifacts is the same of the run that this one goes on with.
	Artifacts     string
	HeldArtifacts string

	// Keep keeps the files of a step that is about to be applied, for when the manifest no longer has it, and returns their
	// hash, which is was where they are kept already, and "" where they cannot be. Nil keeps nothing.
	Keep func(ctx context.Context, step *schema.Step, was string) (hash string, err error)

	// Expected is how long steps took in earlier runs. Where not all can run at once, the longest expected chain goes first.
	Expected map[schema.StepName]time.Duration

	// Approvals are the plans that a person approved, of steps that want that: at most one for each.
	Approvals []schema.Approval
}

// Run executes a plan and returns what became of it. It returns when nothing of the run is at work any more. When ctx
// is done, nothing new starts and running steps are interrupted.
func (x *Executor) Run(ctx context.Context, plan *schema.Plan) (*schema.Report, error) {
	r := newRun(x, plan)
	r.started, r.values = x.Now(), newValues(r)
	graph, err := r.graph()
	if err != nil {
		return nil, err
	}
	frontier, err := r.frontier(graph, r.expected(graph.Vertices()))
	if err != nil {
		return nil, err
	}
	begin := schema.Event{
		Type: schema.EventRunStarted, Command: plan.Command, Steps: r.summaries(), Approvals: x.Approvals, Orphans: r.orphans(), Pinned: x.Pinned, Signed: x.Signed,
		WithholdValues: plan.WithholdValues, LeftOut: plan.LeftOut(),
	}
	if x.Previous != nil {
		begin.Resumes, begin.Plan, begin.PlanDigest = x.Previous.Run, x.Previous.Plan, x.Previous.PlanDigest
	}
	if x.Saved != nil {
		begin.Plan, begin.PlanDigest = x.Saved.Plan.ID, x.Saved.Digest
	}
	x.Emitter.Emit(begin)
	told := r.tellStop(ctx)
	r.preparing, r.pending, r.reached = r.ahead(ctx, graph), newPending(graph), newReached(r)
	settled := func(s dag.Settled[schema.StepName]) { r.settled(ctx, s) }
	err = dag.Walk(ctx, frontier, r.step, settled, r.preparing.starting)
	r.preparing.stop()
	told()
	report := x.Emitter.Report()
	x.Emitter.Emit(schema.Event{Type: schema.EventRunFinished, Outcome: report.Overall(), Duration: x.Now().Sub(r.started)})
	return report, cmp.Or(err, x.Emitter.Err())
}

func newRun(x *Executor, plan *schema.Plan) *run {
	r := &run{
		Executor: x, plan: plan, records: newRecordCache(x.Records), steps: make(map[schema.StepName]*schema.Step, len(plan.Steps)),
		environments: map[schema.EnvironmentName][]schema.StepName{},
	}
	if r.Ownership == nil {
		own := *x // the caller's Executor stays as it is
		own.Ownership = &Ownership{Plan: plan}
		r.Executor = &own
	}
	r.Ownership.Records = r.records
	for i := range plan.Steps {
		step := &plan.Steps[i]
		r.steps[step.Name] = step
		r.environments[step.Environment] = append(r.environments[step.Environment], step.Name)
	}
	return r
}

// orphans returns what is deployed, no longer in the manifest, and not what this run is about.
func (r *run) orphans() []schema.Orphan {
	return slices.DeleteFunc(slices.Clone(r.Ownership.Orphans), func(o schema.Orphan) bool { return r.steps[o.Step] != nil })
}

// tellStop makes known, once, that the run stops as soon as ctx is done, and before any step is told not to have started
// because of it. The function that it returns ends that: afterwards nothing is told any more, and if ctx is done, it has
// been told.
func (r *run) tellStop(ctx context.Context) (end func()) {
	once := sync.OnceFunc(func() {
		r.Emitter.Emit(schema.Event{Type: schema.EventRunStopping, Text: fmt.Sprint(context.Cause(ctx))})
	})
	r.stopping = func() {
		if ctx.Err() != nil {
			once()
		}
	}
	forget := context.AfterFunc(ctx, once)
	return func() {
		forget()
		r.stopping()
	}
}

// run is one execution of a plan.
type run struct {
	*Executor
	records      *recordCache // of the Executor's Records
	stopping     func()       // tells that the run stops, if it does
	plan         *schema.Plan
	steps        map[schema.StepName]*schema.Step
	environments map[schema.EnvironmentName][]schema.StepName // the steps of each, in their order
	values       *values
	preparing    *ahead
	pending      *pending
	reached      *reached
	started      time.Time
}

// graph returns the selected steps, in the direction in which they run.
func (r *run) graph() (*dag.Graph[schema.StepName], error) {
	graph := dag.New[schema.StepName]()
	for i := range r.plan.Steps {
		if err := graph.AddVertex(r.plan.Steps[i].Name); err != nil {
			return nil, fmt.Errorf("plan: %w", err)
		}
	}
	for i := range r.plan.Steps {
		for _, on := range r.plan.Steps[i].DependsOn {
			if err := graph.AddEdge(on, r.plan.Steps[i].Name); err != nil {
				return nil, fmt.Errorf("plan: %w", err)
			}
		}
	}
	graph = graph.Subset(func(s schema.StepName) bool { return r.steps[s].Selected })
	if r.ordersOnly() {
		if err := r.waitForWhole(graph); err != nil {
			return nil, err
		}
	}
	if r.plan.Command.Destroys() {
		graph = graph.Reversed()
	}
	return graph, nil
}

// ordersOnly reports whether a failed step of an environment keeps none of its later steps from running.
func (r *run) ordersOnly() bool { return r.plan.Command == schema.CommandDeploy && !r.plan.FailFast }

// frontier returns who may start; cost decides who goes first.
func (r *run) frontier(graph *dag.Graph[schema.StepName], cost func(schema.StepName) time.Duration) (*dag.Frontier[schema.StepName], error) {
	options := dag.Options[schema.StepName]{
		Parallelism: r.plan.Parallelism,
		KeepGoing:   !r.plan.FailFast || r.plan.Command.Previews(),
		Limits:      r.plan.Limits,
		LimitOf:     func(s schema.StepName) string { return r.steps[s].Limit },
		Cost:        cost,
	}
	if r.ordersOnly() {
		options.OnlyOrder = r.sameEnvironment
	}
	return dag.NewFrontier(graph, options)
}

func (r *run) summaries() []schema.StepSummary {
	var all []schema.StepSummary
	for i := range r.plan.Steps {
		if s := &r.plan.Steps[i]; s.Selected {
			why, maybe := r.selected(s)
			all = append(all, schema.StepSummary{
				Name: s.Name, Environment: s.Environment, Tool: s.Tool, DependsOn: s.DependsOn, Log: r.LogOf(s.Name),
				Approval: s.Approval, Why: why, Maybe: maybe,
			})
		}
	}
	return all
}

// step runs one step and tells how it ended, so that this is told before anything that depends on it starts. When the
// run cannot be recorded any more, it goes through the steps that are left without starting them.
func (r *run) step(ctx context.Context, name schema.StepName) (dag.Result, error) {
	step, started := r.steps[name], r.Now()
	end := ended(environments.StepResult{Outcome: schema.NotStarted})
	if r.goesOn(ctx) {
		end = r.take(ctx, step)
	}
	r.pending.ended(name, end)
	r.reached.ended(step, end)
	r.Emitter.Emit(schema.Event{
		Type: schema.EventStepFinished, Step: name, Outcome: end.Outcome, Changes: end.Changes, Told: end.Told,
		Outputs: end.Outputs, Duration: r.Now().Sub(started), Error: end.Error, Reason: end.Reason, Deferred: end.deferred,
		OnlyIf: end.onlyIf, Cause: end.cause, ReplannedAfter: end.replannedAfter, Identity: end.Identity, Fingerprint: end.Fingerprint,
		DoneIn: end.doneIn, Again: end.again, Digest: r.digest(step, end), Warnings: end.Warnings,
	})
	if r.plan.Command.Previews() && end.Outcome == schema.Failed {
		return dag.Succeeded, nil // what depends on it is deferred, and told with the rest
	}
	return resultOf(end.Outcome), nil
}

// take ends a step that has not to start, and lets all others.
func (r *run) take(ctx context.Context, step *schema.Step) ending {
	known, settled := r.withoutStarting(ctx, step)
	if settled {
		return known
	}
	cut, onlyIf, settled := r.cutOff(ctx, step)
	if settled {
		return cut
	}
	if !r.goesOn(ctx) { // it may have been stopped while the record was read
		return ended(environments.StepResult{Outcome: schema.NotStarted})
	}
	r.reached.begins(ctx, step)
	end := r.start(ctx, step)
	end.again = known.again
	if end.Outcome == schema.Deferred {
		end.onlyIf = onlyIf
	}
	return end
}

// start tells that a step starts, and lets it.
func (r *run) start(ctx context.Context, step *schema.Step) ending {
	r.Emitter.Emit(schema.Event{Type: schema.EventStepStarted, Step: step.Name})
	r.preparing.tell(step)
	if !r.goesOn(ctx) {
		return ended(environments.StepResult{Outcome: schema.NotStarted})
	}
	return r.do(ctx, step)
}

// ending is how a step ended, with what only the executor knows of it.
type ending struct {
	environments.StepResult
	deferred []schema.Waiting
	cause    schema.StepName // of a deferred step: the one above it that could not be planned
	doneIn   schema.RunID    // the earlier run that did the step
	again    string          // why a resumed run did it again

	changedBefore bool // of a step that an earlier run did: it changed something then, or may have

	onlyIf []string // of a deferred step that may have no reason to run: the values of which one has to change

	replannedAfter []schema.StepName // of an unchanged step in a plan: the dependencies with changes
}

func ended(result environments.StepResult) ending { return ending{StepResult: result} }

// goesOn reports whether steps may still start.
func (r *run) goesOn(ctx context.Context) bool { return ctx.Err() == nil && r.Emitter.Err() == nil }

func resultOf(o schema.Outcome) dag.Result {
	switch o {
	case schema.Failed, schema.Blocked:
		return dag.Failed
	case schema.Held:
		return dag.Held
	case schema.Interrupted, schema.NotStarted:
		return dag.Interrupted
	case schema.Succeeded, schema.Unchanged, schema.Skipped, schema.Deferred:
		return dag.Succeeded
	}
	panic("executor: no result for outcome " + string(o))
}

// do finds the step's values, lets it run, and remembers it.
func (r *run) do(ctx context.Context, step *schema.Step) ending {
	given, err := r.values.of(ctx, step)
	if err != nil && ctx.Err() != nil { // what was not read because of that is not missing
		return ended(environments.StepResult{Outcome: schema.NotStarted})
	}
	if r.plan.Command.Previews() {
		return r.preview(ctx, step, given, err)
	}
	if err == nil && len(given.waiting) == 0 {
		return ended(r.with(ctx, step, given))
	}
	return ended(r.lacking(ctx, step, given, err))
}

// broken judges a step that could not begin.
func (r *run) broken(ctx context.Context, err error) environments.StepResult {
	result := environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: err.Error()}}
	if ctx.Err() != nil {
		result.Outcome = schema.Interrupted
	}
	return result
}

// commandOf returns what was done with a step: where the plan leaves it to the step's configuration, or the
// configuration turned an apply into a removal, the result tells.
func (r *run) commandOf(result environments.StepResult) schema.Command {
	if r.plan.Command == schema.CommandDeploy || r.plan.Command == schema.CommandApply && result.Command.Destroys() {
		return cmp.Or(result.Command, r.plan.Command)
	}
	return r.plan.Command
}

// lacking is a step that lacks values: given tells which, or err why they cannot be had. What is deployed is taken down with
// the mock values of the manifest where each lacking value has one: it would be stuck otherwise.
func (r *run) lacking(ctx context.Context, step *schema.Step, given given, err error) environments.StepResult {
	result := r.without(ctx, step, cmp.Or(err, given.missing(step, r.plan.Command)))
	if err == nil && r.plan.Command.Destroys() && result.Outcome == schema.Failed {
		mocked, ok, err := given.mocked(step)
		switch {
		case err != nil:
			result = r.broken(ctx, err)
		case ok:
			r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
				"nothing is recorded of %s; destroy uses the mock value of %s", given.from(), given.needs())})
			return r.with(ctx, step, mocked)
		}
	}
	return r.keep(ctx, step, &begun{}, result)
}

// without judges a step whose values cannot be had, which is what err tells: taking down what does not exist needs none.
func (r *run) without(ctx context.Context, step *schema.Step, err error) environments.StepResult {
	result := environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: err.Error()}}
	if r.plan.Command.Destroys() && ctx.Err() == nil {
		end := r.values.turn(step.Environment)
		deployed, askErr := r.Runner.Deployed(ctx, step, r.Emitter.Emit)
		end()
		if errors.Is(askErr, environments.ErrCannotTell) {
			deployed, askErr = r.recordedAsDeployed(ctx, step)
		}
		switch {
		case askErr != nil:
			result.Error.Message += fmt.Sprintf("; whether it is deployed could not be found out: %v", askErr)
		case !deployed:
			return environments.StepResult{
				Outcome: schema.Unchanged, Changes: &schema.Changes{}, Reason: "nothing of it is deployed",
			}
		}
	}
	if ctx.Err() != nil {
		result.Outcome = schema.Interrupted
	}
	return result
}

// settled tells of the steps that never ran. When the run stops, that is why, whatever they depend on: else it would be a
// matter of microseconds whether a step is not started or blocked by one that was interrupted.
func (r *run) settled(ctx context.Context, s dag.Settled[schema.StepName]) {
	r.preparing.drops(s.Vertex)
	if s.State != dag.Blocked && s.State != dag.NotStarted {
		return
	}
	e := schema.Event{Type: schema.EventStepFinished, Step: s.Vertex, Outcome: schema.NotStarted}
	if r.goesOn(ctx) {
		e.Cause = s.Cause
		if s.State == dag.Blocked {
			e.Outcome = schema.Blocked
		}
	}
	r.stopping()
	r.Emitter.Emit(e)
}
