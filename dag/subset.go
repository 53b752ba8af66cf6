package dag

// Ancestors returns everything that any of vs depends on, directly or not.
// One of vs is among them only if another of vs, or a cycle, leads to it.
// Vertices that are not in the graph have no ancestors.
func (g *Graph[V]) Ancestors(vs ...V) []V {
	return g.reachable(vs, g.adjacency().dependencies)
}

// Descendants returns everything that depends on any of vs, directly or not.
// One of vs is among them only if another of vs, or a cycle, leads to it.
// Vertices that are not in the graph have no descendants.
func (g *Graph[V]) Descendants(vs ...V) []V {
	return g.reachable(vs, g.adjacency().dependents)
}

// reachable returns what one or more edges lead to from any of vs.
func (g *Graph[V]) reachable(vs []V, edges [][]int) []V {
	reached := make([]bool, len(g.vertices))
	var stack []int
	for _, v := range vs {
		if i, ok := g.position[v]; ok {
			stack = append(stack, i)
		}
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, next := range edges[i] {
			if !reached[next] {
				reached[next] = true
				stack = append(stack, next)
			}
		}
	}
	var result []V
	for i, ok := range reached {
		if ok {
			result = append(result, g.vertices[i])
		}
	}
	return result
}

// Subset returns a new graph of the vertices that keep approves of, asking
// once for each in manifest order. Order through a dropped vertex stays: if c
// depends on b and b on a, then without b, c depends on a.
//
// From each kept vertex it looks through the dropped ones around it, so it is
// fast when few are dropped and when few are kept. A dropped vertex with m
// dependencies and n dependents becomes m times n edges.
func (g *Graph[V]) Subset(keep func(V) bool) *Graph[V] {
	subset := New[V]()
	kept := make([]bool, len(g.vertices))
	for i, v := range g.vertices {
		if kept[i] = keep(v); kept[i] {
			subset.mustAddVertex(v)
		}
	}
	dependencies := g.adjacency().dependencies
	seenFrom := make([]int, len(g.vertices)) // 1 + the kept vertex it was last seen from
	var stack []int
	for i, v := range g.vertices {
		if !kept[i] {
			continue
		}
		stack = append(stack, dependencies[i]...)
		for len(stack) > 0 {
			d := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			switch {
			case seenFrom[d] == i+1:
			case kept[d]:
				seenFrom[d] = i + 1
				subset.mustAddEdge(g.vertices[d], v)
			default:
				seenFrom[d] = i + 1
				stack = append(stack, dependencies[d]...)
			}
		}
	}
	return subset
}
