package dag

import (
	"container/heap"
	"sort"
)

// Order returns all vertices with each after everything it depends on. Where
// the dependencies leave a choice, the vertex that is first in manifest order
// comes first. It returns a *CycleError if there is no such order.
func (g *Graph[V]) Order() ([]V, error) {
	order, ok := g.adjacency().order()
	if !ok {
		return nil, &CycleError[V]{Path: g.FindCycle()}
	}
	return g.names(order), nil
}

// order is Kahn's algorithm with a heap for the ready vertices. It reports
// false if a cycle keeps some vertices from ever being ready.
func (a *adjacency) order() ([]int, bool) {
	missing := a.missing()
	var ready minHeap
	for i, n := range missing {
		if n == 0 {
			ready.push(i)
		}
	}
	order := make([]int, 0, len(missing))
	for ready.Len() > 0 {
		i := ready.pop()
		order = append(order, i)
		for _, d := range a.dependents[i] {
			if missing[d]--; missing[d] == 0 {
				ready.push(d)
			}
		}
	}
	return order, len(order) == len(missing)
}

// minHeap gives back the smallest of the numbers pushed into it.
type minHeap struct{ sort.IntSlice }

func (h *minHeap) push(x int) { heap.Push(h, x) }
func (h *minHeap) pop() int   { return heap.Pop(h).(int) }

// Push is for container/heap alone.
func (h *minHeap) Push(x any) { h.IntSlice = append(h.IntSlice, x.(int)) }

// Pop is for container/heap alone.
func (h *minHeap) Pop() any {
	last := len(h.IntSlice) - 1
	x := h.IntSlice[last]
	h.IntSlice = h.IntSlice[:last]
	return x
}
