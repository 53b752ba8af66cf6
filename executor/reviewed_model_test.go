package executor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// thing is what a step has made.
type thing struct {
	ID    int    `json:"id"` // another one when it is replaced; what the step leaves behind
	Makes string `json:"makes"`
	Moves int    `json:"moves"` // how often it was changed, by anybody
}

// intent is what a step would do: the artifact of steps that can freeze their plans.
type intent struct {
	Action string `json:"action"` // none, create, update, replace
	Makes  string `json:"makes"`
	From   thing  `json:"from"`

	Version int `json:"version"` // of the step's files
}

// site is a world that is only changed by what a person has seen, or lets go on unseen. It is the Runner of its steps.
type site struct {
	plan     schema.Plan
	records  *memory
	version  map[schema.StepName]int               // of the step's files
	frozen   map[schema.StepName]bool              // its plans can be applied; of others only what they run with is promised
	replaces map[schema.StepName]bool              // most of it cannot be changed in place
	reads    map[schema.StepName][]schema.StepName // what its files read by themselves, as terraform reads a remote state
	broken   map[schema.StepName]bool              // nobody can plan it now, whatever there is
	deferral schema.Deferral
	judge    func(*schema.Step, intent) // what a step does; nil is mayDo
	fails    map[schema.StepName]bool   // in this run, before it changed anything

	mu       sync.Mutex
	ids      int
	world    map[schema.StepName]thing
	seen     map[schema.StepName]intent // by a person
	planned  map[schema.StepName]intent // in this run
	touched  map[schema.StepName]bool   // in this run
	failed   map[schema.StepName]bool   // in the saved plan, or held without being shown: it waits for a person
	stopsAt  int                        // how many steps are applied before the run is interrupted, or -1
	stop     context.CancelFunc
	problems []string
	runs     int
}

// intends returns what a step would do now.
func (s *site) intends(step *schema.Step, given schema.Values) intent {
	is, exists := s.world[step.Name]
	in := intent{Action: "update", From: is, Version: s.version[step.Name], Makes: fmt.Sprintf("%s v%d%v", step.Environment, s.version[step.Name], given)}
	for _, on := range s.reads[step.Name] {
		in.Makes += fmt.Sprintf(" %d", s.world[on].ID)
	}
	switch {
	case !exists:
		in.Action = "create"
	case is.Makes == in.Makes:
		in.Action = "none"
	case s.replaces[step.Name] && crc32.ChecksumIEEE([]byte(in.Makes))%4 > 0: // it depends on the values too
		in.Action = "replace"
	}
	return in
}

func (in intent) result(step *schema.Step) environments.StepResult {
	r := environments.StepResult{Outcome: schema.Succeeded, Changes: &schema.Changes{}}
	id := schema.Text(fmt.Sprint(in.From.ID))
	switch in.Action {
	case "none":
		r.Outcome = schema.Unchanged
	case "create":
		r.Changes.Add, id = 1, unknown(false)
	case "update":
		r.Changes.Change = 1
	case "replace":
		r.Changes.Add, r.Changes.Remove, id = 1, 1, unknown(false)
	}
	r.Outputs = schema.Values{output(step.Environment): id}
	return r
}

func output(e schema.EnvironmentName) string { return "of_" + string(e) }

const intentFile = "intent.json"

// Do plans a step, or applies it: what the artifact says, or what the files do.
func (s *site) Do(ctx context.Context, r environments.Request, _ func(schema.Event)) environments.StepResult {
	if r.Begin != nil {
		if err := r.Begin(); err != nil {
			result := environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: err.Error()}}
			if ctx.Err() != nil {
				result.Outcome = schema.Interrupted
			}
			return result
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if why := s.cannot(r.Step.Name); why != "" {
		return environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: why}, Fingerprint: r.Fingerprint}
	}
	in := s.intends(r.Step, r.Offered)
	result := in.result(r.Step)
	result.Fingerprint = r.Fingerprint
	file := filepath.Join(r.Artifact, intentFile)
	if r.Command.Previews() {
		s.planned[r.Step.Name] = in
		if text, err := json.Marshal(in); err == nil && r.Artifact != "" && s.frozen[r.Step.Name] {
			_ = os.WriteFile(file, text, 0o600)
		}
		return result
	}
	if text, err := os.ReadFile(file); r.Planned && err == nil {
		_ = json.Unmarshal(text, &in)
		if in.From != s.world[r.Step.Name] {
			return environments.StepResult{Outcome: schema.Held, Reason: "it moved on", Fingerprint: r.Fingerprint}
		}
		result = in.result(r.Step)
		result.Fingerprint = r.Fingerprint
	}
	if s.fails[r.Step.Name] {
		return environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: "broken"}, Fingerprint: r.Fingerprint}
	}
	if s.judge != nil {
		s.judge(r.Step, in)
	} else {
		s.mayDo(r.Step, in)
	}
	if in.Action != "none" {
		s.change(r.Step.Name, in)
	}
	result.Outputs = schema.Values{output(r.Step.Environment): schema.Text(fmt.Sprint(s.world[r.Step.Name].ID))}
	return result
}

// cannot says why a step can neither be planned nor applied now, or "".
func (s *site) cannot(step schema.StepName) string {
	for _, on := range s.reads[step] {
		if _, ok := s.world[on]; !ok {
			return fmt.Sprintf("there is no state of %s", on)
		}
	}
	if s.broken[step] {
		return "it cannot be reached"
	}
	return ""
}

func (s *site) change(name schema.StepName, in intent) {
	is := s.world[name]
	is.Makes, is.Moves = in.Makes, is.Moves+1
	if in.Action != "update" {
		s.ids++
		is.ID = s.ids
	}
	s.world[name] = is
}

// mayDo complains about what nobody has seen, and nobody lets go on unseen.
func (s *site) mayDo(step *schema.Step, in intent) {
	if s.touched[step.Name] {
		s.problems = append(s.problems, fmt.Sprintf("%s is applied twice in one run", step.Name))
	}
	s.touched[step.Name] = true
	if len(s.touched) == s.stopsAt {
		s.stop()
	}
	seen, ok := s.seen[step.Name]
	sameAction := seen.Action == in.Action || !s.frozen[step.Name] // who freezes nothing promises no more than what it makes
	wasSeen := ok && seen.Makes == in.Makes && sameAction
	unseen := s.deferral == schema.DeferAll || s.deferral == schema.DeferSafe && in.Action != "replace"
	unseen = in.Action == "none" || unseen && !s.failed[step.Name]
	if !wasSeen && !unseen {
		s.problems = append(s.problems, fmt.Sprintf("%s does %+v, and what was seen is %+v", step.Name, in, seen))
	}
}

func (s *site) Outputs(_ context.Context, step *schema.Step, _ func(schema.Event)) (schema.Values, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is, ok := s.world[step.Name]
	if !ok {
		return nil, nil
	}
	return schema.Values{output(step.Environment): schema.Text(fmt.Sprint(is.ID))}, nil
}

func (s *site) LeftOut(context.Context, *schema.Step, func(schema.Event)) (string, error) {
	return "", nil
}

func (s *site) ReadsBeyond(step *schema.Step) (string, error) {
	if len(s.reads[step.Name]) > 0 {
		return "it reads a remote state", nil
	}
	return "", nil
}

func (s *site) Deployed(context.Context, *schema.Step, func(schema.Event)) (bool, error) {
	return true, nil
}

func (s *site) Fingerprint(
	_ context.Context, step *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	f, err := fingerprintOf(inputs, like)
	f.Files = map[string]string{string(step.Name): fmt.Sprint(s.version[step.Name])}
	return f, err
}

// somebodyElse changes what a step has made, or makes it anew.
func (s *site) somebodyElse(name schema.StepName, action string) {
	if _, ok := s.world[name]; ok {
		s.change(name, intent{Action: action, Makes: "what somebody else made"})
	}
}

// run runs a command over all steps.
func (s *site) run(t *rapid.T, command schema.Command, adjust func(*executor.Executor)) *schema.Report {
	s.touched, s.planned = map[schema.StepName]bool{}, map[schema.StepName]intent{}
	s.runs++
	plan := s.plan
	plan.Command = command
	x := &executor.Executor{
		Runner: s, Records: s.records, Now: time.Now, LogOf: func(schema.StepName) string { return "" }, Deferral: s.deferral,
		Emitter: &executor.Emitter{Run: schema.RunID(fmt.Sprintf("run-%d", s.runs)), Now: time.Now, Redact: &secret.Redactor{}},
	}
	adjust(x)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.stop = cancel
	report, err := x.Run(ctx, &plan)
	if err != nil {
		t.Fatal(err)
	}
	if x.Previous != nil {
		report.GoOnWith(x.Previous)
	}
	return report
}

func drawSite(t *rapid.T) *site {
	s := &site{
		records: &memory{}, version: map[schema.StepName]int{}, world: map[schema.StepName]thing{},
		frozen: map[schema.StepName]bool{}, replaces: map[schema.StepName]bool{}, seen: map[schema.StepName]intent{},
		reads: map[schema.StepName][]schema.StepName{}, broken: map[schema.StepName]bool{}, failed: map[schema.StepName]bool{},
		deferral: rapid.SampledFrom([]schema.Deferral{schema.DeferSafe, schema.DeferAll, schema.DeferNone}).Draw(t, "deferral"),
	}
	s.plan = schema.Plan{Parallelism: rapid.IntRange(1, 4).Draw(t, "parallelism")}
	for i := range rapid.IntRange(1, 7).Draw(t, "steps") {
		name := schema.EnvironmentName(fmt.Sprintf("e%d", i))
		step := schema.Step{Name: name.Step("x"), Environment: name, Deployment: "x", Selected: true}
		s.frozen[step.Name] = rapid.IntRange(0, 3).Draw(t, "frozen") > 0
		for j := range i {
			if rapid.IntRange(0, 2).Draw(t, "edge") > 0 {
				continue
			}
			on := s.plan.Steps[j]
			step.DependsOn = append(step.DependsOn, on.Name)
			if s.frozen[step.Name] && rapid.Bool().Draw(t, "reads by itself") {
				s.reads[step.Name] = append(s.reads[step.Name], on.Name)
				continue
			}
			step.Offers = append(step.Offers, schema.Offer{Environment: on.Environment, Steps: []schema.StepName{on.Name}})
			step.Interface.Inputs = append(step.Interface.Inputs, schema.Parameter{Name: output(on.Environment), Required: true})
			step.Wiring = append(step.Wiring, schema.Wire{
				Input: output(on.Environment), How: "inherited", From: []string{"outputs." + string(on.Environment) + "." + output(on.Environment)},
			})
		}
		s.plan.Steps = append(s.plan.Steps, step)
		s.replaces[step.Name] = rapid.Bool().Draw(t, "replaces")
	}
	return s
}

// some draws steps.
func (s *site) some(t *rapid.T, what string) []schema.StepName {
	var all []schema.StepName
	for i := range s.plan.Steps {
		if rapid.IntRange(0, 3).Draw(t, what) == 0 {
			all = append(all, s.plan.Steps[i].Name)
		}
	}
	return all
}

// What was reviewed is what gets applied: whatever a person, other people and values that come later do between plan and
// apply, no step does what nobody has seen, unless --deferred lets it; and when a person looks at what is held and lets
// it go on, in the end everything is as the files say, and a new plan is empty.
//
// -rapid.checks=N runs N cases in each of the rounds.
func TestReviewedIsApplied(t *testing.T) {
	for range 20 {
		rapid.Check(t, reviewedIsApplied)
	}
}

func reviewedIsApplied(t *rapid.T) {
	s := drawSite(t)
	if rapid.Bool().Draw(t, "deployed before") {
		s.seen = map[schema.StepName]intent{}
		deferral := s.deferral
		s.deferral = schema.DeferAll
		s.run(t, schema.CommandApply, func(*executor.Executor) {})
		s.deferral = deferral
		for _, name := range s.some(t, "changed files") {
			s.version[name]++
		}
	}
	artifacts, held := tempDir(t), tempDir(t)
	defer os.RemoveAll(artifacts)
	defer os.RemoveAll(held)
	for _, name := range s.some(t, "cannot be planned") {
		s.broken[name] = rapid.Bool().Draw(t, "really")
	}
	report := s.run(t, schema.CommandPlan, func(x *executor.Executor) { x.Artifacts = artifacts })
	s.checkPlan(t, report)
	clear(s.broken)
	saved := &executor.Saved{Plan: &schema.SavedPlan{ID: "plan", Report: report}, Artifacts: artifacts}
	s.see(report)

	broken := s.some(t, "broken promises")
	if len(broken) > 2 { // mostly none
		s.breaks(t, saved, broken)
		return
	}
	for _, name := range s.some(t, "somebody else") {
		s.somebodyElse(name, rapid.SampledFrom([]string{"update", "replace"}).Draw(t, "how"))
	}
	s.applyUntilDone(t, saved, held)
	if len(s.problems) > 0 {
		t.Errorf("%s", strings.Join(s.problems, "\n"))
	}
	again := s.run(t, schema.CommandPlan, func(*executor.Executor) {})
	for i := range again.Steps {
		if now := &again.Steps[i]; !s.excused(report, now.Name) && now.Outcome != schema.Unchanged {
			t.Errorf("%s is %s in a new plan: %+v\nthe world is %+v", now.Name, now.Outcome, again.Steps, s.world)
		}
	}
}

// excused reports whether a new plan may find something to do: what was reviewed is applied even where the step reads by
// itself what came of others meanwhile, and what depends on such a step is not finished either.
func (s *site) excused(plan *schema.Report, name schema.StepName) bool {
	was := plan.Step(name)
	return was.Outcome == schema.Succeeded && len(s.reads[name]) > 0 ||
		slices.ContainsFunc(was.DependsOn, func(on schema.StepName) bool { return s.excused(plan, on) })
}

// checkPlan compares a plan with what can be known of the world: who fails, who waits, and who is planned again.
func (s *site) checkPlan(t *rapid.T, report *schema.Report) {
	changes := map[schema.StepName]bool{} // there is something to apply in a step or above it
	for i := range report.Steps {
		step := &report.Steps[i]
		above := slices.ContainsFunc(step.DependsOn, func(on schema.StepName) bool { return changes[on] })
		below := slices.ContainsFunc(step.DependsOn, func(on schema.StepName) bool { return s.failed[on] })
		want := []schema.Outcome{schema.Succeeded, schema.Unchanged}
		switch {
		case below, above && s.cannot(step.Name) != "", len(step.Deferred) > 0:
			want = []schema.Outcome{schema.Deferred}
		case s.cannot(step.Name) != "":
			want = []schema.Outcome{schema.Failed}
		}
		if !slices.Contains(want, step.Outcome) {
			t.Errorf("%s is %s in the plan, and should be %v: %q", step.Name, step.Outcome, want, s.cannot(step.Name))
		}
		if again := len(step.ReplannedAfter) > 0; again != (above && step.Outcome == schema.Unchanged) {
			t.Errorf("%s is %s below changes: %v, and planned again: %v", step.Name, step.Outcome, above, again)
		}
		changes[step.Name] = above || step.Outcome != schema.Unchanged
		s.failed[step.Name] = step.Outcome == schema.Failed || below
	}
	for i := range report.Steps { // what is below a failed one is deferred, and judged as such
		s.failed[report.Steps[i].Name] = report.Steps[i].Outcome == schema.Failed
	}
}

// see lets a person look at what a report shows.
func (s *site) see(report *schema.Report) {
	for i := range report.Steps {
		step := &report.Steps[i]
		in, ok := s.planned[step.Name]
		if ok && step.Outcome != schema.Deferred {
			s.seen[step.Name] = in
		}
		if step.Outcome == schema.Held && step.Started {
			s.failed[step.Name] = !ok
		}
	}
}

// breaks changes files after the plan: that is found before anything is applied.
func (s *site) breaks(t *rapid.T, saved *executor.Saved, broken []schema.StepName) {
	for _, name := range broken {
		s.version[name]++
	}
	lines, err := (&executor.Executor{Runner: s, Saved: saved}).BrokenPromises(context.Background(), &s.plan)
	if err != nil {
		t.Fatal(err)
	}
	var named []schema.StepName
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ": ")
		named = append(named, schema.StepName(name))
	}
	broken = slices.DeleteFunc(broken, func(name schema.StepName) bool { return s.failed[name] }) // nothing is promised of it
	if !slices.Equal(named, broken) {
		t.Errorf("%v were changed, and what is told is %v", broken, lines)
	}
}

// applyUntilDone applies a saved plan, and goes on with what was held as long as there is something.
func (s *site) applyUntilDone(t *rapid.T, saved *executor.Saved, held string) {
	var report *schema.Report
	for n := 0; ; n++ {
		before, into := maps.Clone(s.world), filepath.Join(held, fmt.Sprint(n))
		if s.stopsAt = -1; n == 0 && rapid.IntRange(0, 3).Draw(t, "interrupted") == 0 {
			s.stopsAt = rapid.IntRange(1, len(s.plan.Steps)).Draw(t, "after")
		}
		report = s.run(t, schema.CommandApply, func(x *executor.Executor) {
			x.Saved, x.Artifacts, x.Previous = saved, into, report
			x.HeldArtifacts = filepath.Join(held, fmt.Sprint(n-1))
		})
		for i := range report.Steps {
			if step := &report.Steps[i]; step.Outcome == schema.Held && s.world[step.Name] != before[step.Name] {
				t.Errorf("%s is held, and was changed", step.Name)
			}
		}
		if report.Outcome == schema.Succeeded {
			return
		}
		if report.Outcome != schema.Held && report.Outcome != schema.Interrupted || n > 3*len(s.plan.Steps) {
			t.Fatalf("run %d is %s: %+v", n, report.Outcome, report.Steps)
		}
		s.see(report)
		for i := range report.Steps {
			if step := &report.Steps[i]; n == 0 && step.Outcome == schema.Held && rapid.IntRange(0, 3).Draw(t, "while it is held") == 0 {
				s.somebodyElse(step.Name, "update")
			}
		}
	}
}

func tempDir(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "reviewed")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
