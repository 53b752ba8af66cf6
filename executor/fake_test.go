package executor_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// memory is Records that live as long as a test. It notes every Save.
type memory struct {
	mu      sync.Mutex
	records map[schema.StepName]schema.Record
	saved   []schema.Record
	fail    func(schema.Record) error // what Save returns, if not nil
}

func (m *memory) Records(_ context.Context, step schema.StepName) ([]*schema.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.records[step]
	if !ok {
		return nil, nil
	}
	r.Outputs = withoutSecrets(r.Outputs)
	return []*schema.Record{&r}, nil
}

func (m *memory) Forget(r *schema.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, r.Step)
	return nil
}

func (m *memory) Save(r, _ *schema.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(*r); err != nil {
			return err
		}
	}
	if m.records == nil {
		m.records = map[schema.StepName]schema.Record{}
	}
	m.records[r.Step] = *r
	m.saved = append(m.saved, *r)
	return nil
}

// withoutSecrets is what is left of values when they are written down and read again.
func withoutSecrets(values schema.Values) schema.Values {
	left := schema.Values{}
	for name, v := range values {
		if v.Sensitive {
			v = unknown(true)
		}
		left[name] = v
	}
	return left
}

// act is what one step does when it is taken through its lifecycle.
type act struct {
	owes     []string // beside what it was told that it owes
	outcome  schema.Outcome
	outputs  schema.Values
	passesOn string         // the output that holds a sensitive value it was given, without saying so
	command  schema.Command // what is done where the plan leaves it to the configuration
	late     bool           // a skipped step that begins before it turns out to be skipped
	lasts    time.Duration  // and asking it for outputs does too
	stays    bool           // an interrupt does not reach it
}

// call is one call of a stage, as it was made and answered.
type call struct {
	what           string // do, outputs, deployed
	step           schema.StepName
	at             int // events before it
	request        environments.Request
	result         environments.StepResult
	begun          bool
	partialOnBegin bool // the record was partial when it began
}

// stage is the Runner of tests: each step does its act.
type stage struct {
	acts     map[schema.StepName]act
	left     map[schema.StepName]schema.Values // what the tools tell of earlier runs
	deployed map[schema.StepName]bool
	records  *memory
	starts   func(int) // told before each Do, with its number
	prepared func(schema.StepName)

	mu       sync.Mutex
	calls    []call
	events   []schema.Event
	running  int
	most     int
	busy     map[schema.EnvironmentName]int
	limits   map[string]int
	mostOf   map[string]int
	problems []string
}

func (s *stage) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// enter and leave keep count of what is at work.
func (s *stage) enter(what string, step *schema.Step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		s.busy, s.limits, s.mostOf = map[schema.EnvironmentName]int{}, map[string]int{}, map[string]int{}
	}
	s.busy[step.Environment]++
	if s.busy[step.Environment] > 1 {
		s.problem("%s of %s overlaps with something else of its environment", what, step.Name)
	}
	if what == "do" {
		s.running++
		s.most = max(s.most, s.running)
		s.limits[step.Limit]++
		s.mostOf[step.Limit] = max(s.mostOf[step.Limit], s.limits[step.Limit])
	}
	s.calls = append(s.calls, call{what: what, step: step.Name, at: len(s.events)})
	return len(s.calls) - 1
}

func (s *stage) leave(n int, step *schema.Step, finish func(*call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[step.Environment]--
	if s.calls[n].what == "do" {
		s.running--
		s.limits[step.Limit]--
	}
	finish(&s.calls[n])
}

// Prepare says what a tool says when it gets ready. A step is prepared once, and before it is at work.
func (s *stage) Prepare(_ context.Context, r environments.Request, observe func(schema.Event)) error {
	n := s.enter("prepare", r.Step)
	s.mu.Lock()
	for _, c := range s.calls[:n] {
		if c.step == r.Step.Name && (c.what == "do" || c.what == "prepare") {
			s.problem("%s is prepared after its %s", r.Step.Name, c.what)
		}
	}
	s.mu.Unlock()
	observe(schema.Event{Type: schema.EventPhaseStarted, Step: r.Step.Name, Phase: schema.PhaseConfigure})
	observe(schema.Event{Type: schema.EventPhaseStarted, Step: r.Step.Name, Phase: schema.PhaseInit})
	observe(schema.Event{Type: schema.EventOutputLine, Step: r.Step.Name, Text: "ready"})
	s.leave(n, r.Step, func(*call) {})
	if s.prepared != nil {
		s.prepared(r.Step.Name)
	}
	return nil
}

func (s *stage) Do(ctx context.Context, r environments.Request, observe func(schema.Event)) environments.StepResult {
	n := s.enter("do", r.Step)
	if s.starts != nil {
		s.starts(n)
	}
	result := environments.StepResult{}
	begun, partial := false, false
	a := s.acts[r.Step.Name]
	if a.outcome == schema.Skipped && !a.late {
		result.Outcome, result.Reason = schema.Skipped, "so it says"
	} else {
		var err error
		if r.Begin != nil && !a.command.Previews() {
			if err = r.Begin(); err == nil {
				begun = true
				s.records.mu.Lock()
				partial = s.records.records[r.Step.Name].State == schema.StatePartial
				s.records.mu.Unlock()
			}
		}
		result = s.act(ctx, r, a, observe, err)
	}
	s.leave(n, r.Step, func(c *call) {
		c.request, c.result, c.begun, c.partialOnBegin = r, result, begun, partial
	})
	return result
}

// act prints everything it was given, as careless scripts do, and ends as it was told.
func (s *stage) act(ctx context.Context, r environments.Request, a act, observe func(schema.Event), err error) environments.StepResult {
	if err != nil {
		result := environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: err.Error()}}
		if ctx.Err() != nil {
			result.Outcome = schema.Interrupted
		}
		return result
	}
	step := r.Step.Name
	line := func(text string, partial bool) {
		observe(schema.Event{Type: schema.EventOutputLine, Step: step, Stream: "stdout", Text: text, Partial: partial})
	}
	var lines []string
	passed := schema.Values{}
	for _, values := range []schema.Values{r.Inputs, r.Offered} {
		for _, name := range values.Names() {
			text, _ := values[name].Plain()
			encoded := base64.StdEncoding.EncodeToString([]byte("user:" + text))
			line(name+"="+text, false)
			line("Authorization: Basic "+encoded, false)
			if values[name].Sensitive && a.passesOn != "" {
				passed[a.passesOn] = schema.Text("http://user:" + text + "@host")
			}
			half := len(text) / 2
			line("long line "+text[:half], true)
			line(text[half:]+" goes on", false)
			lines = append(lines, text, encoded)
		}
	}
	observe(schema.Event{Type: schema.EventPhaseStarted, Step: step, Phase: schema.PhaseTool, Text: strings.Join(lines, " ")})
	observe(schema.Event{Type: schema.EventNotice, Step: step, Text: strings.Join(lines, " ")})
	observe(schema.Event{Type: schema.EventProgress, Step: step, Text: strings.Join(lines, " ")})
	time.Sleep(a.lasts)
	result := environments.StepResult{Command: a.command, Outcome: a.outcome, Owed: slices.Concat(r.Owed, a.owes), Outputs: schema.Values{}, Reason: strings.Join(lines, " ")}
	maps.Copy(result.Outputs, a.outputs)
	maps.Copy(result.Outputs, passed)
	if ctx.Err() != nil && !a.stays {
		result.Outcome = schema.Interrupted
	}
	result.Changes = &schema.Changes{Add: 1, Resources: []schema.ResourceChange{{Address: "x[" + strings.Join(lines, " ") + "]"}}}
	result.Warnings = &schema.Warnings{Count: 1, List: []schema.Warning{{Text: strings.Join(lines, " ")}}}
	if result.Outcome == schema.Failed || result.Outcome == schema.Interrupted {
		result.Error = &schema.StepError{Message: "broken: " + strings.Join(lines, " "), Lines: lines}
	}
	return result
}

func (s *stage) Outputs(_ context.Context, step *schema.Step, observe func(schema.Event)) (schema.Values, error) {
	n := s.enter("outputs", step)
	observe(schema.Event{Type: schema.EventPhaseStarted, Step: step.Name, Phase: schema.PhaseOutputs})
	time.Sleep(s.acts[step.Name].lasts)
	s.leave(n, step, func(*call) {})
	return maps.Clone(s.left[step.Name]), nil
}

func (s *stage) Deployed(_ context.Context, step *schema.Step, _ func(schema.Event)) (bool, error) {
	n := s.enter("deployed", step)
	s.leave(n, step, func(*call) {})
	return s.deployed[step.Name], nil
}

func (s *stage) LeftOut(_ context.Context, step *schema.Step, _ func(schema.Event)) (string, error) {
	n := s.enter("left out", step)
	s.leave(n, step, func(*call) {})
	if a := s.acts[step.Name]; a.outcome == schema.Skipped && !a.late {
		return "so it says", nil
	}
	return "", nil
}

// sink notes the events, and complains about those that should not be.
func (s *stage) sink(e schema.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	if e.Seq != len(s.events) {
		s.problem("event %d has number %d", len(s.events), e.Seq)
	}
	return nil
}

// execute runs a plan on a stage.
func execute(ctx context.Context, s *stage, plan *schema.Plan) (*schema.Report, error) {
	return executorOf(s).Run(ctx, plan)
}

func executorOf(s *stage) *executor.Executor {
	if s.records == nil {
		s.records = &memory{}
	}
	return &executor.Executor{
		Runner: s, Records: s.records, Now: time.Now,
		Emitter: &executor.Emitter{
			Run: "20261123-143005-9f3c1a", Now: time.Now, Redact: &secret.Redactor{}, Required: []executor.Sink{s.sink},
		},
		LogOf: func(n schema.StepName) string { return n.FileName() + ".log" },
	}
}

// finished returns the last event of a step.
func (s *stage) finished(t testing.TB, step schema.StepName) schema.Event {
	t.Helper()
	for _, e := range s.events {
		if e.Step == step && e.Type == schema.EventStepFinished {
			return e
		}
	}
	t.Fatalf("%s has not finished", step)
	return schema.Event{}
}

// requested returns how a step was called, or nil.
func (s *stage) requested(step schema.StepName) *call {
	for i := range s.calls {
		if s.calls[i].what == "do" && s.calls[i].step == step {
			return &s.calls[i]
		}
	}
	return nil
}

func (s *stage) count(what string, step schema.StepName) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c.what == what && c.step == step {
			n++
		}
	}
	return n
}

// expression returns the expression that a manifest's text is.
func expression(t interface{ Fatal(...any) }, text string) schema.Expression {
	expressions.Lock()
	defer expressions.Unlock()
	if e, ok := expressions.known[text]; ok {
		return e
	}
	dir, err := os.MkdirTemp("", "expression")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	manifest := "bitops:\n  environments:\n    e:\n      inputs:\n        x: " + quoted + "\n"
	if err := os.WriteFile(filepath.Join(dir, "bitops.config.yaml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	m, problems := schema.LoadManifest(dir, "bitops.config.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	expressions.known[text] = m.Environments[0].Inputs[0].Value
	return expressions.known[text]
}

var expressions = struct {
	sync.Mutex
	known map[string]schema.Expression
}{known: map[string]schema.Expression{}}

// idle is a Runner whose steps print some lines, leave one output and do nothing.
type idle struct{ lines int }

func (r idle) Do(_ context.Context, q environments.Request, observe func(schema.Event)) environments.StepResult {
	if err := q.Begin(); err != nil {
		return environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: err.Error()}}
	}
	for range r.lines {
		observe(schema.Event{Type: schema.EventOutputLine, Step: q.Step.Name, Stream: "stdout", Text: "a line of output, as tools print them"})
	}
	return environments.StepResult{Outcome: schema.Succeeded, Outputs: schema.Values{"v": schema.Text("value of " + string(q.Step.Name))}}
}

func (idle) Outputs(context.Context, *schema.Step, func(schema.Event)) (schema.Values, error) {
	return nil, nil
}

func (idle) LeftOut(context.Context, *schema.Step, func(schema.Event)) (string, error) {
	return "", nil
}

func (idle) Deployed(context.Context, *schema.Step, func(schema.Event)) (bool, error) {
	return true, nil
}

// fingerprintOf stands for what a real Runner finds in files: the inputs are all there is.
func fingerprintOf(inputs schema.Values, like *schema.Fingerprint) (*schema.Fingerprint, error) {
	if like == nil {
		like = &schema.Fingerprint{}
	}
	hashes, err := inputs.Hashes(like.Inputs)
	return &schema.Fingerprint{Inputs: hashes, Tool: "fake 1"}, err
}

func (s *stage) Fingerprint(
	_ context.Context, _ *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	return fingerprintOf(inputs, like)
}

func (idle) Fingerprint(
	_ context.Context, _ *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	return fingerprintOf(inputs, like)
}

func (idle) ReadsBeyond(*schema.Step) (string, error) { return "", nil }

func (*stage) ReadsBeyond(*schema.Step) (string, error) { return "", nil }
