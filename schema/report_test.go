package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestOverall(t *testing.T) {
	for _, c := range []struct {
		name     string
		outcomes []Outcome
		want     Outcome
		changes  bool
	}{
		{"a run of nothing succeeds", nil, Succeeded, false},
		{"succeeded and unchanged and skipped succeed", []Outcome{Succeeded, Unchanged, Skipped}, Succeeded, false},
		{"one failed is enough", []Outcome{Succeeded, Failed, Held}, Failed, false},
		{"held beats success", []Outcome{Succeeded, Held}, Held, false},
		{"interrupted beats failed", []Outcome{Failed, Interrupted}, Interrupted, false},
		{"blocked alone is failed", []Outcome{Blocked}, Failed, false},
		{"held beats blocked: nothing failed", []Outcome{Held, Blocked}, Held, false},
		{"deferred is a change to come", []Outcome{Deferred}, Succeeded, true},
		{"not started without a failure is interrupted", []Outcome{Succeeded, NotStarted}, Interrupted, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Report
			r.Add(Event{Type: EventRunStarted, Steps: summaries(len(c.outcomes))})
			for i, o := range c.outcomes {
				r.Add(Event{Type: EventStepFinished, Step: stepName(i), Outcome: o})
			}
			if got := r.Overall(); got != c.want || r.HasChanges() != c.changes {
				t.Errorf("got %s, changes %t", got, r.HasChanges())
			}
		})
	}
}

// Journals of before that was an outcome are read as if it had been one.
func TestNotStarted(t *testing.T) {
	for _, c := range []struct {
		name    string
		ended   Event
		want    Outcome
		overall Outcome
		started bool
	}{
		{"the run was interrupted", Event{Outcome: NotStarted}, NotStarted, Interrupted, false},
		{"another step failed", Event{Outcome: NotStarted, Cause: stepName(0)}, NotStarted, Failed, false},
		{"an older run was interrupted", Event{Outcome: Interrupted, Reason: "not started"}, NotStarted, Interrupted, false},
		{
			"another step failed in an older run",
			Event{Outcome: Blocked, Cause: stepName(0), Reason: "not started after e0/terraform failed"},
			NotStarted, Failed, false,
		},
		{"interrupted at work", Event{Outcome: Interrupted, Error: &StepError{Message: "ended by signal 2"}}, Interrupted, Interrupted, true},
		{"blocked by what it depends on", Event{Outcome: Blocked, Cause: stepName(0)}, Blocked, Failed, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Report
			r.Add(Event{Type: EventRunStarted, Steps: summaries(2)})
			if c.ended.Cause != "" {
				r.Add(Event{Type: EventStepFinished, Step: stepName(0), Outcome: Failed})
			}
			r.Add(Event{Type: EventStepStarted, Step: stepName(1)})
			c.ended.Type, c.ended.Step = EventStepFinished, stepName(1)
			r.Add(c.ended)
			s := r.Step(stepName(1))
			if s.Outcome != c.want || s.Started != c.started || s.Reason != "" || r.Count(c.want) != 1 || r.Overall() != c.overall {
				t.Errorf("%+v, and the run is %s", *s, r.Overall())
			}
		})
	}
}

func stepName(i int) StepName { return StepName(fmt.Sprintf("e%d/terraform", i)) }

func summaries(n int) []StepSummary {
	all := make([]StepSummary, n)
	for i := range all {
		all[i] = StepSummary{Name: stepName(i)}
	}
	return all
}

// TestTheReportIsWhatTheLastEventsSay folds random events, unknown steps and types included, and compares with the last
// event of each kind.
func TestTheReportIsWhatTheLastEventsSay(t *testing.T) {
	types := []EventType{EventStepStarted, EventPhaseStarted, EventProgress, EventOutputLine, EventNotice, EventStepFinished, EventRunStopping, "unheard-of"}
	outcomes := []Outcome{Succeeded, Unchanged, Failed, Blocked, NotStarted, Skipped, Interrupted, Held, Deferred}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 4).Draw(t, "steps")
		start := Event{Type: EventRunStarted, Run: "r", Command: CommandApply, Time: time.Unix(1, 0).UTC(), Steps: summaries(n)}
		var r Report
		r.Add(Event{Type: EventStepFinished, Step: stepName(0), Outcome: Failed}) // before the start: of no run
		r.Add(start)
		want := Report{Run: "r", Command: CommandApply, Started: start.Time, Steps: make([]StepReport, 0, n)}
		for _, s := range start.Steps {
			want.Steps = append(want.Steps, StepReport{StepSummary: s})
		}
		var sum Changes
		added := map[int]Changes{}
		for range rapid.IntRange(0, 30).Draw(t, "events") {
			i := rapid.IntRange(0, n).Draw(t, "step") // n is a step that the run does not have
			e := Event{Type: rapid.SampledFrom(types).Draw(t, "type"), Step: stepName(i), Text: "text"}
			if i == n && rapid.Bool().Draw(t, "of the run") {
				e.Step = ""
			}
			e.Phase = rapid.SampledFrom([]Phase{PhaseBefore, PhaseTool}).Draw(t, "phase")
			e.Outcome = rapid.SampledFrom(outcomes).Draw(t, "outcome")
			e.Changes = &Changes{Add: rapid.IntRange(0, 3).Draw(t, "add"), Outputs: rapid.IntRange(0, 1).Draw(t, "outputs")}
			e.Cause, e.Reason, e.Duration = "c", "why", time.Second
			r.Add(e)
			switch {
			case e.Type == EventNotice && e.Step == "":
				want.Notices = append(want.Notices, "text")
			case i == n:
			case e.Type == EventStepStarted:
				want.Steps[i].Started = true
			case e.Type == EventPhaseStarted:
				want.Steps[i].Phase = e.Phase
			case e.Type == EventStepFinished:
				s := &want.Steps[i]
				s.Outcome, s.Changes, s.Cause, s.Reason, s.Duration = e.Outcome, e.Changes, "c", "why", time.Second
				s.Started = s.Started && e.Outcome != NotStarted
				added[i] = *e.Changes
			}
		}
		r.Add(Event{Type: EventRunFinished, Outcome: Held, Duration: time.Minute})
		want.Outcome, want.Duration = Held, time.Minute
		for _, c := range added {
			sum.Add, sum.Outputs = sum.Add+c.Add, sum.Outputs+c.Outputs
		}
		if got := r.Changes(); !reflect.DeepEqual(got, sum) {
			t.Fatalf("changes %+v, want %+v", got, sum)
		}
		same(t, r, want)
	})
}

func same(t *rapid.T, r, want Report) {
	got, _ := json.Marshal(r)
	expected, _ := json.Marshal(want)
	if string(got) != string(expected) && len(want.Steps) > 0 {
		t.Fatalf("got  %s\nwant %s", got, expected)
	}
	var again Report
	if err := json.Unmarshal(got, &again); err != nil {
		t.Fatal(err)
	}
	for i := range want.Steps {
		if s := again.Step(want.Steps[i].Name); s == nil || s.Outcome != want.Steps[i].Outcome {
			t.Fatalf("a report read from JSON has no step %s", want.Steps[i].Name)
		}
	}
	if again.Step("none") != nil {
		t.Fatal("a step that is not there is found")
	}
}

// A step is done no more when one that it depends on ran again, in a run that did not come to the step.
func TestGoOnWithWhatRanAgain(t *testing.T) {
	summaries := []StepSummary{{Name: "a"}, {Name: "b", DependsOn: []StepName{"a"}}, {Name: "c"}}
	fold := func(run RunID, events ...Event) *Report {
		r := &Report{}
		for _, e := range append([]Event{{Type: EventRunStarted, Steps: summaries}}, events...) {
			e.Run = run
			r.Add(e)
		}
		return r
	}
	ends := func(step StepName, o Outcome) []Event {
		return []Event{{Type: EventStepStarted, Step: step}, {Type: EventStepFinished, Step: step, Outcome: o}}
	}
	first := fold("1", slices.Concat(ends("a", Succeeded), ends("b", Succeeded), ends("c", Succeeded))...)
	second := fold("2", append(ends("a", Succeeded), Event{Type: EventStepFinished, Step: "b", Outcome: NotStarted})...)
	second.GoOnWith(first)
	if run, done := second.Step("b").Done("2"); done {
		t.Errorf("b was done in %s, before a was", run)
	}
	if run, done := second.Step("c").Done("2"); !done || run != "1" {
		t.Errorf("c was done in %q: %t", run, done)
	}
}
