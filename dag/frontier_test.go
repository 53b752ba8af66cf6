package dag_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/dag"
)

// TestFrontier plays stories. Each line of a story is a call and what it
// returns: "next: a b", "a failed: a=failed b=blocked(a)", "stop: ...",
// "running: ..." or "done: true".
func TestFrontier(t *testing.T) {
	for _, test := range []struct {
		name    string
		graph   string
		options dag.Options[step]
		story   string
	}{
		{
			name: "an empty graph is done at once",
			story: `next:
				done: true`,
		},
		{
			name:  "a dependent starts when all of its dependencies have succeeded",
			graph: "a b c:a,b",
			story: `next: a b
				next:
				a succeeded: a=succeeded
				next:
				running: b
				b succeeded: b=succeeded
				next: c
				done: false
				c succeeded: c=succeeded
				done: true`,
		},
		{
			name:  "the longest chain goes first, then manifest order",
			graph: "one x y two:y three:two",
			story: "next: y one x",
		},
		{
			name:    "a cost outweighs the number of steps",
			graph:   "x y two:y three:two slow:x",
			options: dag.Options[step]{Cost: costs(map[step]time.Duration{"slow": time.Hour})},
			story:   "next: x y",
		},
		{
			name:    "parallelism bounds what runs and the best waits first",
			graph:   "a b c d:c",
			options: dag.Options[step]{Parallelism: 2},
			story: `next: c a
				next:
				a succeeded: a=succeeded
				next: b
				b succeeded: b=succeeded
				c succeeded: c=succeeded
				next: d`,
		},
		{
			name:  "a saturated limit does not hold others back",
			graph: "db/1 db/2 db/3 web",
			options: dag.Options[step]{
				Parallelism: 2,
				Limits:      map[string]int{"db": 1},
				LimitOf:     folder,
			},
			story: `next: db/1 web
				web succeeded: web=succeeded
				next:
				db/1 succeeded: db/1=succeeded
				next: db/2
				next:
				db/2 failed: db/2=failed db/3=not started(db/2)`,
		},
		{
			name:    "slots of a limit that are given back together are all used",
			graph:   "db/1 db/2 db/3 db/4",
			options: dag.Options[step]{Limits: map[string]int{"db": 2}, LimitOf: folder},
			story: `next: db/1 db/2
				db/1 succeeded: db/1=succeeded
				db/2 succeeded: db/2=succeeded
				next: db/3 db/4`,
		},
		{
			name:  "a limit without a number bounds nothing",
			graph: "db/1 db/2 web/1 web/2",
			options: dag.Options[step]{
				Limits:  map[string]int{"db": 0, "web": -1},
				LimitOf: folder,
			},
			story: "next: db/1 db/2 web/1 web/2",
		},
		{
			name:  "a failure ends the run but lets what runs finish",
			graph: "a b after:a onward:b later:onward",
			story: `next: b a
				a failed: a=failed after=blocked(a) onward=not started(a) later=not started(a)
				next:
				done: false
				b succeeded: b=succeeded
				next:
				done: true`,
		},
		{
			name:  "the first failure is the one that ended the run",
			graph: "a b after:b",
			story: `next: b a
				a failed: a=failed after=not started(a)
				b failed: b=failed
				done: true`,
		},
		{
			name:    "with keep-going only what depends on the failure is blocked",
			graph:   "a b after:a onward:b both:after,onward",
			options: dag.Options[step]{KeepGoing: true},
			story: `next: a b
				a failed: a=failed after=blocked(a) both=blocked(a)
				b succeeded: b=succeeded
				next: onward
				onward succeeded: onward=succeeded
				done: true`,
		},
		{
			name:  "what only has to come later goes on after a failure, and after what that blocks",
			graph: "a then:a needs:a last:needs,then",
			options: dag.Options[step]{
				KeepGoing: true,
				OnlyOrder: func(on, v step) bool { return on == "a" && v == "then" || v == "last" },
			},
			story: `next: a
				a failed: a=failed needs=blocked(a)
				next: then
				then held: then=held
				next: last
				last succeeded: last=succeeded
				done: true`,
		},
		{
			name:    "the cause is the root, and the first of several roots",
			graph:   "a b middle:a end:middle,b",
			options: dag.Options[step]{KeepGoing: true},
			story: `next: a b
				b failed: b=failed end=blocked(b)
				a failed: a=failed middle=blocked(a)
				done: true`,
		},
		{
			name:  "what is held blocks its dependents and nothing else",
			graph: "a b after:a onward:b",
			story: `next: a b
				a held: a=held after=blocked(a)
				b succeeded: b=succeeded
				next: onward`,
		},
		{
			name:  "what is interrupted blocks its dependents and nothing else",
			graph: "a b after:a onward:b",
			story: `next: a b
				a interrupted: a=interrupted after=blocked(a)
				b succeeded: b=succeeded
				next: onward`,
		},
		{
			name:  "a failure after a hold leaves what is blocked as it is",
			graph: "a b c after:a",
			story: `next: a b c
				a held: a=held after=blocked(a)
				b failed: b=failed
				c succeeded: c=succeeded
				done: true`,
		},
		{
			name:    "stopping settles what has not started, once, and nothing starts after it",
			graph:   "a b:a c",
			options: dag.Options[step]{Parallelism: 1},
			story: `next: a
				stop: b=not started c=not started
				stop:
				next:
				running: a
				a succeeded: a=succeeded
				next:
				done: true`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			play(t, parse(t, test.graph), test.options, test.story)
		})
	}
}

func play(t *testing.T, g *dag.Graph[step], o dag.Options[step], story string) {
	t.Helper()
	f, err := dag.NewFrontier(g, o)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(story, "\n") {
		call, want, _ := strings.Cut(strings.TrimSpace(line), ":")
		var got string
		switch vertex, result, _ := strings.Cut(call, " "); call {
		case "next":
			got = join(f.Next(), " ")
		case "running":
			got = join(f.Running(), " ")
		case "done":
			got = fmt.Sprint(f.Done())
		case "stop":
			got = show(f.Stop())
		default:
			got = show(f.Settle(step(vertex), dag.Result(result)))
		}
		if want = strings.TrimSpace(want); got != want {
			t.Fatalf("%s: got %q, want %q", call, got, want)
		}
	}
}

// costs gives each vertex the cost listed for it, a second by default.
func costs(listed map[step]time.Duration) func(step) time.Duration {
	return func(v step) time.Duration {
		if cost, ok := listed[v]; ok {
			return cost
		}
		return time.Second
	}
}

// folder is the limit of "db/1", "db", and none for a vertex without a slash.
func folder(v step) string {
	name, _, found := strings.Cut(string(v), "/")
	if !found {
		return ""
	}
	return name
}

func TestSettlePanicsWhenTheDriverHasLostCount(t *testing.T) {
	for _, test := range []struct {
		name   string
		vertex step
		result dag.Result
	}{
		{"the vertex has not started", "b", dag.Succeeded},
		{"the vertex is settled already", "settled", dag.Succeeded},
		{"the vertex is unknown", "unknown", dag.Succeeded},
		{"the result is empty", "a", ""},
		{"only the Frontier says blocked", "a", dag.Blocked},
		{"only the Frontier says not started", "a", dag.NotStarted},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := dag.NewFrontier(parse(t, "a b:a settled"), dag.Options[step]{})
			if err != nil {
				t.Fatal(err)
			}
			f.Next()
			f.Settle("settled", dag.Succeeded)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
				if f.Done() || join(f.Running(), " ") != "a" {
					t.Error("the panic came after a change")
				}
			}()
			f.Settle(test.vertex, test.result)
		})
	}
}

// Under the race detector this also finds anything that is shared.
func TestFrontierDoesNotSeeLaterChangesOfTheGraph(t *testing.T) {
	g := parse(t, "a b")
	f, err := dag.NewFrontier(g, dag.Options[step]{})
	if err != nil {
		t.Fatal(err)
	}
	changed := make(chan error)
	go func() { changed <- errors.Join(g.AddVertex("c"), g.AddEdge("a", "b")) }()
	wantSteps(t, "Next", f.Next(), "a b")
	f.Settle("a", dag.Succeeded)
	f.Settle("b", dag.Succeeded)
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
	if !f.Done() {
		t.Error("the frontier waits for what was added after it")
	}
}
