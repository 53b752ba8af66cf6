package dag_test

import (
	"errors"
	"testing"

	"github.com/bitops-engine/bitops/dag"
)

func TestGraphAnswersInManifestOrder(t *testing.T) {
	// z, m and a are neither in alphabetical order nor added as edges in
	// manifest order.
	g := parse(t, "z m a top:a,m,z end:top,z")
	wantSteps(t, "Vertices", g.Vertices(), "z m a top end")
	wantSteps(t, "Dependencies(top)", g.Dependencies("top"), "z m a")
	wantSteps(t, "Dependencies(z)", g.Dependencies("z"), "")
	wantSteps(t, "Dependents(z)", g.Dependents("z"), "top end")
	wantSteps(t, "Dependents(end)", g.Dependents("end"), "")
	wantSteps(t, "Dependencies(unknown)", g.Dependencies("unknown"), "")
	wantSteps(t, "Dependents(unknown)", g.Dependents("unknown"), "")
	if g.Len() != 5 || !g.Has("top") || g.Has("unknown") {
		t.Errorf("Len = %d, Has(top) = %t, Has(unknown) = %t", g.Len(), g.Has("top"), g.Has("unknown"))
	}
}

func TestGraphSeesWhatIsAddedAfterAQuestion(t *testing.T) {
	g := parse(t, "a b")
	wantSteps(t, "Dependents(a)", g.Dependents("a"), "")
	if err := g.AddEdge("a", "b"); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "Dependents(a)", g.Dependents("a"), "b")
	if err := g.AddVertex("c"); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "Dependents(c)", g.Dependents("c"), "")
}

func TestGraphAnswersBelongToTheCaller(t *testing.T) {
	g := parse(t, "a b c:a,b")
	g.Vertices()[0] = "changed"
	g.Dependencies("c")[0] = "changed"
	if got := text(g); got != "a b c:a,b" {
		t.Errorf("the graph became %q", got)
	}
}

func TestAddVertexTwiceIsADuplicateError(t *testing.T) {
	g := parse(t, "a b:a")
	err := g.AddVertex("a")
	var duplicate *dag.DuplicateError[step]
	if !errors.As(err, &duplicate) || duplicate.Vertex != "a" {
		t.Fatalf("AddVertex(a) = %v", err)
	}
	if got := text(g); got != "a b:a" {
		t.Errorf("the graph became %q", got)
	}
}

func TestAddEdgeTwiceIsOneEdge(t *testing.T) {
	g := parse(t, "a b:a,a")
	wantSteps(t, "Dependencies(b)", g.Dependencies("b"), "a")
	wantSteps(t, "Dependents(a)", g.Dependents("a"), "b")
}

func TestAddEdgeWithAnUnknownEnd(t *testing.T) {
	for _, test := range []struct {
		name                  string
		dependency, dependent step
		unknown               step
	}{
		{"the dependency is unknown", "x", "a", "x"},
		{"the dependent is unknown", "a", "x", "x"},
		{"both are unknown and the dependency is named", "x", "y", "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := parse(t, "a")
			err := g.AddEdge(test.dependency, test.dependent)
			var unknown *dag.UnknownError[step]
			if !errors.As(err, &unknown) {
				t.Fatalf("AddEdge = %v, want an UnknownError", err)
			}
			want := dag.UnknownError[step]{Vertex: test.unknown, Dependency: test.dependency, Dependent: test.dependent}
			if *unknown != want {
				t.Errorf("got %+v, want %+v", *unknown, want)
			}
		})
	}
}

func TestReversedTurnsEveryEdgeAndKeepsTheOrder(t *testing.T) {
	g := parse(t, "a b:a c:a,b d")
	if got, want := text(g.Reversed()), "a:b,c b:c c d"; got != want {
		t.Errorf("Reversed = %q, want %q", got, want)
	}
	if got, want := text(g), "a b:a c:a,b d"; got != want {
		t.Errorf("the original became %q, want %q", got, want)
	}
}

func TestOrder(t *testing.T) {
	for _, test := range []struct{ name, graph, want string }{
		{"nothing has the empty order", "", ""},
		{"independent vertices stay in manifest order", "c a b", "c a b"},
		{"a dependency written later comes first", "a:b b", "b a"},
		{"a vertex that becomes ready goes before ready ones written after it", "x a:x b", "x a b"},
		{"a diamond closes after both of its sides", "d:b,c c:a b:a a", "a c b d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			order, err := parse(t, test.graph).Order()
			if err != nil {
				t.Fatal(err)
			}
			wantSteps(t, "Order", order, test.want)
		})
	}
}
