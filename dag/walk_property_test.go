package dag_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/dag"
)

// script is all that happens in one random walk, drawn beforehand.
type script struct {
	results map[step]dag.Result
	broken  []step // return an error

	// Whatever runs is released one by one, those that are earlier in turns
	// first. Before the release with this number, the context is cancelled:
	// at the same moment if together, else when that has been dealt with.
	turns    []step
	cancel   int
	together bool
}

func drawScript(t *rapid.T, vertices []step) script {
	s := script{
		results:  map[step]dag.Result{},
		turns:    rapid.Permutation(vertices).Draw(t, "turns"),
		cancel:   evenly(2*len(vertices)+1).Draw(t, "cancel"),
		together: rapid.Bool().Draw(t, "together"),
	}
	for _, v := range vertices {
		s.results[v] = drawResult(t, "result of "+string(v))
		if evenly(20).Draw(t, "broken "+string(v)) == 19 {
			s.broken = append(s.broken, v)
		}
	}
	return s
}

// event is what a walk did: started a vertex, told a settled one, was
// cancelled, or came to rest until the next release.
type event struct {
	started   step
	settled   dag.Settled[step]
	cancelled bool
	atRest    bool
}

// stage is where a script is played: it holds back whatever Walk starts and
// notes all events in the order in which they happen.
type stage struct {
	script
	gates map[step]chan struct{}

	mu      sync.Mutex
	waiting []step
	events  []event

	announced []step // by starting
	working   int    // as starting tells
	problem   string
}

func (s *stage) run(_ context.Context, v step) (dag.Result, error) {
	s.mu.Lock()
	s.events = append(s.events, event{started: v})
	s.waiting = append(s.waiting, v)
	if !slices.Contains(s.announced, v) {
		s.problem = fmt.Sprintf("%s started without a word", v)
	}
	s.mu.Unlock()
	<-s.gates[v]
	if slices.Contains(s.broken, v) {
		return s.results[v], errBroken
	}
	return s.results[v], nil
}

func (s *stage) starting(next []step, working int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = append(s.announced, next...)
	s.working = working
}

// rest compares what was told with what is at work, when nothing moves.
func (s *stage) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.working != len(s.waiting) {
		s.problem = fmt.Sprintf("%d are said to be at work, and %v are", s.working, s.waiting)
	}
}

func (s *stage) note(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// release lets the running vertex whose turn it is return. It reports false if
// nothing runs.
func (s *stage) release() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.turns {
		if i := slices.Index(s.waiting, v); i >= 0 {
			s.waiting = slices.Delete(s.waiting, i, i+1)
			close(s.gates[v])
			return true
		}
	}
	return false
}

// perform plays a script in a bubble, where it is known when a walk has come
// to rest, and returns all events and the error of Walk.
func perform(t *testing.T, sc script, f *dag.Frontier[step]) ([]event, error) {
	t.Helper()
	s := &stage{script: sc, gates: map[step]chan struct{}{}}
	var walkErr error
	synctest.Test(t, func(t *testing.T) {
		for _, v := range s.turns {
			s.gates[v] = make(chan struct{})
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			walkErr = dag.Walk(ctx, f, s.run, func(settled dag.Settled[step]) { s.note(event{settled: settled}) }, s.starting)
		}()
		for n := 0; ; n++ {
			synctest.Wait()
			s.rest()
			s.note(event{atRest: true})
			if n == s.cancel {
				s.note(event{cancelled: true})
				cancel()
				if !s.together {
					synctest.Wait()
				}
			}
			if !s.release() {
				synctest.Wait()
				return
			}
		}
	})
	if s.problem != "" {
		t.Error(s.problem)
	}
	return s.events, walkErr
}

func TestPropertyWalk(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		d, g := drawGraph(t, 12, false)
		options := drawOptions(t, &d)
		s := drawScript(t, d.vertices)
		events, err := perform(outer, s, newFrontier(g, options))
		c := &critic{script: s, seen: newRecord(d, options), want: &oracle{drawing: d, options: options}}
		for _, e := range events {
			c.watch(t, e)
		}
		c.seen.complete(t)
		if errors.Is(err, errBroken) != c.errored || (err != nil) != c.errored {
			t.Fatalf("Walk = %v, but a vertex returned an error: %t", err, c.errored)
		}
	})
}

// critic compares the events of a walk with what the oracle does and with the
// rules of any run.
type critic struct {
	script
	seen      *record
	want      *oracle
	next      []dag.Settled[step] // what Walk must still tell before anything else
	errored   bool
	cancelled bool
}

func (c *critic) watch(t *rapid.T, e event) {
	switch {
	case e.cancelled:
		c.cancelled = true
	case e.started != "":
		if c.cancelled || c.errored {
			t.Fatalf("%s starts after the end", e.started)
		}
		c.seen.started(t, []step{e.started})
	case e.atRest:
		c.want.next()
		running := slices.Clone(c.seen.running)
		slices.SortFunc(running, func(v, w step) int {
			return slices.Index(c.want.vertices, v) - slices.Index(c.want.vertices, w)
		})
		same(t, "running at rest", running, c.want.running())
		same(t, "left to tell at rest", c.next, nil)
	default:
		if len(c.next) == 0 {
			c.next = c.consequences(e.settled)
		}
		if len(c.next) == 0 || c.next[0] != e.settled {
			t.Fatalf("told %v, want %v", e.settled, c.next)
		}
		c.next = c.next[1:]
		c.seen.settled(t, []dag.Settled[step]{e.settled})
	}
}

// consequences returns what must be told from first on, given that first is.
func (c *critic) consequences(first dag.Settled[step]) []dag.Settled[step] {
	if c.cancelled && first.State == dag.NotStarted {
		return c.want.stop()
	}
	if !slices.Contains(c.broken, first.Vertex) {
		return c.want.settle(first.Vertex, c.results[first.Vertex])
	}
	c.errored = true
	return append(c.want.settle(first.Vertex, dag.Interrupted), c.want.stop()...)
}
