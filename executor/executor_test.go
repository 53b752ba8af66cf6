package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// chain is a plan of steps a/x, b/x, and so on, each after the one before.
func chain(command schema.Command, environments ...schema.EnvironmentName) *schema.Plan {
	plan := &schema.Plan{Version: 1, Command: command, Parallelism: 1, FailFast: true}
	for i, e := range environments {
		step := schema.Step{Name: e.Step("x"), Environment: e, EnvironmentPath: string(e), Deployment: "x", Tool: "fake", Selected: true}
		if i > 0 {
			before := environments[i-1]
			step.DependsOn = []schema.StepName{before.Step("x")}
			step.Offers = []schema.Offer{{Environment: before, Steps: step.DependsOn}}
		}
		plan.Steps = append(plan.Steps, step)
	}
	return plan
}

func succeeds(outputs schema.Values) act { return act{outcome: schema.Succeeded, outputs: outputs} }

func stageOf(acts map[schema.StepName]act) *stage {
	return &stage{acts: acts, records: &memory{records: map[schema.StepName]schema.Record{}}}
}

func mustExecute(t *testing.T, s *stage, plan *schema.Plan) *schema.Report {
	t.Helper()
	report, err := execute(t.Context(), s, plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.problems {
		t.Error(p)
	}
	return report
}

func wantOutcome(t *testing.T, s *stage, step schema.StepName, want schema.Outcome, inMessage string) {
	t.Helper()
	e := s.finished(t, step)
	message := e.Reason
	if e.Error != nil {
		message += e.Error.Message
	}
	if e.Outcome != want || !strings.Contains(message, inMessage) {
		t.Errorf("%s is %s (%s), want %s with %q", step, e.Outcome, message, want, inMessage)
	}
}

// An apply never leaves a step out because a value is missing: that would look like success.
func TestApplyFailsWhereAPlanDefers(t *testing.T) {
	for command, want := range map[schema.Command]schema.Outcome{
		schema.CommandPlan: schema.Deferred, schema.CommandApply: schema.Failed,
	} {
		s := stageOf(map[schema.StepName]act{"b/x": succeeds(nil)})
		plan := chain(command, "a", "b")
		plan.Steps[0].Selected = false
		plan.Steps[1].Inputs = []schema.Input{{Name: "v", Expression: expression(t, "${outputs.a.v}")}}
		mustExecute(t, s, plan)
		wantOutcome(t, s, "b/x", want, "")
		if s.requested("b/x") != nil {
			t.Errorf("%s: b/x ran", command)
		}
	}
}

// A value that this run's plan does not know is not read from the world as it is now.
func TestPlanDoesNotUseOldValues(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(schema.Values{"v": unknown(false)})})
	s.left = map[schema.StepName]schema.Values{"a/x": {"v": schema.Text("old")}}
	plan := chain(schema.CommandPlan, "a", "b")
	plan.Steps[1].Inputs = []schema.Input{{Name: "v", Expression: expression(t, "${outputs.a.v}")}}
	mustExecute(t, s, plan)
	wantOutcome(t, s, "b/x", schema.Deferred, "")
	if n := s.count("outputs", "a/x"); n != 0 {
		t.Errorf("the tool was asked %d times", n)
	}
}

// What two dependencies offer is no conflict when the step's own environment offers it too, wherever that is written.
func TestOwnEnvironmentSettlesConflict(t *testing.T) {
	s := stageOf(map[schema.StepName]act{
		"a/x": succeeds(schema.Values{"v": schema.Text("a")}), "b/x": succeeds(schema.Values{"v": schema.Text("b")}),
		"c/x": succeeds(schema.Values{"v": schema.Text("c")}), "c/y": succeeds(nil),
	})
	plan := chain(schema.CommandApply, "a", "b", "c")
	plan.Steps = append(plan.Steps, schema.Step{
		Name: "c/y", Environment: "c", Tool: "fake", Selected: true, DependsOn: []schema.StepName{"c/x"},
		Offers: []schema.Offer{
			{Environment: "a", Steps: []schema.StepName{"a/x"}},
			{Environment: "b", Steps: []schema.StepName{"b/x"}},
			{Environment: "c", Steps: []schema.StepName{"c/x"}, Near: true},
		},
		Interface: schema.Interface{Inputs: []schema.Parameter{{Name: "v"}}},
	})
	mustExecute(t, s, plan)
	wantOutcome(t, s, "c/y", schema.Succeeded, "")
	if got := s.requested("c/y").request.Offered["v"].String(); got != `"c"` {
		t.Errorf("offered %s", got)
	}
	plan.Steps[3].Offers = plan.Steps[3].Offers[:2]
	s.calls, s.events = nil, nil
	mustExecute(t, s, plan)
	wantOutcome(t, s, "c/y", schema.Failed, "both a and b offer it")
}

// A step that is left out still stands, so others get what it left behind when it was deployed.
func TestSkippedStepOffersWhatIsRecorded(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Skipped}, "b/x": succeeds(nil)})
	s.records.records["a/x"] = schema.Record{
		Version: 1, Step: "a/x", State: schema.StateDeployed, Outputs: schema.Values{"v": schema.Text("recorded")},
	}
	plan := chain(schema.CommandApply, "a", "b")
	plan.Steps[1].Inputs = []schema.Input{{Name: "v", Expression: expression(t, "${outputs.a.v}")}}
	mustExecute(t, s, plan)
	if c := s.requested("b/x"); c == nil || c.request.Inputs["v"].String() != `"recorded"` {
		t.Errorf("b/x was called with %+v", c)
	}
	if r := s.records.records["a/x"]; r.State != schema.StateDeployed {
		t.Errorf("a/x is recorded as %s", r.State)
	}
}

// A step that failed on its way to a new version keeps the outputs of the old one, and the tool's word goes first.
func TestFailedApplyKeepsEarlierOutputs(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Failed}, "b/x": succeeds(nil)})
	s.records.records["a/x"] = schema.Record{Version: 1, Step: "a/x", State: schema.StateDeployed, Outputs: schema.Values{
		"hook": schema.Text("of a hook"), "tool": schema.Text("old"),
	}}
	mustExecute(t, s, chain(schema.CommandApply, "a"))
	if r := s.records.records["a/x"]; r.State != schema.StatePartial || len(r.Outputs) != 2 {
		t.Fatalf("recorded: %+v", r)
	}
	s.left = map[schema.StepName]schema.Values{"a/x": {"tool": schema.Text("new")}}
	s.calls, s.events = nil, nil
	plan := chain(schema.CommandApply, "a", "b")
	plan.Steps[0].Selected = false
	plan.Steps[1].Inputs = []schema.Input{{Name: "v", Expression: expression(t, "${outputs.a.tool} ${outputs.a.hook}")}}
	mustExecute(t, s, plan)
	if got := s.requested("b/x").request.Inputs["v"].String(); got != `"new of a hook"` {
		t.Errorf("b/x got %s", got)
	}
}

// What a tool leaves to do is remembered however its step ends, and told to the next run.
func TestWhatIsOwedIsRemembered(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Failed, owes: []string{"one"}}})
	owed := func(want ...string) {
		t.Helper()
		mustExecute(t, s, chain(schema.CommandApply, "a"))
		if got := s.records.records["a/x"].Owed; !slices.Equal(got, want) {
			t.Errorf("recorded as owed: %q, want %q", got, want)
		}
		s.calls, s.events = nil, nil
	}
	owed("one")
	s.acts["a/x"] = act{outcome: schema.Interrupted, owes: []string{"two"}}
	owed("one", "two")
	s.acts["a/x"] = act{outcome: schema.Succeeded, owes: []string{"three"}}
	owed("one", "two", "three")
	if got := s.records.records["a/x"].State; got != schema.StateDeployed {
		t.Errorf("recorded as %s", got)
	}
	mustExecute(t, s, chain(schema.CommandPlan, "a"))
	if got := s.records.records["a/x"].Owed; len(got) != 3 {
		t.Errorf("after a preview it owes %q", got)
	}
}

func TestStepThatCannotBeRecordedDoesNotStart(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil)})
	s.records.fail = func(schema.Record) error { return errors.New("no space left on device") }
	mustExecute(t, s, chain(schema.CommandApply, "a"))
	wantOutcome(t, s, "a/x", schema.Failed, "not started, because it could not be recorded: no space left")
	if c := s.requested("a/x"); c.begun {
		t.Error("it has begun")
	}
}

// What is done and cannot be recorded is half done to the next run, and must not look like success in this one.
func TestStepThatIsDoneAndNotRecordedFails(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil), "b/x": succeeds(nil)})
	s.records.fail = func(r schema.Record) error {
		if r.State == schema.StateDeployed {
			return errors.New("no space left on device")
		}
		return nil
	}
	report := mustExecute(t, s, chain(schema.CommandApply, "a", "b"))
	wantOutcome(t, s, "a/x", schema.Failed, "could not be recorded: no space left")
	wantOutcome(t, s, "b/x", schema.Blocked, "")
	if r := s.records.records["a/x"]; r.State != schema.StatePartial || report.Outcome != schema.Failed {
		t.Errorf("recorded as %s, run %s", r.State, report.Outcome)
	}
}

// A journal that cannot be written any more ends the run: what runs may finish, nothing starts.
func TestFailingJournalStopsTheRun(t *testing.T) {
	full := errors.New("no space left on device")
	for fails := 1; fails <= 12; fails++ { // at each of the first events
		s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil), "b/x": succeeds(nil), "c/x": succeeds(nil)})
		x := executorOf(s)
		var after atomic.Int32
		x.Emitter.Optional = x.Emitter.Required // the screen goes on
		n := 0
		x.Emitter.Required = []executor.Sink{func(schema.Event) error {
			if n++; n == fails {
				return full
			}
			if n > fails {
				after.Add(1)
			}
			return nil
		}}
		s.starts = func(int) {
			if x.Emitter.Err() != nil {
				t.Errorf("event %d: a step starts after the journal failed", fails)
			}
		}
		report, err := x.Run(t.Context(), chain(schema.CommandApply, "a", "b", "c"))
		if n >= fails && !errors.Is(err, full) {
			t.Errorf("event %d: the run returned %v", fails, err)
		}
		if after.Load() > 0 {
			t.Errorf("event %d: a broken journal was written to", fails)
		}
		for _, step := range []schema.StepName{"a/x", "b/x", "c/x"} { // nobody blames a step for it
			if e := s.finished(t, step); e.Outcome == schema.Blocked && s.finished(t, e.Cause).Outcome == schema.Succeeded {
				t.Errorf("event %d: %s is blocked by a success", fails, step)
			}
		}
		if s.events[len(s.events)-1].Type != schema.EventRunFinished || report.Outcome == "" {
			t.Errorf("event %d: the run has no end", fails)
		}
	}
}

func TestClosedScreenStopsNothing(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil), "b/x": succeeds(nil)})
	x := executorOf(s)
	shown := 0
	x.Emitter.Optional = []executor.Sink{func(schema.Event) error {
		shown++
		return errors.New("broken pipe")
	}}
	report, err := x.Run(t.Context(), chain(schema.CommandApply, "a", "b"))
	if err != nil || report.Outcome != schema.Succeeded || shown != 1 {
		t.Errorf("%v, %s, %d events shown", err, report.Outcome, shown)
	}
}

// That a run stops is told once, and before its end, however late the interrupt comes.
func TestStopIsToldBeforeTheEnd(t *testing.T) {
	for n := range 300 {
		s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Succeeded, lasts: time.Duration(n) * time.Microsecond}})
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			time.Sleep(time.Duration(n) * 2 * time.Microsecond)
			cancel(errors.New("interrupted by Ctrl-C"))
		}()
		report, err := execute(ctx, s, chain(schema.CommandApply, "a"))
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		told := 0
		for _, e := range s.events {
			if e.Type == schema.EventRunStopping {
				told++
				if e.Text != "interrupted by Ctrl-C" {
					t.Errorf("it says %q", e.Text)
				}
			}
		}
		if last := s.events[len(s.events)-1]; last.Type != schema.EventRunFinished {
			t.Fatalf("the last event is %s", last.Type)
		}
		if told > 1 || told == 0 && report.Outcome == schema.Interrupted {
			t.Fatalf("told %d times, and the run is %s", told, report.Outcome)
		}
		s.mu.Unlock()
		cancel(nil)
	}
}

// A context that is done before the walk looks at it is told, even when nothing ran.
func TestStopBeforeTheBegin(t *testing.T) {
	for range 200 {
		s := stageOf(nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := execute(ctx, s, chain(schema.CommandApply, "a", "b")); err != nil {
			t.Fatal(err)
		}
		if len(s.events) != 5 || s.count("do", "a/x") != 0 {
			t.Fatalf("%d events", len(s.events))
		}
		wantOutcome(t, s, "b/x", schema.NotStarted, "")
	}
}

// A step whose start has just been told does not begin when the run stops in that moment.
func TestStopBetweenStartAndBegin(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(nil)})
	ctx, cancel := context.WithCancel(t.Context())
	x := executorOf(s)
	x.Emitter.Optional = []executor.Sink{func(e schema.Event) error {
		if e.Type == schema.EventStepStarted {
			cancel()
		}
		return nil
	}}
	if _, err := x.Run(ctx, chain(schema.CommandApply, "a")); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, s, "a/x", schema.NotStarted, "")
	if s.requested("a/x") != nil || len(s.records.saved) > 0 {
		t.Error("it has begun")
	}
}

// doneSoon is a context in the moment in which it is done and nobody has been woken yet.
type doneSoon struct{ context.Context }

func (doneSoon) Err() error            { return context.Canceled }
func (doneSoon) Done() <-chan struct{} { return make(chan struct{}) }

// Steps can be settled before whoever waits for the end of the context is woken. That the run stops is told first all the same.
func TestStopIsToldByWhoeverIsFirst(t *testing.T) {
	s := stageOf(nil)
	if _, err := execute(doneSoon{t.Context()}, s, chain(schema.CommandApply, "a")); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, e := range s.events {
		types = append(types, string(e.Type))
	}
	if got := strings.Join(types, " "); got != "run-started run-stopping step-finished run-finished" {
		t.Errorf("events: %s", got)
	}
}

func TestReferenceToUnknownStepIsAFailure(t *testing.T) {
	s := stageOf(nil)
	plan := chain(schema.CommandApply, "a")
	plan.Steps[0].Inputs = []schema.Input{{Name: "v", Expression: expression(t, `${steps["gone/x"].outputs.v}`)}}
	mustExecute(t, s, plan)
	wantOutcome(t, s, "a/x", schema.Failed, `there is no step "gone/x"`)
}

// Values of an environment are not read while something else of it is at work.
func TestOneThingAtATimeInAnEnvironment(t *testing.T) {
	s := stageOf(map[schema.StepName]act{
		"a/x": {outcome: schema.Succeeded, lasts: 5 * time.Millisecond}, "a/y": {outcome: schema.Succeeded, lasts: 5 * time.Millisecond},
		"b/x": succeeds(nil), "c/x": succeeds(nil),
	})
	plan := chain(schema.CommandDestroy, "a", "b")
	plan.Parallelism = 10
	plan.Steps = append(plan.Steps,
		schema.Step{Name: "a/y", Environment: "a", Tool: "fake", Selected: true, DependsOn: []schema.StepName{"a/x"}},
		schema.Step{Name: "c/x", Environment: "c", Tool: "fake", Selected: true, DependsOn: []schema.StepName{"a/x"}})
	s.left = map[schema.StepName]schema.Values{"a/x": {"v": schema.Text("v")}}
	for _, n := range []int{1, 3} {
		plan.Steps[n].Inputs = []schema.Input{{Name: "v", Expression: expression(t, `${steps["a/x"].outputs.v}`)}}
	}
	mustExecute(t, s, plan)
	if n := s.count("outputs", "a/x"); n != 1 {
		t.Errorf("a/x was asked %d times", n)
	}
}

// What an expression makes of a secret is another secret.
func TestDerivedSecret(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": succeeds(schema.Values{"v": sensitive("correct horse")}), "b/x": succeeds(nil)})
	plan := chain(schema.CommandApply, "a", "b")
	plan.Steps[1].Inputs = []schema.Input{{Name: "v", Expression: expression(t, "${upper(outputs.a.v)}!")}}
	mustExecute(t, s, plan)
	if got, _ := s.requested("b/x").request.Inputs["v"].Plain(); got != "CORRECT HORSE!" {
		t.Errorf("b/x got %q", got)
	}
	for _, e := range s.events {
		if text, _ := json.Marshal(e); strings.Contains(string(text), "CORRECT HORSE") {
			t.Errorf("shown: %s", text)
		}
	}
}

// A long line comes in pieces; a secret that is cut in two is hidden all the same.
func TestSecretAcrossPieces(t *testing.T) {
	const value = "correct-horse-battery-staple"
	for cut := 1; cut < len(value); cut++ {
		var shown []string
		m := &executor.Emitter{Now: time.Now, Redact: &secret.Redactor{}, Required: []executor.Sink{func(e schema.Event) error {
			shown = append(shown, e.Text)
			return nil
		}}}
		m.Learn(schema.Values{"p": sensitive(value)})
		line := schema.Event{Type: schema.EventOutputLine, Step: "a/x", Stream: "stdout", Text: "say " + value[:cut], Partial: true}
		m.Emit(line)
		other := line
		other.Stream, other.Text, other.Partial = "stderr", "in between", false
		m.Emit(other)
		line.Text, line.Partial = value[cut:]+" again", false
		m.Emit(line)
		line.Text = "the next line"
		m.Emit(line)
		if got := strings.Join(shown, "|"); got != "say |in between|*** again|the next line" && got != "say ***|in between| again|the next line" {
			t.Errorf("cut at %d: %s", cut, got)
		}
	}
}

func TestProtectMarksWhatHoldsASecret(t *testing.T) {
	m := &executor.Emitter{Now: time.Now, Redact: &secret.Redactor{}}
	given := schema.Values{"password": sensitive(`pa"ss word`), "url": schema.Text(`http://u:pa"ss word@h`), "other": schema.Text("pass")}
	got := m.Learn(given)
	if !got["url"].Sensitive || got["other"].Sensitive || given["url"].Sensitive {
		t.Errorf("got %v, given %v", got, given)
	}
}
