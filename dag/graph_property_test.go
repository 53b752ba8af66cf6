package dag_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/dag"
)

func TestPropertyGraphIsWhatWasDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 12, true)
		reversed := g.Reversed()
		for _, v := range d.vertices {
			var dependencies, dependents []step
			for _, w := range d.vertices {
				if slices.Contains(d.needs[v], w) {
					dependencies = append(dependencies, w)
				}
				if slices.Contains(d.needs[w], v) {
					dependents = append(dependents, w)
				}
			}
			if got := g.Dependencies(v); !slices.Equal(got, dependencies) {
				t.Fatalf("Dependencies(%s) = %v, want %v", v, got, dependencies)
			}
			if got := g.Dependents(v); !slices.Equal(got, dependents) {
				t.Fatalf("Dependents(%s) = %v, want %v", v, got, dependents)
			}
			if got := reversed.Dependencies(v); !slices.Equal(got, dependents) {
				t.Fatalf("Reversed().Dependencies(%s) = %v, want %v", v, got, dependents)
			}
		}
		if !slices.Equal(reversed.Vertices(), d.vertices) {
			t.Fatalf("Reversed().Vertices() = %v, want %v", reversed.Vertices(), d.vertices)
		}
	})
}

// TestPropertyOrder compares with the definition: again and again, the first
// vertex in the manifest whose dependencies are all there.
func TestPropertyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 12, false)
		var want []step
		for range d.vertices {
			want = append(want, firstReady(d, want))
		}
		got, err := g.Order()
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("Order = %v, %v, want %v", got, err, want)
		}
		if cycle := g.FindCycle(); cycle != nil {
			t.Fatalf("FindCycle = %v in a graph without cycles", cycle)
		}
	})
}

func firstReady(d drawing, ordered []step) step {
	for _, v := range d.vertices {
		ready := !slices.Contains(ordered, v)
		for _, w := range d.needs[v] {
			ready = ready && slices.Contains(ordered, w)
		}
		if ready {
			return v
		}
	}
	panic("the drawn graph has a cycle")
}

func TestPropertyCycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 8, true)
		cyclic := slices.ContainsFunc(d.vertices, func(v step) bool { return d.upstream(v, v) })
		order, err := g.Order()
		if !cyclic {
			if err != nil || len(order) != len(d.vertices) {
				t.Fatalf("Order = %v, %v in a graph without cycles", order, err)
			}
			return
		}
		var cycle *dag.CycleError[step]
		if !errors.As(err, &cycle) {
			t.Fatalf("Order = %v, %v in a graph with a cycle", order, err)
		}
		checkCycle(t, d, cycle.Path)
	})
}

func checkCycle(t *rapid.T, d drawing, path []step) {
	if len(path) < 2 || path[0] != path[len(path)-1] {
		t.Fatalf("%v does not return to its start", path)
	}
	round := path[1:]
	for i, v := range round {
		if !slices.Contains(d.needs[path[i]], v) {
			t.Fatalf("%v: %s does not depend on %s", path, path[i], v)
		}
		if slices.Contains(round[:i], v) {
			t.Fatalf("%v passes %s twice", path, v)
		}
		if slices.Index(d.vertices, v) < slices.Index(d.vertices, path[0]) {
			t.Fatalf("%v does not start at its first vertex in manifest order", path)
		}
	}
}

func TestPropertyAncestorsAndDescendants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 12, rapid.Bool().Draw(t, "cyclic"))
		of := drawSubset(t, d.vertices, "of")
		var ancestors, descendants []step
		for _, v := range d.vertices {
			if slices.ContainsFunc(of, func(w step) bool { return d.upstream(v, w) }) {
				ancestors = append(ancestors, v)
			}
			if slices.ContainsFunc(of, func(w step) bool { return d.upstream(w, v) }) {
				descendants = append(descendants, v)
			}
		}
		if got := g.Ancestors(of...); !slices.Equal(got, ancestors) {
			t.Fatalf("Ancestors(%v) = %v, want %v", of, got, ancestors)
		}
		if got := g.Descendants(of...); !slices.Equal(got, descendants) {
			t.Fatalf("Descendants(%v) = %v, want %v", of, got, descendants)
		}
	})
}

// TestPropertySubset checks that what depends on what, directly or not, is the
// same among the kept vertices, and that no edge skips a kept vertex unless it
// was there before.
func TestPropertySubset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 12, rapid.Bool().Draw(t, "cyclic"))
		kept := drawSubset(t, d.vertices, "keep")
		s := g.Subset(func(v step) bool { return slices.Contains(kept, v) })
		if !slices.Equal(s.Vertices(), kept) {
			t.Fatalf("Vertices = %v, want %v", s.Vertices(), kept)
		}
		// The same graph without the edges out of kept vertices: what it
		// leads to is what can be reached through dropped ones alone.
		through := drawing{needs: map[step][]step{}}
		for _, v := range d.vertices {
			if !slices.Contains(kept, v) {
				through.needs[v] = d.needs[v]
			}
		}
		for _, v := range kept {
			for _, w := range kept {
				direct := slices.Contains(d.needs[v], w)
				for _, x := range d.needs[v] {
					direct = direct || through.upstream(w, x)
				}
				if got := slices.Contains(s.Dependencies(v), w); got != direct {
					t.Fatalf("%s depends directly on %s: %t, want %t", v, w, got, direct)
				}
				if got := slices.Contains(s.Ancestors(v), w); got != d.upstream(w, v) {
					t.Fatalf("%s depends on %s: %t, want %t", v, w, got, !got)
				}
			}
		}
	})
}
