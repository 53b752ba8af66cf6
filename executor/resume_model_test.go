package executor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// machine is a computer on which bitops runs, with a disk that survives, and the world that its steps change. Its power
// can fail at any write: from then on nothing that bitops still does has an effect.
type machine struct {
	plan schema.Plan

	mu       sync.Mutex
	power    bool
	crashIn  int // writes until the power fails; negative for never
	torn     int // how much of the last write reaches the disk, in hundredths
	stopIn   int // events until somebody stops the run; negative for never
	stop     context.CancelFunc
	journal  bytes.Buffer
	records  map[schema.StepName]schema.Record
	version  map[schema.StepName]int    // of the step's files
	world    map[schema.StepName]string // what each step made of what it was given
	fails    map[schema.StepName]bool   // in this run
	begun    map[schema.StepName]bool   // in this run
	done     map[schema.StepName]string // what a step had done when its end reached the journal
	problems []string
	runs     int
}

var errPower = errors.New("the power is off")

// write is one write to the disk: it tells how much of it arrives.
func (m *machine) write(size int) (int, error) {
	if !m.power {
		return 0, errPower
	}
	if m.crashIn == 0 {
		m.power = false
		return size * m.torn / 100, errPower
	}
	m.crashIn--
	return size, nil
}

func (m *machine) Records(_ context.Context, step schema.StepName) ([]*schema.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.records[step]; ok {
		return []*schema.Record{&r}, nil
	}
	return nil, nil
}

// Save replaces a record as a whole or not at all, as a rename does.
func (m *machine) Save(r, _ *schema.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if arrived, err := m.write(1); err != nil || arrived == 0 {
		return errPower
	}
	m.records[r.Step] = *r
	return nil
}

func (m *machine) Forget(*schema.Record) error { return errors.New("nothing is to be forgotten") }

// sink is the journal.
func (m *machine) sink(e schema.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	arrived, err := m.write(len(line))
	m.journal.Write(line[:arrived])
	if m.stopIn == 0 {
		m.stop()
	}
	m.stopIn--
	if e.Type == schema.EventStepStarted {
		if err == nil {
			m.checkAgain(m.plan.Step(e.Step))
		}
		if arrived == len(line) { // also when the power went just then
			delete(m.done, e.Step) // until it ends: whatever is at work may be done once more
			for i := range m.plan.Steps {
				if slices.Contains(m.plan.Steps[i].DependsOn, e.Step) {
					delete(m.done, m.plan.Steps[i].Name) // and what depends on it
				}
			}
		}
	}
	if err == nil && e.Type == schema.EventStepFinished && good(e.Outcome) && e.DoneIn == "" && e.Outcome != schema.Skipped {
		m.done[e.Step] = m.world[e.Step]
	}
	return err
}

// Do changes the world, if the power is still on, by what the step was given.
func (m *machine) Do(ctx context.Context, r environments.Request, _ func(schema.Event)) environments.StepResult {
	failed := func(err error) environments.StepResult {
		return environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: err.Error()}}
	}
	if err := r.Begin(); err != nil && ctx.Err() != nil {
		return environments.StepResult{Outcome: schema.Interrupted}
	} else if err != nil {
		return failed(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	step := r.Step
	if !m.power {
		return failed(errPower)
	}
	if m.begun[step.Name] {
		m.problems = append(m.problems, fmt.Sprintf("%s runs twice in one run", step.Name))
	}
	m.begun[step.Name] = true
	if ctx.Err() != nil { // it had begun, and was interrupted
		m.world[step.Name] = "half of it"
		return environments.StepResult{Outcome: schema.Interrupted}
	}
	makes := m.makes(step, r.Offered)
	m.world[step.Name] = makes
	if m.fails[step.Name] {
		return failed(errors.New("as it was told"))
	}
	return environments.StepResult{
		Outcome: schema.Succeeded, Fingerprint: r.Fingerprint,
		Outputs: schema.Values{"of_" + string(step.Environment): schema.Text(makes)},
	}
}

// makes is what a step makes of its files and of what it is given.
func (m *machine) makes(step *schema.Step, given schema.Values) string {
	return fmt.Sprintf("%s v%d%v", step.Environment, m.version[step.Name], given)
}

// checkAgain complains about a step that starts although it is done and nothing changed.
func (m *machine) checkAgain(step *schema.Step) {
	given := schema.Values{}
	for _, on := range step.DependsOn {
		if m.begun[on] {
			return
		}
		given["of_"+string(m.plan.Step(on).Environment)] = schema.Text(m.world[on])
	}
	if makes := m.makes(step, given); m.done[step.Name] != makes || m.world[step.Name] != makes {
		return
	}
	m.problems = append(m.problems, fmt.Sprintf("%s is done, nothing changed, and it runs again", step.Name))
}

func (m *machine) Outputs(context.Context, *schema.Step, func(schema.Event)) (schema.Values, error) {
	return schema.Values{}, nil
}

func (m *machine) LeftOut(context.Context, *schema.Step, func(schema.Event)) (string, error) {
	return "", nil
}

func (m *machine) Deployed(context.Context, *schema.Step, func(schema.Event)) (bool, error) {
	return true, nil
}

func (m *machine) Fingerprint(
	_ context.Context, step *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	f, err := fingerprintOf(inputs, like)
	m.mu.Lock()
	defer m.mu.Unlock()
	f.Files = map[string]string{string(step.Name): fmt.Sprint(m.version[step.Name])}
	return f, err
}

// turnOn starts the machine and runs the plan, or what is left of it. It returns what the journal says afterwards.
func (m *machine) turnOn(previous *schema.Report) (*schema.Report, error) {
	m.power, m.begun = true, map[schema.StepName]bool{}
	m.journal.Reset()
	m.runs++
	x := &executor.Executor{
		Runner: m, Records: m, Now: time.Now, Previous: previous,
		LogOf: func(schema.StepName) string { return "" },
		Emitter: &executor.Emitter{
			Run: schema.RunID(fmt.Sprintf("run-%d", m.runs)), Now: time.Now, Redact: &secret.Redactor{}, Required: []executor.Sink{m.sink},
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.stop = cancel
	_, _ = x.Run(ctx, &m.plan)
	events, err := journal.Read(bytes.NewReader(m.journal.Bytes()))
	if err != nil || len(events) == 0 {
		return previous, err // it died before it began: there is nothing new to go on with
	}
	report := &schema.Report{}
	for _, e := range events {
		report.Add(e)
	}
	if m.power {
		m.checkCounts(report)
	}
	if previous != nil {
		report.GoOnWith(previous)
	}
	return report, nil
}

// checkCounts complains when a run that ended by itself lost a step, or told of one that began that it did not, or otherwise.
func (m *machine) checkCounts(report *schema.Report) {
	counted := 0
	for _, o := range []schema.Outcome{
		schema.Succeeded, schema.Failed, schema.Blocked, schema.NotStarted, schema.Skipped, schema.Interrupted,
	} {
		counted += report.Count(o)
	}
	if counted != len(m.plan.Steps) {
		m.problems = append(m.problems, fmt.Sprintf("%d of %d steps are counted", counted, len(m.plan.Steps)))
	}
	for i := range report.Steps {
		s := &report.Steps[i]
		mayHave := s.Outcome == schema.Succeeded || s.Outcome == schema.Failed || s.Outcome == schema.Interrupted
		if has := mayHave && s.Outcome != schema.Interrupted; m.begun[s.Name] && !mayHave || has && !m.begun[s.Name] {
			m.problems = append(m.problems, fmt.Sprintf("%s began: %v, and is %s", s.Name, m.begun[s.Name], s.Outcome))
		}
		if s.Outcome == schema.NotStarted && (s.Started || s.Cause != "" && report.Step(s.Cause).Outcome != schema.Failed) {
			m.problems = append(m.problems, fmt.Sprintf("%s is not started after %q", s.Name, s.Cause))
		}
	}
}

func drawMachine(t *rapid.T) *machine {
	m := &machine{
		records: map[schema.StepName]schema.Record{}, version: map[schema.StepName]int{},
		world: map[schema.StepName]string{}, done: map[schema.StepName]string{},
	}
	m.plan = schema.Plan{Command: schema.CommandApply, Parallelism: rapid.IntRange(1, 4).Draw(t, "parallelism"), FailFast: rapid.Bool().Draw(t, "fail fast")}
	for i := range rapid.IntRange(1, 8).Draw(t, "steps") {
		name := schema.EnvironmentName(fmt.Sprintf("e%d", i))
		step := schema.Step{
			Name: name.Step("x"), Environment: name, Deployment: "x", Selected: true, Interface: schema.Interface{AnyInput: true},
		}
		for j := range i {
			if rapid.IntRange(0, 2).Draw(t, "edge") == 0 {
				on := m.plan.Steps[j]
				step.DependsOn = append(step.DependsOn, on.Name)
				step.Offers = append(step.Offers, schema.Offer{Environment: on.Environment, Steps: []schema.StepName{on.Name}})
			}
		}
		m.plan.Steps = append(m.plan.Steps, step)
	}
	return m
}

// draw decides what goes wrong in the next run, and what a person changed before it.
func (m *machine) draw(t *rapid.T, trouble bool) {
	m.fails, m.crashIn, m.stopIn = map[schema.StepName]bool{}, -1, -1
	if !trouble {
		return
	}
	for i := range m.plan.Steps {
		name := m.plan.Steps[i].Name
		switch rapid.IntRange(0, 9).Draw(t, "trouble") {
		case 0:
			m.fails[name] = true
		case 1:
			m.version[name]++
		case 2: // somebody else's run
			if r, ok := m.records[name]; ok {
				r.Run = "run-of-somebody-else"
				m.records[name], m.world[name] = r, "what somebody else made"
				delete(m.done, name)
			}
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "stop") == 0 {
		m.stopIn = rapid.IntRange(0, 4*len(m.plan.Steps)).Draw(t, "events before it")
	}
	if rapid.Bool().Draw(t, "crash") {
		m.crashIn = rapid.IntRange(0, 6*len(m.plan.Steps)).Draw(t, "after")
		m.torn = rapid.IntRange(0, 100).Draw(t, "torn")
	}
}

// want returns what the world is when everything is done.
func (m *machine) want() map[schema.StepName]string {
	want := map[schema.StepName]string{}
	for i := range m.plan.Steps {
		step, given := &m.plan.Steps[i], schema.Values{}
		for _, on := range step.DependsOn {
			given["of_"+string(m.plan.Step(on).Environment)] = schema.Text(want[on])
		}
		want[step.Name] = m.makes(step, given)
	}
	return want
}

// However often runs fail, are stopped, die and are resumed, whatever a person changes in between: no step runs before what it depends
// on, none runs again that is done and unchanged, and in the end the world is what one undisturbed run would have made.
//
// -rapid.checks=N runs N cases in each of the rounds.
func TestResumeUntilDone(t *testing.T) {
	for range 50 {
		rapid.Check(t, resumeUntilDone)
	}
}

// Whenever a run is stopped: each step is counted once, by what became of it, and the run that resumes it runs those that were
// not started or interrupted, and no other.
func TestResumeWhatWasNotStarted(t *testing.T) {
	for range 10 {
		rapid.Check(t, resumeWhatWasNotStarted)
	}
}

func resumeWhatWasNotStarted(t *rapid.T) {
	m := drawMachine(t)
	m.crashIn, m.stopIn = -1, rapid.IntRange(0, 3*len(m.plan.Steps)).Draw(t, "events before the stop")
	report, err := m.turnOn(nil)
	if err != nil {
		t.Fatal(err)
	}
	left := map[schema.StepName]bool{}
	for i := range report.Steps {
		if o := report.Steps[i].Outcome; o == schema.NotStarted || o == schema.Interrupted {
			left[report.Steps[i].Name] = true
		}
	}
	if stopped := report.Outcome == schema.Interrupted; stopped != (len(left) > 0) {
		t.Errorf("the run is %s, and these are left: %v", report.Outcome, left)
	}
	m.stopIn = -1
	report, err = m.turnOn(report)
	if err != nil || report.Outcome != schema.Succeeded {
		t.Fatalf("%v, the resumed run is %s", err, report.Outcome)
	}
	if !maps.Equal(m.begun, left) {
		t.Errorf("resumed were %v, and these were left: %v", m.begun, left)
	}
	if len(m.problems) > 0 {
		t.Errorf("%s", strings.Join(m.problems, "\n"))
	}
}

func resumeUntilDone(t *rapid.T) {
	m := drawMachine(t)
	var report *schema.Report
	disturbed := rapid.IntRange(0, 5).Draw(t, "disturbed runs")
	for n := 0; ; n++ {
		m.draw(t, n < disturbed)
		var err error
		if report, err = m.turnOn(report); err != nil {
			t.Fatalf("run %d: %v", n, err)
		}
		if n >= disturbed {
			break
		}
	}
	if len(m.problems) > 0 {
		t.Errorf("%s", strings.Join(m.problems, "\n"))
	}
	if report.Outcome != schema.Succeeded {
		t.Errorf("an undisturbed run is %q", report.Outcome)
	}
	for i := range m.plan.Steps {
		for _, on := range m.plan.Steps[i].DependsOn {
			if name := m.plan.Steps[i].Name; m.begun[on] && !m.begun[name] {
				t.Errorf("%s ran again, and %s, which depends on it, did not", on, name)
			}
		}
	}
	if want := m.want(); !maps.Equal(m.world, want) {
		t.Errorf("the world is %v,\nwant %v", m.world, want)
	}
}

func (*machine) ReadsBeyond(*schema.Step) (string, error) { return "", nil }
