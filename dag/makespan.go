package dag

import (
	"container/heap"
	"time"
)

// Makespan returns how long a run takes in which every vertex succeeds after the time that takes says. It plays the run
// on f, in which nothing may have started, and which is over afterwards.
func Makespan[V ~string](f *Frontier[V], takes func(V) time.Duration) time.Duration {
	var now time.Duration
	var running ends[V]
	for {
		for _, v := range f.Next() {
			heap.Push(&running, end[V]{now + takes(v), v})
		}
		if len(running) == 0 {
			return now
		}
		next := heap.Pop(&running).(end[V])
		now = next.at
		f.Settle(next.vertex, Succeeded)
	}
}

// end is when a vertex is over.
type end[V ~string] struct {
	at     time.Duration
	vertex V
}

// ends is a heap of them.
type ends[V ~string] []end[V]

func (e ends[V]) Len() int           { return len(e) }
func (e ends[V]) Less(i, j int) bool { return e[i].at < e[j].at }
func (e ends[V]) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends[V]) Push(x any)        { *e = append(*e, x.(end[V])) }
func (e *ends[V]) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// CriticalPath returns a chain of dependencies that takes longest, first things first: no run can be faster, however many
// run at once. It returns a *CycleError if there is no order.
func (g *Graph[V]) CriticalPath(takes func(V) time.Duration) ([]V, error) {
	a := g.adjacency()
	order, ok := a.order()
	if !ok {
		return nil, &CycleError[V]{Path: g.FindCycle()}
	}
	until := make([]time.Duration, len(order)) // the end of each, if nothing has to wait for room
	before := make([]int, len(order))
	last := -1
	for i := range before {
		before[i] = -1
	}
	for _, i := range order {
		until[i] += takes(g.vertices[i])
		for _, d := range a.dependents[i] {
			if until[i] > until[d] || before[d] < 0 {
				until[d], before[d] = until[i], i
			}
		}
		if last < 0 || until[i] > until[last] {
			last = i
		}
	}
	var path []V
	for i := last; i >= 0; i = before[i] {
		path = append([]V{g.vertices[i]}, path...)
	}
	return path, nil
}
