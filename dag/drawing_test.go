package dag_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/dag"
)

// drawing is a random graph as it was drawn, for oracles that must not trust
// the Graph made of it.
type drawing struct {
	vertices []step // in manifest order
	needs    map[step][]step
	passes   map[[2]step]bool // of a dependency and a dependent: it only has to be over
}

// drawGraph draws a graph of up to most vertices. Its manifest order has
// nothing to do with its topological order. If cyclic, edges go anywhere.
func drawGraph(t *rapid.T, most int, cyclic bool) (drawing, *dag.Graph[step]) {
	n := evenly(most+1).Draw(t, "vertices")
	d := drawing{needs: map[step][]step{}}
	for i := range n {
		d.vertices = append(d.vertices, step(fmt.Sprintf("v%d", i)))
	}
	hidden := rapid.Permutation(d.vertices).Draw(t, "topological order")
	g := dag.New[step]()
	for _, v := range d.vertices {
		must(g.AddVertex(v))
	}
	density := evenly(8).Draw(t, "density")
	for i, v := range hidden {
		for j, w := range hidden {
			if (j < i || cyclic) && evenly(10).Draw(t, "no edge") < density {
				d.needs[v] = append(d.needs[v], w)
				must(g.AddEdge(w, v))
			}
		}
	}
	return d, g
}

// upstream reports whether v depends on the success of root, directly or not.
func (d drawing) upstream(root, v step) bool {
	return d.leads(v, root, map[step]bool{})
}

func (d drawing) leads(from, to step, seen map[step]bool) bool {
	for _, next := range d.needs[from] {
		if d.passes[[2]step{next, from}] {
			continue
		}
		if next == to {
			return true
		}
		if !seen[next] {
			seen[next] = true
			if d.leads(next, to, seen) {
				return true
			}
		}
	}
	return false
}

// drawOptions draws options and fixes what their functions answer.
func drawOptions(t *rapid.T, d *drawing) dag.Options[step] {
	vertices := d.vertices
	o := dag.Options[step]{
		Parallelism: evenly(5).Draw(t, "parallelism"),
		Limits: map[string]int{
			"one": 1,
			"two": 2,
			"off": 0,
		},
		KeepGoing: rapid.Bool().Draw(t, "keep going"),
	}
	limits := map[step]string{}
	expected := map[step]time.Duration{}
	for _, v := range vertices {
		limits[v] = oneOf(t, "limit of "+string(v), "", "one", "two", "two", "two", "two", "off", "unlisted")
		expected[v] = time.Duration(evenly(4).Draw(t, "cost of "+string(v)))
	}
	if rapid.Bool().Draw(t, "with passes") {
		d.passes = map[[2]step]bool{}
		for _, v := range vertices {
			for _, on := range d.needs[v] {
				d.passes[[2]step{on, v}] = rapid.Bool().Draw(t, string(on)+" only before "+string(v))
			}
		}
		o.OnlyOrder = func(on, v step) bool { return d.passes[[2]step{on, v}] }
	}
	if rapid.Bool().Draw(t, "limited") {
		o.LimitOf = func(v step) string { return limits[v] }
	}
	if rapid.Bool().Draw(t, "with costs") {
		o.Cost = func(v step) time.Duration { return expected[v] }
	}
	return o
}

// drawResult mostly draws a success: otherwise few runs would get far.
func drawResult(t *rapid.T, label string) dag.Result {
	return oneOf(
		t, label,
		dag.Succeeded, dag.Succeeded, dag.Succeeded, dag.Succeeded, dag.Succeeded, dag.Succeeded, dag.Succeeded,
		dag.Failed, dag.Held, dag.Interrupted,
	)
}

// drawSubset draws some of the vertices.
func drawSubset(t *rapid.T, vertices []step, label string) []step {
	return slices.DeleteFunc(slices.Clone(vertices), func(v step) bool {
		return rapid.Bool().Draw(t, label+" "+string(v))
	})
}

// evenly generates the numbers below n, each as often as any other. Rapid's own
// ranges prefer small numbers so much that most graphs would be trivial.
func evenly(n int) *rapid.Generator[int] {
	return rapid.Custom(func(t *rapid.T) int {
		x := 0
		for range 8 {
			x *= 2
			if rapid.Bool().Draw(t, "bit") {
				x++
			}
		}
		return x * n / 256
	})
}

// oneOf draws one of the choices, each as often as any other.
func oneOf[E any](t *rapid.T, label string, choices ...E) E {
	return choices[evenly(len(choices)).Draw(t, label)]
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
