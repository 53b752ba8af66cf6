package executor

import (
	"context"
	"slices"
	"sync"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Preparer is a Runner that can get a step ready before its values are known. What it does is done again by Do where that
// did not help, so a failure is none.
type Preparer interface {
	Prepare(ctx context.Context, r environments.Request, observe func(schema.Event)) error
}

// ahead gets steps ready that still wait for others, as long as the run has nothing better to do: at most as many as
// could run. It never keeps a step from starting. A nil ahead does nothing.
type ahead struct {
	run      *run
	preparer Preparer
	ctx      context.Context
	cancel   context.CancelFunc
	workers  sync.WaitGroup

	mu        sync.Mutex
	waiting   []*schema.Step // the next one first
	room      int            // how many more could be at work
	preparing int
	passed    map[schema.StepName]bool // that have begun, or will not
	said      map[schema.StepName][]schema.Event
}

// ahead returns what prepares the steps of a graph, or nil.
func (r *run) ahead(ctx context.Context, graph *dag.Graph[schema.StepName]) *ahead {
	preparer, ok := r.Runner.(Preparer)
	order, err := graph.Order()
	if !ok || err != nil {
		return nil
	}
	a := &ahead{run: r, preparer: preparer, passed: map[schema.StepName]bool{}, said: map[schema.StepName][]schema.Event{}}
	a.ctx, a.cancel = context.WithCancel(ctx)
	for _, name := range order {
		if step := r.steps[name]; r.waits(step, graph.Dependencies(name)) {
			a.waiting = append(a.waiting, step)
		}
	}
	return a
}

// waits reports whether a step will run, and waits for other environments until then: of its own, nothing else may be at
// work while it is prepared.
func (r *run) waits(step *schema.Step, dependencies []schema.StepName) bool {
	if _, maybe := r.selected(step); maybe || len(dependencies) == 0 {
		return false
	}
	if before := r.before(step); before != nil {
		if _, done := before.Done(r.Previous.Run); done {
			return false
		}
	}
	return !slices.ContainsFunc(dependencies, func(on schema.StepName) bool { return r.steps[on].Environment == step.Environment })
}

// starting tells which steps start next, and how many are at work then.
func (a *ahead) starting(next []schema.StepName, working int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range next {
		a.passed[name] = true
	}
	a.room = a.run.plan.Parallelism - working
	a.fill()
}

// drops tells that a step will not run.
func (a *ahead) drops(name schema.StepName) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.passed[name] = true
}

// fill begins to prepare steps while there is room.
func (a *ahead) fill() {
	for a.preparing < a.room && len(a.waiting) > 0 && a.run.goesOn(a.ctx) {
		step := a.waiting[0]
		a.waiting = a.waiting[1:]
		if a.passed[step.Name] {
			continue
		}
		a.preparing++
		a.workers.Go(func() {
			a.prepare(step)
			a.mu.Lock()
			defer a.mu.Unlock()
			a.preparing--
			a.fill()
		})
	}
}

// prepare gets one step ready. What is said meanwhile belongs into the step's log, once it has started.
func (a *ahead) prepare(step *schema.Step) {
	defer a.run.values.turn(step.Environment)()
	a.mu.Lock()
	late := a.passed[step.Name]
	a.mu.Unlock()
	if late {
		return
	}
	request := environments.Request{Step: step, Command: a.run.plan.Command}
	if saved := a.run.Saved; saved != nil && !request.Command.Previews() {
		request.Artifact = artifact(saved.Artifacts, step.Name)
		request.Planned = request.Artifact != ""
	}
	var mu sync.Mutex
	var said []schema.Event
	err := a.preparer.Prepare(a.ctx, request, func(e schema.Event) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, e)
	})
	if err != nil {
		return
	}
	first := slices.IndexFunc(said, func(e schema.Event) bool { return e.Type == schema.EventPhaseStarted && e.Phase == schema.PhaseInit })
	if first < 0 {
		return // there was nothing to do, and the step says the rest itself
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said[step.Name] = said[first:]
}

// tell tells what was said while a step was prepared, once that has ended.
func (a *ahead) tell(step *schema.Step) {
	if a == nil {
		return
	}
	a.run.values.turn(step.Environment)()
	a.mu.Lock()
	said := a.said[step.Name]
	delete(a.said, step.Name)
	a.mu.Unlock()
	for _, e := range said {
		a.run.Emitter.Emit(e)
	}
}

// stop ends all preparations.
func (a *ahead) stop() {
	if a == nil {
		return
	}
	a.cancel()
	a.workers.Wait()
}
