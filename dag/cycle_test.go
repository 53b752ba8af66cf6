package dag_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bitops-engine/bitops/dag"
)

func ExampleCycleError() {
	g := dag.New[string]()
	for _, v := range []string{"network", "database", "backend"} {
		_ = g.AddVertex(v)
	}
	// Written as in "network depends on backend, which depends on …".
	_ = g.AddEdge("backend", "network")
	_ = g.AddEdge("database", "backend")
	_ = g.AddEdge("network", "database")
	_, err := g.Order()
	fmt.Println(err)
	// Output:
	// dependency cycle: network -> backend -> database -> network ("->" means "depends on")
}

func ExampleUnknownError() {
	g := dag.New[string]()
	_ = g.AddVertex("backend")
	fmt.Println(g.AddEdge("databse", "backend"))
	// Output:
	// "backend" cannot depend on "databse": "databse" is not in the graph
}

func ExampleDuplicateError() {
	g := dag.New[string]()
	_ = g.AddVertex("backend")
	fmt.Println(g.AddVertex("backend"))
	// Output:
	// "backend" is in the graph already
}

func TestCycle(t *testing.T) {
	for _, test := range []struct{ name, graph, want string }{
		{"a graph without cycle has none", "a b:a c:a,b", ""},
		{"a vertex that depends on itself is a cycle", "a b:b", "b b"},
		{"a cycle of two starts at the first in the manifest", "a:b b:a", "a b a"},
		{"a cycle starts at its first in the manifest wherever the search came in", "in:c a:b b:c c:a", "a b c a"},
		{"what leads to a cycle is not part of it", "a:b b:c c:d d:c", "c d c"},
		{"what a cycle leads to is not part of it", "x b:a,x a:b", "b a b"},
		{"of two cycles the same one is always found", "a:b b:a c:d d:c", "a b a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := parse(t, test.graph)
			wantSteps(t, "FindCycle", g.FindCycle(), test.want)
			_, orderErr := g.Order()
			_, frontierErr := dag.NewFrontier(g, dag.Options[step]{})
			for _, err := range []error{orderErr, frontierErr} {
				var cycle *dag.CycleError[step]
				switch found := errors.As(err, &cycle); {
				case found != (test.want != ""):
					t.Errorf("error = %v", err)
				case found:
					wantSteps(t, "Path", cycle.Path, test.want)
				}
			}
		})
	}
}
