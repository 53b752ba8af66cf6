package executor_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema"
)

// Random plans, run on a stage, must do what the oracle says. -rapid.checks=N runs N of each command.
func TestRandomPlans(t *testing.T) {
	for _, command := range []schema.Command{
		schema.CommandPlan, schema.CommandApply, schema.CommandDestroy, schema.CommandPlanDestroy,
	} {
		t.Run(string(command), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				w := drawWorld(t, command)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				w.stage.starts = func(n int) {
					if n >= w.cancelAt && w.cancelAt >= 0 {
						cancel()
					}
				}
				report, err := execute(ctx, w.stage, &w.plan)
				defer func() {
					if t.Failed() {
						t.Log(w)
					}
				}()
				if err != nil {
					t.Fatal(err)
				}
				o := oracle{world: w, finished: map[schema.StepName]schema.Event{}}
				checkEvents(t, o, report, ctx.Err() != nil)
				for i := range w.plan.Steps {
					checkStep(t, o, &w.plan.Steps[i], ctx.Err() != nil)
					checkRecord(t, o, &w.plan.Steps[i])
					checkAsked(t, o, &w.plan.Steps[i])
				}
			})
		})
	}
}

// checkEvents looks at what all events have to be, in order and in number.
func checkEvents(t *rapid.T, o oracle, report *schema.Report, stopped bool) {
	events := o.stage.events
	for _, p := range o.stage.problems {
		t.Error(p)
	}
	if o.stage.most > o.plan.Parallelism {
		t.Errorf("%d steps ran at once, %d may", o.stage.most, o.plan.Parallelism)
	}
	if o.stage.mostOf["few"] > o.plan.Limits["few"] {
		t.Errorf("%d steps of a limit ran at once, %d may", o.stage.mostOf["few"], o.plan.Limits["few"])
	}
	if events[0].Type != schema.EventRunStarted || events[len(events)-1].Type != schema.EventRunFinished {
		t.Errorf("the run begins with %s and ends with %s", events[0].Type, events[len(events)-1].Type)
	}
	started, stopping := map[schema.StepName]bool{}, 0
	for _, e := range events {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range append(base64Forms(canary), canary) {
			if strings.Contains(string(text), form) {
				t.Errorf("an event shows a secret: %s", text)
			}
		}
		switch _, over := o.finished[e.Step]; e.Type {
		case schema.EventRunStopping:
			stopping++
		case schema.EventStepStarted:
			if started[e.Step] || over {
				t.Errorf("%s starts again", e.Step)
			}
			started[e.Step] = true
			for _, on := range o.waitsFor(o.plan.Step(e.Step)) {
				if !o.lets(on) {
					t.Errorf("%s starts while %s is %q", e.Step, on, o.finished[on].Outcome)
				}
			}
		case schema.EventPhaseStarted, schema.EventOutputLine:
			if (e.Phase == schema.PhaseInit || e.Text == "ready") && (!started[e.Step] || over) {
				t.Errorf("what %s said while it was prepared is told while it is not at work", e.Step)
			}
		case schema.EventStepFinished:
			if over {
				t.Errorf("%s finishes twice", e.Step)
			}
			o.finished[e.Step] = e
		default:
		}
	}
	if stopped && stopping != 1 || !stopped && stopping != 0 {
		t.Errorf("the run was stopped: %v, and that was told %d times", stopped, stopping)
	}
	for i := range o.plan.Steps {
		if s := &o.plan.Steps[i]; s.Selected != (o.finished[s.Name].Outcome != "") {
			t.Errorf("%s is selected: %v, and finished: %q", s.Name, s.Selected, o.finished[s.Name].Outcome)
		} else if s.Selected && report.Step(s.Name).Outcome != o.finished[s.Name].Outcome {
			t.Errorf("the report says otherwise of %s", s.Name)
		}
	}
	if report.Outcome != events[len(events)-1].Outcome {
		t.Errorf("the report says %s, the last event %s", report.Outcome, events[len(events)-1].Outcome)
	}
}

// base64Forms are the middles of a text in base64, for each place in which it can begin.
func base64Forms(text string) []string {
	var forms []string
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
		forms = append(forms, encoded[4:len(encoded)-4])
	}
	return forms
}

// checkStep compares how a step ended, and with which values it ran, with the oracle.
func checkStep(t *rapid.T, o oracle, step *schema.Step, stopped bool) {
	if !step.Selected {
		if o.stage.requested(step.Name) != nil {
			t.Errorf("%s ran, and is not selected", step.Name)
		}
		return
	}
	end := o.finished[step.Name]
	var culprits, waited []schema.StepName
	for name := range o.upstream(step) {
		if !o.lets(name) {
			waited = append(waited, name)
			if o.finished[name].Outcome != schema.Blocked {
				culprits = append(culprits, name)
			}
		}
	}
	c := o.stage.requested(step.Name)
	switch {
	case len(waited) > 0 || end.Outcome == schema.Blocked || end.Outcome == schema.NotStarted:
		checkNotRun(t, o, step, end, culprits, stopped)
		return
	case c != nil && o.stage.count("do", step.Name) != 1:
		t.Errorf("%s ran more than once", step.Name)
	}
	w, failed := o.wants(step), o.failedAbove(step)
	switch {
	case len(failed) > 0 && len(w.errors) == 0:
		checkBelowFailed(t, o, step, end, failed, stopped)
	case c != nil:
		if len(w.errors) > 0 || len(w.waiting) > 0 {
			t.Errorf("%s ran, but %v, and it has to wait for %v", step.Name, w.errors, w.waiting)
			return
		}
		if err := sameValues(c.request.Inputs, w.inputs); err != nil {
			t.Errorf("%s: input %v", step.Name, err)
		}
		if err := sameValues(c.request.Offered, w.offered); err != nil {
			t.Errorf("%s: offered value %v", step.Name, err)
		}
		want := c.result.Outcome
		if before, had := o.earlier[step.Name]; had && before.State != schema.StateDestroyed &&
			want == schema.Skipped && o.plan.Command == schema.CommandDestroy {
			want = schema.Failed // what is deployed cannot be left out of a destroy
		}
		pending := o.pendingAbove(step)
		if want == schema.Failed && len(pending) > 0 {
			want = schema.Deferred // what it lacked may be there once that is applied
		}
		if end.Outcome != want {
			t.Errorf("%s was %s and is told as %s, below %v", step.Name, c.result.Outcome, end.Outcome, pending)
		}
		if want == schema.Deferred && (end.Error == nil || !strings.Contains(end.Reason, string(pending[0]))) {
			t.Errorf("%s is deferred, and why is not told: %+v", step.Name, end)
		}
		if want != schema.Unchanged || o.plan.Command != schema.CommandPlan {
			pending = nil
		}
		if !slices.Equal(end.ReplannedAfter, pending) {
			t.Errorf("%s is planned again after %v, and should be after %v", step.Name, end.ReplannedAfter, pending)
		}
	case end.Outcome == schema.Interrupted && stopped: // before its tool was
	case len(w.errors) == 0 && len(w.waiting) == 0:
		t.Errorf("%s could have run, and is %s", step.Name, end.Outcome)
	default:
		checkWithout(t, o, step, end, w, stopped)
	}
}

// checkBelowFailed looks at a step of a preview that depends on one that could not be planned.
func checkBelowFailed(t *rapid.T, o oracle, step *schema.Step, end schema.Event, failed []schema.StepName, stopped bool) {
	switch {
	case end.Outcome == schema.Interrupted && stopped:
	case o.stage.requested(step.Name) != nil:
		t.Errorf("%s was planned below %v, which failed", step.Name, failed)
	case end.Outcome != schema.Deferred || !slices.Contains(failed, end.Cause) || !strings.Contains(end.Reason, string(end.Cause)):
		t.Errorf("%s is %s because of %q, and should be deferred because of one of %v", step.Name, end.Outcome, end.Cause, failed)
	}
}

func checkNotRun(t *rapid.T, o oracle, step *schema.Step, end schema.Event, culprits []schema.StepName, stopped bool) {
	if o.stage.requested(step.Name) != nil {
		t.Errorf("%s ran", step.Name)
	}
	switch {
	case end.Outcome == schema.NotStarted && end.Cause == "" && stopped:
	case end.Outcome == schema.Blocked && !slices.Contains(culprits, end.Cause):
		t.Errorf("%s is blocked by %q, not by one of %v", step.Name, end.Cause, culprits)
	case end.Outcome == schema.Blocked:
	case end.Outcome != schema.NotStarted:
		t.Errorf("%s did not run, and is %s", step.Name, end.Outcome)
	case !o.plan.FailFast || o.plan.Command.Previews():
		t.Errorf("%s was not started because of %q, and the run does not fail fast", step.Name, end.Cause)
	case o.finished[end.Cause].Outcome != schema.Failed:
		t.Errorf("%s was not started because of %q, which is %s", step.Name, end.Cause, o.finished[end.Cause].Outcome)
	}
}

// checkWithout looks at a step whose values cannot be had.
func checkWithout(t *rapid.T, o oracle, step *schema.Step, end schema.Event, w wants, stopped bool) {
	asked := o.stage.count("deployed", step.Name) > 0
	switch {
	case end.Outcome == schema.Interrupted && stopped:
	case o.plan.Command.Destroys() && !o.stage.deployed[step.Name]:
		if end.Outcome != schema.Unchanged || !asked {
			t.Errorf("%s is not there, and taking it down is %s; its tool was asked: %v", step.Name, end.Outcome, asked)
		}
	case len(w.errors) == 0 && o.plan.Command == schema.CommandPlan:
		if end.Outcome != schema.Deferred || !slices.Equal(sortedNames(end.Deferred), w.waiting) {
			t.Errorf("%s is %s for %v, and should wait for %v", step.Name, end.Outcome, end.Deferred, w.waiting)
		}
		for _, d := range end.Deferred {
			if len(d.For) == 0 {
				t.Errorf("%s waits for %s, and nobody says for what that waits", step.Name, d.Input)
			}
		}
	case end.Outcome != schema.Failed || end.Error == nil || !explains(end.Error.Message, w):
		t.Errorf("%s is %s, and should have failed: %q, or wait for %v", step.Name, end.Outcome, w.errors, w.waiting)
	}
}

// checkRecord compares what is remembered of a step with what became of it.
func checkRecord(t *rapid.T, o oracle, step *schema.Step) {
	before, had := o.earlier[step.Name]
	after, has := o.stage.records.records[step.Name]
	c, end := o.stage.requested(step.Name), o.finished[step.Name]
	want, outputs := before.State, before.Outputs
	switch {
	case o.plan.Command.Previews() || !step.Selected:
	case end.Outcome == schema.Succeeded || end.Outcome == schema.Unchanged:
		want, outputs = schema.StateDeployed, nil
		if o.plan.Command == schema.CommandDestroy {
			want = schema.StateDestroyed
		} else if err := sameValues(after.Outputs, end.Outputs); err != nil {
			t.Errorf("%s: output %v", step.Name, err)
		}
	case c != nil && c.result.Outcome == schema.Skipped && had:
	case end.Outcome == schema.Skipped, end.Outcome == schema.Held: // nothing was done
	case c != nil && c.begun:
		want = schema.StatePartial
	}
	if after.State != want || has != (want != "") {
		t.Errorf("%s is recorded as %q and should be %q", step.Name, after.State, want)
	}
	if outputs != nil && len(after.Outputs) != len(outputs) {
		t.Errorf("%s was to leave %v in the record, and left %v", step.Name, outputs, after.Outputs)
	}
	if c != nil && c.begun && !c.partialOnBegin {
		t.Errorf("%s began before that was recorded", step.Name)
	}
}

// checkAsked makes sure that tools are asked for outputs when there is no other way, and once.
func checkAsked(t *rapid.T, o oracle, step *schema.Step) {
	record, known := o.earlier[step.Name]
	secrets := len(record.Outputs.Secrets())
	ran := o.stage.requested(step.Name)
	switch asked := o.stage.count("outputs", step.Name); {
	case asked > 1:
		t.Errorf("%s was asked %d times", step.Name, asked)
	case asked == 1 && known && record.State == schema.StateDestroyed:
		t.Errorf("%s was asked, and is destroyed", step.Name)
	case asked == 1 && known && record.State == schema.StateDeployed && secrets == 0:
		t.Errorf("%s was asked for what is recorded", step.Name)
	case asked == 1 && ran != nil && !o.plan.Command.Destroys() && ran.result.Outcome != schema.Skipped:
		t.Errorf("%s was asked, and ran in this run", step.Name)
	}
}

func explains(message string, w wants) bool {
	for _, e := range w.errors {
		if strings.Contains(message, e) {
			return true
		}
	}
	return len(w.errors) == 0 && strings.Contains(message, "needs "+w.waiting[0]) || len(w.waiting) > 1
}
