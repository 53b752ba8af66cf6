package dag

import "fmt"

// adjacency is a Graph's edges in a form made for passes over the whole graph:
// vertices are positions in manifest order, and so is every list of them. It
// never changes once made.
type adjacency struct {
	dependencies [][]int // dependencies[i]: the vertices that i waits for
	dependents   [][]int // dependents[i]: the vertices that wait for i
}

// adjacency returns the edges as they are now. The graph library keeps edges
// in maps; this is the one place where their random order is taken out.
func (g *Graph[V]) adjacency() *adjacency {
	if a := g.ordered.Load(); a != nil {
		return a
	}
	edges, err := g.edges.Edges()
	if err != nil {
		// The library's own in-memory store does not fail.
		panic(fmt.Errorf("list edges: %w", err))
	}
	unordered := make([][]int, len(g.vertices))
	for _, edge := range edges {
		unordered[edge.Source] = append(unordered[edge.Source], edge.Target)
	}
	// Turning the edges round visits their origins in ascending order, so
	// each list comes out sorted; turning them back sorts the other side.
	a := &adjacency{dependencies: turned(unordered)}
	a.dependents = turned(a.dependencies)
	g.ordered.Store(a)
	return a
}

// turned returns the edges in the opposite direction, each list ascending.
func turned(edges [][]int) [][]int {
	result := make([][]int, len(edges))
	for from, targets := range edges {
		for _, to := range targets {
			result[to] = append(result[to], from)
		}
	}
	return result
}

// missing returns, for each vertex, the number of its direct dependencies.
func (a *adjacency) missing() []int {
	missing := make([]int, len(a.dependencies))
	for i, dependencies := range a.dependencies {
		missing[i] = len(dependencies)
	}
	return missing
}
