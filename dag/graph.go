package dag

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/dominikbraun/graph"
)

// Graph is a directed graph of vertices and the dependencies between them, kept
// by github.com/dominikbraun/graph. That library forgets in which order things
// were added and prevents cycles only in quadratic time: this type adds the
// order and leaves cycles to be found in one pass.
//
// Whatever it returns is in manifest order (the order of AddVertex) and is the
// caller's to keep.
//
// A Graph may hold cycles; Order and NewFrontier report them. Build it first
// and ask afterwards: the first question after a change costs one pass over
// the graph. Several goroutines may ask at once as long as none adds.
//
// The zero Graph is not usable; call New.
type Graph[V ~string] struct {
	edges    graph.Graph[int, V] // of positions, from dependency to dependent
	vertices []V                 // in manifest order; only ever appended to
	position map[V]int           // the inverse of vertices
	ordered  atomic.Pointer[adjacency]
}

// New returns an empty graph.
func New[V ~string]() *Graph[V] {
	g := &Graph[V]{position: make(map[V]int)}
	g.edges = graph.New(g.positionOf, graph.Directed())
	return g
}

// positionOf returns where v is in manifest order: at the end if it is new.
func (g *Graph[V]) positionOf(v V) int {
	if i, ok := g.position[v]; ok {
		return i
	}
	return len(g.vertices)
}

// AddVertex adds v after all earlier vertices. It returns a *DuplicateError if
// the graph has v already.
func (g *Graph[V]) AddVertex(v V) error {
	switch err := g.edges.AddVertex(v); {
	case errors.Is(err, graph.ErrVertexAlreadyExists):
		return &DuplicateError[V]{Vertex: v}
	case err != nil:
		return fmt.Errorf("add vertex %q: %w", string(v), err)
	}
	g.position[v] = len(g.vertices)
	g.vertices = append(g.vertices, v)
	g.ordered.Store(nil)
	return nil
}

// AddEdge makes dependent wait for dependency. Adding an edge again changes
// nothing. It returns an *UnknownError if either is not in the graph.
//
// An edge that closes a cycle, even one from a vertex to itself, is kept:
// FindCycle can then name the whole cycle.
func (g *Graph[V]) AddEdge(dependency, dependent V) error {
	from, ok := g.position[dependency]
	if !ok {
		return &UnknownError[V]{Vertex: dependency, Dependency: dependency, Dependent: dependent}
	}
	to, ok := g.position[dependent]
	if !ok {
		return &UnknownError[V]{Vertex: dependent, Dependency: dependency, Dependent: dependent}
	}
	switch err := g.edges.AddEdge(from, to); {
	case errors.Is(err, graph.ErrEdgeAlreadyExists):
		return nil
	case err != nil:
		return fmt.Errorf("add edge from %q to %q: %w", string(dependency), string(dependent), err)
	}
	g.ordered.Store(nil)
	return nil
}

// Has reports whether v is in the graph.
func (g *Graph[V]) Has(v V) bool {
	_, ok := g.position[v]
	return ok
}

// Len returns the number of vertices.
func (g *Graph[V]) Len() int { return len(g.vertices) }

// Vertices returns all vertices.
func (g *Graph[V]) Vertices() []V {
	return append([]V(nil), g.vertices...)
}

// Dependencies returns the vertices that v waits for directly: none if v is
// not in the graph.
func (g *Graph[V]) Dependencies(v V) []V {
	return g.neighbours(v, g.adjacency().dependencies)
}

// Dependents returns the vertices that wait for v directly: none if v is not
// in the graph.
func (g *Graph[V]) Dependents(v V) []V {
	return g.neighbours(v, g.adjacency().dependents)
}

// Reversed returns a new graph with the same vertices in the same order and
// every edge turned round: the order for taking things down.
func (g *Graph[V]) Reversed() *Graph[V] {
	reversed := New[V]()
	for _, v := range g.vertices {
		reversed.mustAddVertex(v)
	}
	for i, dependencies := range g.adjacency().dependencies {
		for _, d := range dependencies {
			reversed.mustAddEdge(g.vertices[i], g.vertices[d])
		}
	}
	return reversed
}

func (g *Graph[V]) neighbours(v V, of [][]int) []V {
	i, ok := g.position[v]
	if !ok {
		return nil
	}
	return g.names(of[i])
}

// names returns the vertices at the given positions.
func (g *Graph[V]) names(positions []int) []V {
	var names []V
	for _, i := range positions {
		names = append(names, g.vertices[i])
	}
	return names
}

// mustAddVertex adds a vertex that is known to be new.
func (g *Graph[V]) mustAddVertex(v V) {
	if err := g.AddVertex(v); err != nil {
		panic(err)
	}
}

// mustAddEdge adds an edge whose ends are known to be in the graph.
func (g *Graph[V]) mustAddEdge(dependency, dependent V) {
	if err := g.AddEdge(dependency, dependent); err != nil {
		panic(err)
	}
}

// DuplicateError reports that a vertex was added twice.
type DuplicateError[V ~string] struct {
	Vertex V
}

func (e *DuplicateError[V]) Error() string {
	return fmt.Sprintf("%q is in the graph already", string(e.Vertex))
}

// UnknownError reports an edge to or from a vertex that is not in the graph.
type UnknownError[V ~string] struct {
	Vertex     V // the unknown one; if neither end is known, the dependency
	Dependency V
	Dependent  V
}

func (e *UnknownError[V]) Error() string {
	return fmt.Sprintf("%q cannot depend on %q: %q is not in the graph",
		string(e.Dependent), string(e.Dependency), string(e.Vertex))
}
