package dag_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/bitops-engine/bitops/dag"
)

// shape says what vertex i of n depends on.
type shape struct {
	name         string
	dependencies func(i, n int, random *rand.Rand) []int
}

var (
	chain = shape{"chain", func(i, _ int, _ *rand.Rand) []int {
		if i == 0 {
			return nil
		}
		return []int{i - 1}
	}}
	wide = shape{"wide", func(i, n int, _ *rand.Rand) []int {
		switch i {
		case 0:
			return nil
		case n - 1: // the last waits for all
			all := make([]int, n-2)
			for j := range all {
				all[j] = j + 1
			}
			return all
		default:
			return []int{0}
		}
	}}
	loose = shape{"loose", func(int, int, *rand.Rand) []int {
		return nil
	}}
	random = shape{"random", func(i, _ int, random *rand.Rand) []int {
		var some []int
		for range min(i, 3) {
			some = append(some, random.Intn(i))
		}
		return some
	}}
)

func names(n int) []step {
	result := make([]step, n)
	for i := range result {
		result[i] = step(fmt.Sprintf("environment-%d/terraform", i))
	}
	return result
}

func (s shape) build(names []step) *dag.Graph[step] {
	r := rand.New(rand.NewSource(1))
	g := dag.New[step]()
	for _, v := range names {
		must(g.AddVertex(v))
	}
	for i, v := range names {
		for _, d := range s.dependencies(i, len(names), r) {
			must(g.AddEdge(names[d], v))
		}
	}
	return g
}

// BenchmarkOrder10k builds and orders 10,000 vertices with 30,000 edges.
func BenchmarkOrder10k(b *testing.B) { benchmarkOrder(b, random, 10_000) }

// BenchmarkOrderChain100k builds and orders a chain of 100,000 vertices.
func BenchmarkOrderChain100k(b *testing.B) { benchmarkOrder(b, chain, 100_000) }

func benchmarkOrder(b *testing.B, s shape, n int) {
	vertices := names(n)
	for b.Loop() {
		if _, err := s.build(vertices).Order(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubset10k drops 1% and 99% of 10,000 vertices.
func BenchmarkSubset10k(b *testing.B) {
	g := random.build(names(10_000))
	for _, percent := range []int{1, 99} {
		b.Run(fmt.Sprintf("dropped=%d%%", percent), func(b *testing.B) {
			for b.Loop() {
				i := 0
				g.Subset(func(step) bool { i++; return i%100 >= percent })
			}
		})
	}
}

func BenchmarkFrontier10k(b *testing.B)  { benchmarkFrontier(b, 10_000) }
func BenchmarkFrontier100k(b *testing.B) { benchmarkFrontier(b, 100_000) }

// benchmarkFrontier measures a whole run without the work: each vertex
// succeeds at once. One in ten vertices has a limit of its own, four in ten
// share one that is always saturated.
func benchmarkFrontier(b *testing.B, n int) {
	for _, s := range []shape{chain, wide, random} {
		g := s.build(names(n))
		options := dag.Options[step]{Parallelism: 10, Limits: map[string]int{"shared": 2}}
		limit := map[step]string{}
		for i, v := range g.Vertices() {
			switch {
			case i%10 == 0:
				limit[v] = string(v)
				options.Limits[string(v)] = 1
			case i%10 < 5:
				limit[v] = "shared"
			}
		}
		options.LimitOf = func(v step) string { return limit[v] }
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				runAll(newFrontier(g, options), dag.Succeeded)
			}
		})
	}
}

// BenchmarkFrontierFailing100k fails all of 100,000 vertices that run at once.
func BenchmarkFrontierFailing100k(b *testing.B) {
	g := loose.build(names(100_000))
	for b.Loop() {
		runAll(newFrontier(g, dag.Options[step]{}), dag.Failed)
	}
}

// runAll settles whatever starts, first come first served.
func runAll(f *dag.Frontier[step], r dag.Result) {
	queue := f.Next()
	for len(queue) > 0 {
		f.Settle(queue[0], r)
		queue = append(queue[1:], f.Next()...)
	}
	if !f.Done() {
		panic("the run is stuck")
	}
}
