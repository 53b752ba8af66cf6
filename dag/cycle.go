package dag

import (
	"slices"
	"strings"
)

// CycleError reports vertices that wait for each other and so can never start.
type CycleError[V ~string] struct {
	// Path follows "depends on" from a vertex back to itself, so its first
	// and last elements are equal. It begins with the vertex of the cycle
	// that is first in manifest order.
	Path []V
}

func (e *CycleError[V]) Error() string {
	names := make([]string, len(e.Path))
	for i, v := range e.Path {
		names[i] = string(v)
	}
	return "dependency cycle: " + strings.Join(names, " -> ") + ` ("->" means "depends on")`
}

// FindCycle returns one cycle in the form of CycleError.Path, nil if there is
// none. Of several cycles it always finds the same one, not always the
// shortest.
func (g *Graph[V]) FindCycle() []V {
	cycle := g.adjacency().cycle()
	if cycle == nil {
		return nil
	}
	first := slices.Index(cycle, slices.Min(cycle))
	path := slices.Concat(cycle[first:], cycle[:first+1])
	return g.names(path)
}

// cycle follows the dependencies depth-first until it meets a vertex it is
// still on its way from. It keeps its own stack: a chain may be longer than is
// good for the goroutine's.
func (a *adjacency) cycle() []int {
	const (
		unseen = iota
		onPath
		finished
	)
	mark := make([]uint8, len(a.dependencies))
	followed := make([]int, len(a.dependencies)) // how many dependencies of it
	for start := range mark {
		if mark[start] != unseen {
			continue
		}
		mark[start] = onPath
		path := []int{start}
		for len(path) > 0 {
			v := path[len(path)-1]
			if followed[v] == len(a.dependencies[v]) {
				mark[v] = finished
				path = path[:len(path)-1]
				continue
			}
			d := a.dependencies[v][followed[v]]
			followed[v]++
			switch mark[d] {
			case onPath:
				return path[slices.Index(path, d):]
			case unseen:
				mark[d] = onPath
				path = append(path, d)
			}
		}
	}
	return nil
}
