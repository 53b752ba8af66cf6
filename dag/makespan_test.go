package dag_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/dag"
)

// timed is a random graph of 30 to 300 vertices that take between a second and some minutes.
func timed(r *rand.Rand) (*dag.Graph[string], map[string]time.Duration) {
	g, takes := dag.New[string](), map[string]time.Duration{}
	size, reach := 30+r.IntN(271), 5+r.IntN(40)
	for i := range size {
		v := fmt.Sprint("v", i)
		if err := g.AddVertex(v); err != nil {
			panic(err)
		}
		takes[v] = time.Second + time.Duration(r.ExpFloat64()*30*float64(time.Second))
		for range r.IntN(4) {
			if from := i - 1 - r.IntN(reach); from >= 0 {
				_ = g.AddEdge(fmt.Sprint("v", from), v)
			}
		}
	}
	return g, takes
}

// With durations that are known, a run takes little longer than the longest chain, or than all work shared by all that may
// run: no order is faster than the longer of the two.
func TestTheLongestChainGoesFirst(t *testing.T) {
	var over []float64
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		g, takes := timed(r)
		cost := func(v string) time.Duration { return takes[v] }
		jobs := 1 + r.IntN(12)
		f, err := dag.NewFrontier(g, dag.Options[string]{Parallelism: jobs, Cost: cost})
		if err != nil {
			t.Fatal(err)
		}
		var work, chain time.Duration
		for _, d := range takes {
			work += d
		}
		path, err := g.CriticalPath(cost)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range path {
			chain += takes[v]
		}
		bound := max(chain, work/time.Duration(jobs))
		took := dag.Makespan(f, cost)
		if took < bound-time.Microsecond {
			t.Fatalf("seed %d: %s, and less than %s is not possible", seed, took, bound)
		}
		over = append(over, float64(took)/float64(bound)-1)
	}
	slices.Sort(over)
	median, worst := over[len(over)/2], over[len(over)-1]
	t.Logf("over the bound: median %.2f %%, 99 of 100 %.2f %%, worst %.2f %%", 100*median, 100*over[len(over)*99/100], 100*worst)
	if median > 0.05 || worst > 0.15 {
		t.Errorf("median %.3f and worst %.3f over the bound, 0.05 and 0.15 are allowed", median, worst)
	}
}

func TestCriticalPath(t *testing.T) {
	g := dag.New[string]()
	for _, v := range []string{"a", "b", "c", "d", "alone"} {
		if err := g.AddVertex(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range [][2]string{{"a", "b"}, {"a", "c"}, {"b", "d"}, {"c", "d"}} {
		if err := g.AddEdge(e[0], e[1]); err != nil {
			t.Fatal(err)
		}
	}
	takes := map[string]time.Duration{"a": 1, "b": 1, "c": 5, "d": 1, "alone": 6}
	path, err := g.CriticalPath(func(v string) time.Duration { return takes[v] })
	if err != nil || !slices.Equal(path, []string{"a", "c", "d"}) {
		t.Errorf("%v, %v", path, err)
	}
	if path, err := dag.New[string]().CriticalPath(nil); err != nil || len(path) > 0 {
		t.Errorf("of nothing: %v, %v", path, err)
	}
	if err := g.AddEdge("d", "a"); err == nil {
		if _, err := g.CriticalPath(func(string) time.Duration { return 1 }); err == nil {
			t.Error("a cycle has a critical path")
		}
	}
}
