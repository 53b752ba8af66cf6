package dag_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/dag"
)

// TestPropertyFrontier drives a random run and compares every answer with the
// oracle's. Independently of the oracle, it checks what must hold in any run.
func TestPropertyFrontier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 14, false)
		options := drawOptions(t, &d)
		f := newFrontier(g, options)
		twin := newFrontier(g, options)
		want := &oracle{drawing: d, options: options}
		seen := newRecord(d, options)
		for !f.Done() {
			switch oneOf(t, "call", "next", "next", "next", "settle", "settle", "settle", "settle", "stop") {
			case "next":
				got := f.Next()
				same(t, "Next", got, want.next())
				same(t, "Next of an equal frontier", twin.Next(), got)
				seen.started(t, got)
				if left := want.runnable(); len(left) > 0 {
					t.Fatalf("%v could run and does not", left)
				}
			case "settle":
				running := f.Running()
				same(t, "Running", running, want.running())
				if len(running) == 0 {
					continue
				}
				v := oneOf(t, "vertex", running...)
				r := drawResult(t, "result of "+string(v))
				got := f.Settle(v, r)
				same(t, "Settle", got, want.settle(v, r))
				same(t, "Settle of an equal frontier", twin.Settle(v, r), got)
				seen.settled(t, got)
			case "stop":
				// Rare enough for most runs to get on.
				if evenly(8).Draw(t, "really stop") > 0 {
					continue
				}
				got := f.Stop()
				same(t, "Stop", got, want.stop())
				same(t, "Stop of an equal frontier", twin.Stop(), got)
				seen.settled(t, got)
			}
			if f.Done() != want.done() {
				t.Fatalf("Done = %t, want %t", f.Done(), want.done())
			}
		}
		seen.complete(t)
	})
}

func newFrontier(g *dag.Graph[step], o dag.Options[step]) *dag.Frontier[step] {
	f, err := dag.NewFrontier(g, o)
	must(err)
	return f
}

func same[E comparable](t *rapid.T, what string, got, want []E) {
	if !slices.Equal(got, want) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// fatalfer is what rapid's T and testing's have in common.
type fatalfer interface {
	Fatalf(format string, args ...any)
}

// record is what a driver saw of a run. It knows the rules that hold in every
// run, but not who goes first.
type record struct {
	drawing
	options dag.Options[step]
	running []step
	ended   map[step]dag.Settled[step]
	failure step // the first, if it ended the run
	stopped bool // some vertices were NotStarted without a failure
}

func newRecord(d drawing, o dag.Options[step]) *record {
	return &record{drawing: d, options: o, ended: map[step]dag.Settled[step]{}}
}

func (r *record) started(t fatalfer, vs []step) {
	for _, v := range vs {
		if _, ended := r.ended[v]; ended || slices.Contains(r.running, v) {
			t.Fatalf("%s starts a second time", v)
		}
		if r.failure != "" || r.stopped {
			t.Fatalf("%s starts after the end of the run", v)
		}
		for _, d := range r.needs[v] {
			if !r.lets(d, v, r.ended[d].State) {
				t.Fatalf("%s starts although %s is %q", v, d, r.ended[d].State)
			}
		}
		r.running = append(r.running, v)
	}
	if n := r.options.Parallelism; n > 0 && len(r.running) > n {
		t.Fatalf("%v run at once, more than %d", r.running, n)
	}
	if r.options.LimitOf == nil {
		return
	}
	perLimit := map[string]int{}
	for _, v := range r.running {
		name := r.options.LimitOf(v)
		perLimit[name]++
		if n := r.options.Limits[name]; n > 0 && perLimit[name] > n {
			t.Fatalf("%v run at once, more than %d of %s", r.running, n, name)
		}
	}
}

func (r *record) settled(t fatalfer, all []dag.Settled[step]) {
	for _, s := range all {
		if earlier, ok := r.ended[s.Vertex]; ok {
			t.Fatalf("%v is settled again as %v", earlier, s)
		}
		r.ended[s.Vertex] = s
		running := slices.Index(r.running, s.Vertex)
		if ran := s.State != dag.Blocked && s.State != dag.NotStarted; ran != (running >= 0) {
			t.Fatalf("%v, but running is %t", s, !ran)
		}
		switch s.State {
		case dag.Blocked:
			root := r.ended[s.Cause].State
			if !slices.Contains([]dag.Result{dag.Failed, dag.Held, dag.Interrupted}, root) {
				t.Fatalf("%v, but the cause is %q", s, root)
			}
			if !r.upstream(s.Cause, s.Vertex) {
				t.Fatalf("%v, but the cause is not upstream", s)
			}
		case dag.NotStarted:
			if s.Cause != r.failure {
				t.Fatalf("%v, but %q ended the run", s, r.failure)
			}
			r.stopped = true
		default:
			r.running = slices.Delete(r.running, running, running+1)
			if s.Cause != "" {
				t.Fatalf("%v has a cause", s)
			}
			if s.State == dag.Failed && !r.options.KeepGoing && r.failure == "" && !r.stopped {
				r.failure = s.Vertex
			}
		}
	}
}

func (r *record) complete(t fatalfer) {
	for _, v := range r.vertices {
		if _, ok := r.ended[v]; !ok {
			t.Fatalf("%s is not settled at the end", v)
		}
	}
}
