package command

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// A later run takes over what an earlier one left undone of a step, unless it found that the step had no reason to run.
func TestWhatWasSkippedIsNotTakenOver(t *testing.T) {
	for name, test := range map[string]struct {
		second schema.Event // the end of b in the second run
		left   int
	}{
		"it ran":                        {schema.Event{Outcome: schema.Succeeded}, 0},
		"it failed":                     {schema.Event{Outcome: schema.Failed}, 0},
		"it had no reason to run":       {schema.Event{Outcome: schema.Skipped}, 1},
		"the run did not come to it":    {schema.Event{Outcome: schema.NotStarted}, 0},
		"it was done before that began": {schema.Event{Outcome: schema.Skipped, DoneIn: "x"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			own, err := store.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			h := history{own}
			writeRun(t, h, schema.Interrupted, []schema.StepSummary{{Name: "a"}, {Name: "b"}}, schema.Event{Outcome: schema.Succeeded}, schema.Event{Outcome: schema.NotStarted})
			second := test.second
			writeRun(t, h, schema.Succeeded, []schema.StepSummary{{Name: "c"}, {Name: "b", Maybe: true}}, schema.Event{Outcome: schema.Succeeded}, second)
			open, _, err := h.open(t.Context())
			if err != nil || len(open) != test.left {
				t.Fatalf("%d runs are open, want %d; %v", len(open), test.left, err)
			}
			if test.left > 0 && (len(open[0].left) != 1 || open[0].left[0].Name != "b") {
				t.Errorf("left is %v", open[0].left)
			}
		})
	}
}

// writeRun writes a run in which each step ends so.
func writeRun(t *testing.T, h history, outcome schema.Outcome, steps []schema.StepSummary, ends ...schema.Event) {
	t.Helper()
	id, err := h.store.Begin(context.Background(), schema.CommandApply, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	log, err := journal.Create(h.store.Run(id))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	events := []schema.Event{{Type: schema.EventRunStarted, Command: schema.CommandApply, Steps: steps}}
	for i, e := range ends {
		e.Type, e.Step = schema.EventStepFinished, steps[i].Name
		events = append(events, e)
	}
	for i, e := range append(events, schema.Event{Type: schema.EventRunFinished, Outcome: outcome}) {
		e.Version, e.Seq, e.Run, e.Time = schema.EventVersion, i+1, id, time.Now()
		if err := log.Write(e); err != nil {
			t.Fatal(fmt.Errorf("event %d: %w", i, err))
		}
	}
}
