package view_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

func TestHuman(t *testing.T) {
	for _, test := range []struct {
		name    string
		story   *story
		options view.Options
	}{
		{"success", everythingWorks(), view.Options{}},
		{"success-color", everythingWorks(), view.Options{Color: true}},
		{"success-verbose", everythingWorks(), view.Options{Verbose: true}},
		{"success-verbose-color", everythingWorks(), view.Options{Verbose: true, Color: true}},
		{"success-github", everythingWorks(), view.Options{CI: view.GitHub}},
		{"success-github-verbose", everythingWorks(), view.Options{CI: view.GitHub, Verbose: true}},
		{"success-gitlab", everythingWorks(), view.Options{CI: view.GitLab}},
		{"failure", oneFails(), view.Options{}},
		{"failure-color", oneFails(), view.Options{Color: true}},
		{"failure-github", oneFails(), view.Options{CI: view.GitHub}},
		{"failure-gitlab", oneFails(), view.Options{CI: view.GitLab}},
		{"failure-narrow", oneFails(), view.Options{Width: 40}},
		{"retried", retried(), view.Options{}},
		{"retried-verbose-color", retried(), view.Options{Verbose: true, Color: true}},
		{"retried-github", retried(), view.Options{CI: view.GitHub}},
		{"unchanged", nothingChanges(), view.Options{}},
		{"interrupted", interrupted(), view.Options{}},
		{"held", held(), view.Options{}},
		{"destroy", destroyed(), view.Options{}},
		{"failure-fast", failsFast(), view.Options{}},
		{"plan-unchanged", as(schema.CommandPlan, nothingChanges()), view.Options{}},
		{"plan-failure", as(schema.CommandPlan, oneFails()), view.Options{}},
		{"plan-destroy", teardown(), view.Options{}},
		{"plan", planned(), view.Options{}},
		{"orphans", orphaned(), view.Options{}},
		{"plan-color", planned(), view.Options{Color: true}},
		{"odd", odd(), view.Options{}},
		{"odd-color", odd(), view.Options{Color: true}},
		{"odd-verbose", odd(), view.Options{Verbose: true}},
		{"odd-github", odd(), view.Options{CI: view.GitHub}},
		{"odd-gitlab", odd(), view.Options{CI: view.GitLab}},
	} {
		t.Run(test.name, func(t *testing.T) {
			golden(t, test.name, test.story.shown(test.options))
		})
	}
}

// as returns the story as one of another command.
func as(command schema.Command, s *story) *story {
	s.events[0].Command = command
	return s
}

func TestTheLastScreenOfThousandsIsReadable(t *testing.T) {
	s := thousands()
	var out bytes.Buffer
	if err := view.Summary(&out, s.report(), view.Options{Next: next}); err != nil {
		t.Fatal(err)
	}
	golden(t, "thousands", out.Bytes())
}

func TestAPlanOfThousandsIsReadable(t *testing.T) {
	s := as(schema.CommandPlan, thousands())
	var out bytes.Buffer
	if err := view.Summary(&out, s.report(), view.Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "thousands-plan", out.Bytes())
}

func TestAPlanShowsWhatIsLostBeforeTheRest(t *testing.T) {
	var names []string
	for i := range 300 {
		names = append(names, "e"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("0", i/26)+"/terraform")
	}
	s := tell(schema.CommandPlan, names...)
	for i, name := range names {
		c := changes("create a.b")
		if i == 299 {
			c = changes("create a.b", "delete precious.thing")
		}
		s.start(schema.StepName(name)).end(schema.StepName(name), schema.Succeeded, 0, c)
	}
	var out bytes.Buffer
	if err := view.Summary(&out, s.report(), view.Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "precious.thing") || !strings.Contains(out.String(), "and 250 more environments") {
		t.Errorf("a plan that is cut short hides a deletion:\n%s", out.String())
	}
}

func TestStepsThatNeverStartedAreFolded(t *testing.T) {
	names := []string{"a/terraform"}
	for i := range 12 {
		names = append(names, string(rune('b'+i))+"/terraform")
	}
	s := tell(schema.CommandApply, names...).start("a/terraform").fail("a/terraform", 0, schema.StepError{Message: "no"})
	for _, name := range names[1:] {
		s.block(schema.StepName(name), "a/terraform")
	}
	golden(t, "blocked-many", s.finish(schema.Failed, 0).shown(view.Options{}))
}

func TestFailuresAreNeverFolded(t *testing.T) {
	var names []string
	for i := range 12 {
		names = append(names, string(rune('a'+i))+"/terraform")
	}
	s := tell(schema.CommandApply, names...)
	for _, name := range names {
		s.fail(schema.StepName(name), 0, schema.StepError{Message: "an input has no value"})
	}
	var out bytes.Buffer
	run := view.NewHuman(&out, view.Options{})
	for _, e := range s.events {
		run.Event(e)
	}
	run.Close(nil)
	if n := strings.Count(out.String(), "FAILED"); n != len(names) {
		t.Errorf("%d of %d failures are shown:\n%s", n, len(names), out.String())
	}
}

func TestOfMuchOutputTheEndIsKept(t *testing.T) {
	s := tell(schema.CommandApply, "a/terraform").start("a/terraform")
	for range 10_000 {
		s.prints("a/terraform", strings.Repeat("x", 99))
	}
	s.prints("a/terraform", strings.Repeat("y", 1<<20), "the end")
	out := s.end("a/terraform", schema.Succeeded, 0, nil).finish(schema.Succeeded, 0).shown(view.Options{CI: view.GitHub})
	if len(out) > 300<<10 {
		t.Errorf("%d bytes were kept", len(out))
	}
	for _, want := range []string{"the end", "earlier lines not shown; full log: .bitops/runs/"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the group does not hold %q", want)
		}
	}
}

func TestOutputOfStepsThatNeverEndedIsNotLost(t *testing.T) {
	s := tell(schema.CommandApply, "a/terraform").start("a/terraform").prints("a/terraform", "last words")
	golden(t, "never-ended", s.shown(view.Options{CI: view.GitHub}))
}

func TestEachEventIsOneWrite(t *testing.T) {
	for _, options := range []view.Options{{}, {Verbose: true}, {CI: view.GitHub}, {CI: view.GitLab}} {
		var writes counter
		run := view.NewHuman(&writes, options)
		for i, e := range oneFails().events {
			run.Event(e)
			if writes.n > i+1 {
				t.Fatalf("%+v: event %d took more than one write", options, i)
			}
		}
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) {
	c.n++
	return len(p), nil
}

func TestABrokenWriterIsAskedOnce(t *testing.T) {
	for name, make := range map[string]func(*broken) view.Run{
		"human": func(w *broken) view.Run { return view.NewHuman(w, view.Options{}) },
		"json":  func(w *broken) view.Run { return view.NewJSON(w) },
	} {
		w := &broken{}
		run := make(w)
		oneFails().showTo(run)
		if !errors.Is(run.Err(), errBroken) || w.n != 1 {
			t.Errorf("%s: error %v after %d writes", name, run.Err(), w.n)
		}
	}
}

var errBroken = errors.New("broken pipe")

type broken struct{ n int }

func (b *broken) Write([]byte) (int, error) {
	b.n++
	return 0, errBroken
}

func TestJSONIsTheEvents(t *testing.T) {
	var out bytes.Buffer
	everythingWorks().showTo(view.NewJSON(&out))
	golden(t, "success-json", out.Bytes())
}

// Steps that nothing blocks are not said to be: neither one by one, nor when the rest of them is only counted.
func TestManyNotStarted(t *testing.T) {
	names := []string{"first/terraform", "below/terraform"}
	for i := range 20 {
		names = append(names, fmt.Sprintf("e%d/terraform", i))
	}
	s := tell(schema.CommandApply, names...).
		start("first/terraform").
		fail("first/terraform", time.Second, schema.StepError{Message: "no"}).
		block("below/terraform", "first/terraform")
	for _, name := range names[2:] {
		s.add(schema.Event{Type: schema.EventStepFinished, Step: schema.StepName(name), Outcome: schema.NotStarted, Cause: "first/terraform"})
	}
	shown := string(s.finish(schema.Failed, time.Second).shown(view.Options{}))
	for _, want := range []string{
		"\n  not started  and 15 more after first/terraform failed\n",
		"\n  by first/terraform, which failed:\n    below/terraform\n",
		"\n1 environment failed, 1 blocked, 20 not started in 1.0s\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
}

// An environment of which a part is done is not one that did not start.
func TestHalfAnEnvironmentIsNotFinished(t *testing.T) {
	s := tell(schema.CommandApply, "a/one", "a/two", "b/one").
		start("a/one").end("a/one", schema.Succeeded, time.Second, changes("create x.y")).
		because("a/two", schema.NotStarted, 0, "").because("b/one", schema.NotStarted, 0, "").
		finish(schema.Interrupted, time.Second)
	if shown := string(s.shown(view.Options{})); !strings.Contains(shown, "\n1 environment not finished, 1 not started: +1 ~0 -0 in 1.0s\n") {
		t.Error(shown)
	}
}
