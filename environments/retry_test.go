package environments_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// busy is an error that the fake tool knows to pass, by a failure of each kind.
func busy(change func(*environments.Failure)) error {
	f := &environments.Failure{Message: "fake failed", Lines: []string{"Error: the server is", "busy"}, Untouched: true}
	change(f)
	return f
}

func untouched(*environments.Failure)   {}
func touched(f *environments.Failure)   { f.Untouched = false }
func final(f *environments.Failure)     { f.Final = true }
func twoErrors(f *environments.Failure) { f.Errors = []string{"server is busy", "no such file"} }
func bothBusy(f *environments.Failure) {
	f.Errors = []string{"server is\n  busy", "the server is busy"}
}
func anotherOne(f *environments.Failure)   { f.Lines = []string{"Error: no such file"} }
func onlyInOutput(f *environments.Failure) { f.Message, f.Lines = "exited with code 1", nil }

// TestWhatIsTriedAgain holds the rule: what passes by itself is tried again when nothing was changed, or the manifest says
// so; never a saved plan that was begun.
func TestWhatIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		end     error
		on      string
		request environments.Request
		again   bool
	}{
		{"an error that the tool knows", busy(untouched), "", environments.Request{}, true},
		{"an error that it does not know", busy(anotherOne), "", environments.Request{}, false},
		{"one of two errors", busy(twoErrors), "", environments.Request{}, false},
		{"both errors", busy(bothBusy), "", environments.Request{}, true},
		{"once something was changed", busy(touched), "", environments.Request{}, false},
		{"once something was changed, and the manifest says so", busy(touched), "is busy", environments.Request{}, true},
		{"of two errors the one that the manifest names", busy(twoErrors), "is busy", environments.Request{}, true},
		{"in a preview, whatever the tool says", busy(touched), "", environments.Request{Command: schema.CommandPlan}, true},
		{"in a preview of a destroy", busy(touched), "", environments.Request{Command: schema.CommandPlanDestroy}, true},
		{"in a destroy", busy(untouched), "", environments.Request{Command: schema.CommandDestroy}, true},
		{"what must not be begun anew", busy(final), "is busy", environments.Request{}, false},
		{"a saved plan that changed nothing", busy(untouched), "", environments.Request{Planned: true}, true},
		{"a saved plan that changed something", busy(touched), "is busy", environments.Request{Planned: true}, false},
		{"an error that is no failure of a program", errors.New("the server is busy"), "", environments.Request{Command: schema.CommandPlan}, true},
		{"the same where something may have changed", errors.New("the server is busy"), "", environments.Request{}, false},
		{"a pattern with a beginning and an end, for a line", busy(touched), "^busy$", environments.Request{}, true},
		{"a pattern that crosses lines", busy(touched), "server is busy", environments.Request{}, true},
		{"what was printed", busy(onlyInOutput), "printed", environments.Request{}, true},
		{"a plan that is stale", environments.Stalef("the server is busy"), "busy", environments.Request{Planned: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "a/fake/main", "")
			b.tool.transient, b.tool.ends = []*regexp.Regexp{regexp.MustCompile("server is busy")}, []error{c.end}
			b.tool.during = func(c *environments.Call) { c.Log("stdout", "printed") }
			c.request.Step = retrying(step("a", "fake"), 3)
			if c.on != "" {
				c.request.Step.Retry.On = []string{c.on}
			}
			if c.request.Command == "" {
				c.request.Command = schema.CommandApply
			}
			b.request(t.Context(), c.request)
			if again := b.tool.attempts > 1; again != c.again {
				t.Errorf("%d attempts", b.tool.attempts)
			}
		})
	}
}

func retrying(s *schema.Step, attempts int) *schema.Step {
	s.Retry = schema.RetryPolicy{Attempts: attempts, Backoff: schema.Duration(time.Millisecond)}
	return s
}

func TestAttemptsAreTold(t *testing.T) {
	b := newBench(t, "a/fake/main", "", before+"x", "echo before", after+"x", "echo after", onFailure+"x", "echo on failure")
	b.tool.transient = []*regexp.Regexp{regexp.MustCompile("server is busy")}
	b.tool.ends = []error{busy(untouched), busy(untouched), busy(untouched)}
	wantResult(t, b.do(t, retrying(step("a", "fake"), 3)), schema.Failed, "fake failed")
	if b.tool.attempts != 3 || b.began != 1 {
		t.Errorf("%d attempts, begun %d times", b.tool.attempts, b.began)
	}
	if got := b.printed(); got != "before\non failure" {
		t.Errorf("printed %s", got)
	}
	var told []string
	for _, e := range b.events {
		if e.Type == schema.EventAttemptFailed {
			told = append(told, fmt.Sprintf("%d of %d in %s: %s: %s", e.Attempt, e.Attempts, e.Phase, e.Reason, e.Error.Message))
			if e.Pause <= 0 || e.Duration <= 0 || e.Error.Lines != nil {
				t.Errorf("the event is %+v", e)
			}
		}
	}
	want := "1 of 3 in tool: server is busy: fake failed\n2 of 3 in tool: server is busy: fake failed"
	if got := strings.Join(told, "\n"); got != want {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
	b.tool.attempts, b.events = 1, nil // the third one succeeds
	b.tool.ends = b.tool.ends[:2]
	wantResult(t, b.do(t, retrying(step("a", "fake"), 3)), schema.Succeeded, "")
	if got := b.printed(); got != "before\nafter" {
		t.Errorf("printed %s", got)
	}
}

func TestAFailedAttemptLeavesNoOutputs(t *testing.T) {
	b := newBench(t, "a/fake/main", "", before+"x", `echo hook=1 >> "$BITOPS_OUTPUT"`)
	b.tool.script = `echo try=1 >> "$BITOPS_OUTPUT"; if test -e tried; then echo second=1 >> "$BITOPS_OUTPUT"; exit 0; fi
		touch tried; echo first=1 >> "$BITOPS_OUTPUT"; echo FIRST=1 >> "$BITOPS_ENV"; echo try again; exit 1`
	s := retrying(step("a", "fake"), 2)
	s.Retry.On = []string{"^try again$"}
	r := b.do(t, s)
	wantResult(t, r, schema.Succeeded, "")
	if got := strings.Join(r.Outputs.Names(), " "); got != "hook second try" {
		t.Errorf("outputs %s", got)
	}
}

func TestChangesOfAttemptsAddUp(t *testing.T) {
	change := func(names ...string) schema.Changes {
		c := schema.Changes{Add: len(names)}
		for _, name := range names {
			c.Resources = append(c.Resources, schema.ResourceChange{Address: name, Action: "create"})
		}
		return c
	}
	last := change("c")
	for _, c := range []struct {
		name    string
		ends    []error
		changes []schema.Changes
		want    string
	}{
		{"of two", []error{busy(touched), busy(touched)}, []schema.Changes{change("a"), change("b")}, "+3 a b c"},
		{"of one that changed nothing", []error{busy(untouched)}, []schema.Changes{{}}, "+1 c"},
		{"of one of which nobody knows", []error{busy(touched)}, nil, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "a/fake/main", "")
			b.tool.ends, b.tool.changes, b.tool.result.Changes = c.ends, c.changes, &last
			s := retrying(step("a", "fake"), 4)
			s.Retry.On = []string{"busy"}
			got := "unknown"
			if r := b.do(t, s); r.Changes != nil {
				got = fmt.Sprintf("+%d", r.Changes.Add)
				for _, resource := range r.Changes.Resources {
					got += " " + resource.Address
				}
			}
			if got != c.want {
				t.Errorf("changed %s, want %s", got, c.want)
			}
		})
	}
}

func TestInterruptEndsThePauseAtOnce(t *testing.T) {
	b := newBench(t, "a/fake/main", "")
	b.tool.ends = []error{busy(touched)}
	s := retrying(step("a", "fake"), 2)
	s.Retry.On, s.Retry.Backoff = []string{"busy"}, schema.Duration(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	r := b.Do(ctx, environments.Request{Step: s, Command: schema.CommandApply}, func(e schema.Event) {
		if e.Type == schema.EventAttemptFailed {
			cancel()
		}
	})
	wantResult(t, r, schema.Interrupted, "fake failed")
	if b.tool.attempts != 1 || time.Since(began) > 10*time.Second {
		t.Errorf("%d attempts, %s", b.tool.attempts, time.Since(began))
	}
}

func TestTheTimeoutIsForAllAttempts(t *testing.T) {
	b := newBench(t, "a/fake/main", "")
	b.tool.script = "echo busy; sleep 0.2; exit 1"
	s := retrying(step("a", "fake"), 1000)
	s.Retry.On, s.Timeout = []string{"busy"}, schema.Duration(time.Second)
	r := b.do(t, s)
	wantResult(t, r, schema.Failed, "bash") // in an attempt, or by chance in a pause
	if b.tool.attempts < 2 || b.tool.attempts > 6 {
		t.Errorf("%d attempts", b.tool.attempts)
	}

	// A pause that would outlast it is none: what failed is told at once.
	b.tool.attempts, s.Retry.Backoff, s.Timeout = 0, schema.Duration(time.Hour), schema.Duration(time.Minute)
	r = b.do(t, s)
	wantResult(t, r, schema.Failed, "bash exited with code 1")
	if b.tool.attempts != 1 || !strings.Contains(b.log(schema.EventNotice), "not tried again: its timeout of 1m0s is over before") {
		t.Errorf("%d attempts, notes %s", b.tool.attempts, b.log(schema.EventNotice))
	}
}

// TestAttemptsAgreeWithAModel: any sequence of failures ends where the rule says, after as many attempts as it says.
func TestAttemptsAgreeWithAModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []struct {
		end   error
		again bool
	}{
		{busy(untouched), true}, {busy(bothBusy), true}, {busy(untouched), true}, {busy(anotherOne), false}, {busy(touched), false}, {busy(final), false},
	}
	for range 300 {
		b := newBench(t, "a/fake/main", "")
		b.tool.transient = []*regexp.Regexp{regexp.MustCompile("server is busy")}
		most, attempts, outcome := 1+random.IntN(5), 1, schema.Succeeded
		for range random.IntN(6) {
			kind := kinds[random.IntN(len(kinds))]
			b.tool.ends = append(b.tool.ends, kind.end)
			switch {
			case outcome == schema.Failed: // nobody comes here any more
			case kind.again && attempts < most:
				attempts++
			default:
				outcome = schema.Failed
			}
		}
		r := b.do(t, retrying(step("a", "fake"), most))
		if r.Outcome != outcome || b.tool.attempts != attempts {
			t.Fatalf("%v, at most %d attempts: %s after %d; want %s after %d", b.tool.ends, most, r.Outcome, b.tool.attempts, outcome, attempts)
		}
	}
}
