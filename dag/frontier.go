package dag

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Options say how a Frontier chooses. The zero Options start everything as
// soon as its dependencies have succeeded, and stop at the first failure.
type Options[V ~string] struct {
	// Parallelism is how many vertices may run at once; 0 or less means any
	// number.
	Parallelism int

	// Limits are further, named bounds: of the vertices for which LimitOf
	// gives the name, at most so many run at once. A name that is not here,
	// or whose number is 0 or less, bounds nothing.
	Limits map[string]int

	// LimitOf names the limit of a vertex, "" for none. Nil means none has.
	LimitOf func(V) string

	// Cost is how long a vertex is expected to take. It decides who goes
	// first, not who may go. Nil means all take equally long.
	Cost func(V) time.Duration

	// OnlyOrder reports dependencies that say no more than who comes first:
	// the dependent waits until the dependency is over, whatever became of it.
	// Nil means no dependency is of that kind.
	OnlyOrder func(dependency, dependent V) bool

	// KeepGoing starts what does not depend on a failure even after one.
	// Without it, a failure ends the run: what runs may finish, nothing new
	// starts.
	KeepGoing bool
}

// Frontier knows which vertices may start next and why the others may not. A
// driver starts what Next claims, tells the outcome to Settle and is finished
// at Done. Each vertex is settled exactly once: returned by one call of Settle
// or Stop.
//
// It is pure state: what it returns depends only on the graph, the options and
// the calls so far, and comes in a fixed order. It is not safe for concurrent
// use; one goroutine owns it.
type Frontier[V ~string] struct {
	adjacency *adjacency
	onlyOrder [][]bool // as adjacency.dependents; nil when none is of that kind
	vertices  []V
	position  map[V]int
	keepGoing bool

	missing   []int // how many dependencies have not succeeded yet
	phase     []phase
	ready     *readyQueue
	slots     int // how many more may run at once
	unsettled int
	halted    bool // nothing starts any more
}

// phase is how far a vertex has come.
type phase uint8

const (
	waiting phase = iota // not started; ready or not
	running
	over
)

// NewFrontier returns the Frontier of a run in which nothing has started. It
// returns a *CycleError if some vertices could never start. Later changes to g
// do not concern it. The functions in o are called here and not kept.
func NewFrontier[V ~string](g *Graph[V], o Options[V]) (*Frontier[V], error) {
	a := g.adjacency()
	order, ok := a.order()
	if !ok {
		return nil, &CycleError[V]{Path: g.FindCycle()}
	}
	cost := func(int) time.Duration { return 1 }
	if o.Cost != nil {
		cost = func(i int) time.Duration { return o.Cost(g.vertices[i]) }
	}
	f := &Frontier[V]{
		adjacency: a,
		onlyOrder: o.onlyOrder(g.vertices, a),
		vertices:  g.Vertices(),
		position:  maps.Clone(g.position),
		keepGoing: o.KeepGoing,
		missing:   a.missing(),
		phase:     make([]phase, g.Len()),
		ready:     newReadyQueue(a.priority(order, cost), o.limits(g.vertices)),
		slots:     math.MaxInt,
		unsettled: g.Len(),
	}
	if o.Parallelism > 0 {
		f.slots = o.Parallelism
	}
	for i, n := range f.missing {
		if n == 0 {
			f.ready.push(i)
		}
	}
	return f, nil
}

// onlyOrder asks once for each edge.
func (o Options[V]) onlyOrder(vertices []V, a *adjacency) [][]bool {
	if o.OnlyOrder == nil {
		return nil
	}
	answers := make([][]bool, len(a.dependents))
	for i, dependents := range a.dependents {
		answers[i] = make([]bool, len(dependents))
		for n, d := range dependents {
			answers[i][n] = o.OnlyOrder(vertices[i], vertices[d])
		}
	}
	return answers
}

// limits returns each vertex's limit, nil where it has none.
func (o Options[V]) limits(vertices []V) []*limit {
	limits := make([]*limit, len(vertices))
	if o.LimitOf == nil {
		return limits
	}
	named := make(map[string]*limit)
	for name, n := range o.Limits {
		if name != "" && n > 0 {
			named[name] = &limit{free: n}
		}
	}
	for i, v := range vertices {
		limits[i] = named[o.LimitOf(v)]
	}
	return limits
}

// Next claims every vertex that may start now and returns them, the one with
// the longest expected chain behind it first. They count as running until they
// are settled. A second call returns nothing until Settle has made room.
func (f *Frontier[V]) Next() []V {
	var claimed []V
	for f.slots > 0 && !f.halted {
		i, ok := f.ready.take()
		if !ok {
			break
		}
		f.slots--
		f.phase[i] = running
		claimed = append(claimed, f.vertices[i])
	}
	return claimed
}

// Settle records what became of a running vertex and returns everything that
// is settled by it: v itself, then what it blocks, then, if it ends the run,
// what is left; each in manifest order.
//
// It panics if v is not running, or if r is not one of Succeeded, Failed, Held
// and Interrupted: the driver has lost count.
func (f *Frontier[V]) Settle(v V, r Result) []Settled[V] {
	i, ok := f.position[v]
	if !ok || f.phase[i] != running {
		panic(fmt.Sprintf("dag: Settle(%q, %q): not running", string(v), string(r)))
	}
	if r != Succeeded && r != Failed && r != Held && r != Interrupted {
		panic(fmt.Sprintf("dag: Settle(%q, %q): not a result of running", string(v), string(r)))
	}
	f.slots++
	f.ready.release(i)
	all := []Settled[V]{f.settle(i, r, "")}
	if r == Succeeded {
		f.unlock(i)
		return all
	}
	all = append(all, f.block(i)...)
	if r == Failed && !f.keepGoing {
		all = append(all, f.halt(v)...)
	}
	return all
}

// Stop ends the run: nothing new starts any more. It returns the vertices that
// had not started, now settled as NotStarted, in manifest order. Running ones
// are still to be settled. Stopping again returns nothing.
func (f *Frontier[V]) Stop() []Settled[V] { return f.halt("") }

// Done reports whether every vertex is settled.
func (f *Frontier[V]) Done() bool { return f.unsettled == 0 }

// Running returns the vertices that were claimed and are not settled, in
// manifest order. It looks at every vertex.
func (f *Frontier[V]) Running() []V {
	var result []V
	for i, p := range f.phase {
		if p == running {
			result = append(result, f.vertices[i])
		}
	}
	return result
}

// unlock makes the dependents of a success ready that waited for it alone. A
// blocked one is never among them: what blocks it stays missing.
func (f *Frontier[V]) unlock(i int) {
	for _, d := range f.adjacency.dependents[i] {
		f.found(d)
	}
}

// pass does the same for the dependents of what did not succeed that only had
// to come after it.
func (f *Frontier[V]) pass(i int) {
	for n, d := range f.adjacency.dependents[i] {
		if f.passes(i, n) {
			f.found(d)
		}
	}
}

// found counts one of d's dependencies as no longer missing.
func (f *Frontier[V]) found(d int) {
	if f.missing[d]--; f.missing[d] == 0 {
		f.ready.push(d)
	}
}

// passes reports whether the n-th dependent of i only has to come after it.
func (f *Frontier[V]) passes(i, n int) bool { return f.onlyOrder != nil && f.onlyOrder[i][n] }

// block settles everything downstream of i that is not settled yet. None of it
// can be running or ready, since i has not succeeded. What is settled already
// is not looked behind: all that follows it is settled too.
func (f *Frontier[V]) block(i int) []Settled[V] {
	var blocked []int
	stack := []int{i}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for n, d := range f.adjacency.dependents[top] {
			if f.phase[d] == waiting && !f.passes(top, n) {
				f.phase[d] = over
				blocked = append(blocked, d)
				stack = append(stack, d)
			}
		}
	}
	slices.Sort(blocked)
	all := make([]Settled[V], len(blocked))
	for n, d := range blocked {
		all[n] = f.settle(d, Blocked, f.vertices[i])
	}
	for _, over := range append(blocked, i) {
		f.pass(over)
	}
	return all
}

// halt settles everything that has not started. It does so once: what a run
// has left after that is only what is running.
func (f *Frontier[V]) halt(cause V) []Settled[V] {
	if f.halted {
		return nil
	}
	f.halted = true
	var all []Settled[V]
	for i, p := range f.phase {
		if p == waiting {
			all = append(all, f.settle(i, NotStarted, cause))
		}
	}
	return all
}

func (f *Frontier[V]) settle(i int, r Result, cause V) Settled[V] {
	f.phase[i] = over
	f.unsettled--
	return Settled[V]{Vertex: f.vertices[i], State: r, Cause: cause}
}
