package executor_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// realm is a world in which steps read more of each other than the values that they are given. It is the Runner of its steps.
type realm struct {
	plan     schema.Plan
	records  *memory
	files    map[schema.StepName]int               // what the step makes something of
	comments map[schema.StepName]int               // what is in its files beside
	secret   map[schema.StepName]bool              // its output is sensitive
	coarse   map[schema.StepName]bool              // its output is seldom another one
	beyond   map[schema.StepName][]schema.StepName // what its files read by themselves
	gives    map[[2]schema.StepName]bool           // a step gives another one a value

	mu     sync.Mutex
	world  map[schema.StepName]string // what each step made
	given  map[schema.StepName]string // what it was given then
	ran    map[schema.StepName]bool   // in this run
	fails  map[schema.StepName]bool   // in this run
	stopIn int                        // how many more steps begin before the run is interrupted; negative for all
	stop   context.CancelFunc
	runs   int
}

func (m *realm) step(name schema.StepName) *schema.Step { return m.plan.Step(name) }

func (m *realm) above(name schema.StepName) []schema.StepName {
	var all []schema.StepName
	for _, on := range m.step(name).DependsOn {
		all = append(append(all, on), m.above(on)...)
	}
	return all
}

// hidden returns the steps of which a step reads something else than values: those that it names in its files, those before it in
// its environment, and those that it depends on without being given a value, with all that is above them.
func (m *realm) hidden(step *schema.Step) []schema.StepName {
	all := slices.Clone(m.beyond[step.Name])
	for _, on := range step.DependsOn {
		if m.step(on).Environment == step.Environment {
			all = append(all, on)
			continue
		}
		var silent []schema.StepName
		steps := 0
		for i := range m.plan.Steps {
			if other := &m.plan.Steps[i]; other.Environment == m.step(on).Environment && other.Name <= on {
				steps++
				if !m.gives[[2]schema.StepName{other.Name, step.Name}] {
					silent = append(silent, other.Name)
				}
			}
		}
		if all = append(all, silent...); len(silent) == steps {
			all = append(all, m.above(on)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// makes is what a step makes in a world.
func (m *realm) makes(step *schema.Step, given string, world map[schema.StepName]string) string {
	text := fmt.Sprintf("%s v%d given %s reads", step.Name, m.files[step.Name], given)
	for _, name := range m.hidden(step) {
		text += fmt.Sprintf(" %08x", crc32.ChecksumIEEE([]byte(world[name])))
	}
	return text
}

func (m *realm) outputs(name schema.StepName, makes string) schema.Values {
	sum := crc32.ChecksumIEEE([]byte(makes))
	if m.coarse[name] {
		sum %= 2
	}
	value := schema.Text(fmt.Sprintf("value-%08x-of-%s", sum, name))
	value.Sensitive = m.secret[name]
	return schema.Values{outputOf(name): value}
}

func outputOf(name schema.StepName) string { return "of_" + strings.ReplaceAll(string(name), "/", "_") }

func plainly(inputs, offered schema.Values) string {
	all := maps.Clone(offered)
	maps.Copy(all, inputs)
	text := ""
	for _, name := range all.Names() {
		value, _ := all[name].Reveal()
		text += name + "=" + string(value) + " "
	}
	return text
}

func (m *realm) Do(_ context.Context, r environments.Request, _ func(schema.Event)) environments.StepResult {
	if r.Begin != nil {
		if err := r.Begin(); err != nil {
			return environments.StepResult{Outcome: schema.Interrupted, Error: &schema.StepError{Message: err.Error()}}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name, given := r.Step.Name, plainly(r.Inputs, r.Offered)
	makes := m.makes(r.Step, given, m.world)
	result := environments.StepResult{Outcome: schema.Unchanged, Changes: &schema.Changes{}, Fingerprint: r.Fingerprint, Outputs: m.outputs(name, makes)}
	if makes != m.world[name] {
		result.Outcome, result.Changes = schema.Succeeded, &schema.Changes{Change: 1}
	}
	if r.Command.Previews() {
		if result.Outcome == schema.Succeeded {
			result.Outputs[outputOf(name)] = unknown(m.secret[name])
		}
		return result
	}
	m.ran[name] = true
	if m.stopIn == 0 {
		m.stop()
	}
	m.stopIn--
	m.world[name], m.given[name] = makes, given
	if m.fails[name] {
		return environments.StepResult{Outcome: schema.Failed, Error: &schema.StepError{Message: "broken"}, Fingerprint: r.Fingerprint}
	}
	return result
}

func (m *realm) Outputs(_ context.Context, step *schema.Step, _ func(schema.Event)) (schema.Values, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.outputs(step.Name, m.world[step.Name]), nil
}

func (*realm) LeftOut(context.Context, *schema.Step, func(schema.Event)) (string, error) {
	return "", nil
}

func (*realm) Deployed(context.Context, *schema.Step, func(schema.Event)) (bool, error) {
	return true, nil
}

func (m *realm) ReadsBeyond(step *schema.Step) (string, error) {
	return strings.Join(namesAsTexts(m.beyond[step.Name]), " "), nil
}

func namesAsTexts(names []schema.StepName) []string {
	var all []string
	for _, name := range names {
		all = append(all, string(name))
	}
	return all
}

func (m *realm) Fingerprint(
	_ context.Context, step *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	f, err := fingerprintOf(inputs, like)
	f.Files = map[string]string{string(step.Name): fmt.Sprint(m.files[step.Name], m.comments[step.Name])}
	return f, err
}

// drawRealmOf makes a realm of the steps that draw adds.
func drawRealmOf(draw func(*realm)) *realm {
	m := &realm{
		stopIn: -1, plan: schema.Plan{Parallelism: 4},
		records: &memory{}, files: map[schema.StepName]int{}, comments: map[schema.StepName]int{}, secret: map[schema.StepName]bool{},
		coarse: map[schema.StepName]bool{}, beyond: map[schema.StepName][]schema.StepName{}, gives: map[[2]schema.StepName]bool{},
		world: map[schema.StepName]string{}, given: map[schema.StepName]string{},
	}
	draw(m)
	return m
}

func drawRealm(t *rapid.T) *realm {
	return drawRealmOf(func(m *realm) {
		m.plan.Parallelism = rapid.IntRange(1, 4).Draw(t, "parallelism")
		values := rapid.IntRange(0, 2).Draw(t, "through values alone") == 0
		for i := range rapid.IntRange(2, 7).Draw(t, "environments") {
			m.drawEnvironment(t, schema.EnvironmentName(fmt.Sprintf("e%d", i)), i, values)
		}
	})
}

// everything is the plan of an apply of all steps.
func (m *realm) everything() schema.Plan {
	all := m.plan
	all.Command, all.Steps = schema.CommandApply, slices.Clone(m.plan.Steps)
	for i := range all.Steps {
		all.Steps[i].Selected = true
	}
	return all
}

// drawEnvironment draws an environment, and by which way it depends on each other: by values under their names, by an input
// that refers to them, or without any.
func (m *realm) drawEnvironment(t *rapid.T, name schema.EnvironmentName, earlier int, values bool) {
	var steps []*schema.Step
	several := 2
	if values {
		several = 1
	}
	for n := range rapid.IntRange(1, several).Draw(t, "steps") {
		step := &schema.Step{
			Name: name.Step(fmt.Sprintf("s%d", n)), Environment: name, EnvironmentPath: string(name), Deployment: fmt.Sprintf("s%d", n),
		}
		m.secret[step.Name] = rapid.IntRange(0, 5).Draw(t, "secret") == 5
		m.coarse[step.Name] = rapid.IntRange(0, 3).Draw(t, "coarse") > 0
		step.Interface.Outputs = []schema.Parameter{{Name: outputOf(step.Name)}}
		if n > 0 {
			step.DependsOn = append(step.DependsOn, steps[n-1].Name)
		}
		steps = append(steps, step)
	}
	for j := range earlier {
		if rapid.IntRange(0, 2).Draw(t, "edge") > 0 {
			continue
		}
		var others []schema.StepName
		for i := range m.plan.Steps {
			if m.plan.Steps[i].Environment == schema.EnvironmentName(fmt.Sprintf("e%d", j)) {
				others = append(others, m.plan.Steps[i].Name)
			}
		}
		m.drawEdge(t, steps, others, values)
	}
	for _, step := range steps {
		m.plan.Steps = append(m.plan.Steps, *step)
		if above := m.above(step.Name); len(above) > 0 && !values && rapid.IntRange(0, 5).Draw(t, "beyond") == 0 {
			m.beyond[step.Name] = []schema.StepName{rapid.SampledFrom(above).Draw(t, "reads")}
		}
	}
}

func (m *realm) drawEdge(t *rapid.T, steps []*schema.Step, others []schema.StepName, values bool) {
	steps[0].DependsOn = append(steps[0].DependsOn, others[len(others)-1])
	kinds := []string{"by name", "by an input", "without a value"}
	if values {
		kinds = kinds[:2]
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	giver := rapid.SampledFrom(others).Draw(t, "giver")
	taker := rapid.SampledFrom(steps).Draw(t, "taker")
	if values {
		taker = steps[0]
	}
	env := m.step(giver).Environment
	for _, step := range steps {
		step.Offers = append(step.Offers, schema.Offer{Environment: env, Steps: others})
		if kind == "by an input" {
			ref := schema.Reference{Environment: env, Output: outputOf(giver)}
			step.Inputs = append(step.Inputs, schema.Input{Name: "in_" + outputOf(giver), Expression: expression(t, "${"+ref.String()+"}")})
			m.gives[[2]schema.StepName{giver, step.Name}] = true
		}
	}
	if kind == "by name" {
		m.gives[[2]schema.StepName{giver, taker.Name}] = true
		taker.Interface.Inputs = append(taker.Interface.Inputs, schema.Parameter{Name: outputOf(giver), Required: true})
		taker.Wiring = append(taker.Wiring, schema.Wire{
			Input: outputOf(giver), How: "inherited", From: []string{schema.Reference{Environment: env, Output: outputOf(giver)}.String()},
		})
	}
}

func (m *realm) executor() *executor.Executor {
	m.runs++
	return &executor.Executor{
		Runner: m, Records: m.records, Now: time.Now, LogOf: func(schema.StepName) string { return "" }, Deferral: schema.DeferAll,
		Emitter: &executor.Emitter{Run: schema.RunID(fmt.Sprintf("run-%d", m.runs)), Now: time.Now, Redact: &secret.Redactor{}},
	}
}

func (m *realm) run(t interface{ Fatal(...any) }, x *executor.Executor, plan schema.Plan) *schema.Report {
	m.ran = map[schema.StepName]bool{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.stop = cancel
	report, err := x.Run(ctx, &plan)
	if err != nil {
		t.Fatal(err)
	}
	if x.Previous != nil {
		report.GoOnWith(x.Previous)
	}
	return report
}

// choose returns the plan of what selectors select, as the planner makes it, and what changed.
func (m *realm) choose(t interface{ Fatal(...any) }, query selection.Query) (schema.Plan, map[schema.StepName]string) {
	changed, err := m.executor().Changed(context.Background(), &m.plan)
	if err != nil {
		t.Fatal(err)
	}
	repository := &selection.Repository{Here: ".", Remembered: func(string) (map[schema.StepName]string, error) { return changed, nil }}
	chosen := m.plan
	chosen.Command, chosen.Steps = schema.CommandApply, slices.Clone(m.plan.Steps)
	for i := range chosen.Steps {
		step := &chosen.Steps[i]
		last := len(repository.Environments) - 1
		if last < 0 || repository.Environments[last].Name != step.Environment {
			repository.Environments = append(repository.Environments, selection.Environment{Environment: &schema.Environment{Name: step.Environment}})
			last++
		}
		repository.Environments[last].Steps = append(repository.Environments[last].Steps, step)
	}
	choice, problems := selection.Choose(repository, query)
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	for name, why := range choice.Reasons {
		step := chosen.Step(name)
		step.Selected, step.Why, step.Maybe = true, why.Text, why.Maybe
	}
	return chosen, changed
}

// edit changes the files of some steps of a plan: what they make, or a comment.
func (m *realm) edit(t *rapid.T, plan *schema.Plan, selected bool) {
	for i := range plan.Steps {
		if step := &plan.Steps[i]; step.Selected || !selected {
			switch rapid.IntRange(0, 5).Draw(t, "edit") {
			case 0:
				m.files[step.Name]++
			case 1:
				m.comments[step.Name]++
			}
		}
	}
}

// wants returns the world as an apply of everything would leave it.
func (m *realm) wants() (world, given map[schema.StepName]string) {
	world, given = map[schema.StepName]string{}, map[schema.StepName]string{}
	for i := range m.plan.Steps {
		step := &m.plan.Steps[i]
		offered := schema.Values{}
		for j := range m.plan.Steps[:i] {
			other := m.plan.Steps[j].Name
			if !m.gives[[2]schema.StepName{other, step.Name}] {
				continue
			}
			for name, value := range m.outputs(other, world[other]) {
				if _, declared := step.Interface.Input(name); !declared {
					name = "in_" + name
				}
				offered[name] = value
			}
		}
		given[step.Name] = plainly(nil, offered)
		world[step.Name] = m.makes(step, given[step.Name], world)
	}
	return world, given
}

// Whatever a person edits, and however a run is stopped, fails, is resumed or saved as a plan before: when what changed and what
// depends on it is applied, an apply of everything would change nothing more. And where steps read nothing of each other but values
// that anybody may see, only what changed runs, and what is given another value.
//
// -rapid.checks=N runs N cases in each of the rounds.
func TestOnlyWhatIsReachedRuns(t *testing.T) {
	for range 3 {
		rapid.Check(t, onlyWhatIsReachedRuns)
	}
}

func onlyWhatIsReachedRuns(t *rapid.T) {
	m := drawRealm(t)
	m.run(t, m.executor(), m.everything())
	for range rapid.IntRange(1, 3).Draw(t, "rounds") {
		m.edit(t, &m.plan, false)
		query := selection.Query{Selectors: []string{"changed+"}}
		if rapid.Bool().Draw(t, "by a flag") {
			query = selection.Query{Selectors: []string{"changed"}, Dependents: true}
		}
		plan, changed := m.choose(t, query)
		before := maps.Clone(m.given)
		m.stopIn = -1
		switch rapid.SampledFrom([]string{"apply", "resume", "plan"}).Draw(t, "way") {
		case "apply":
			m.checkRun(t, m.run(t, m.executor(), plan), changed, before)
		case "resume":
			m.untilDone(t, plan)
		case "plan":
			if report := m.asPlanned(t, plan); report != nil {
				m.checkRun(t, report, changed, before)
			}
		}
		if want, _ := m.wants(); !maps.Equal(m.world, want) {
			t.Fatalf("%s\nthe world is %q,\nwant %q", m, m.world, want)
		}
	}
}

// checkRun compares what ran with what had to, where steps are given nothing but values that are recorded.
func (m *realm) checkRun(t *rapid.T, report *schema.Report, changed map[schema.StepName]string, before map[schema.StepName]string) {
	if report.Outcome != schema.Succeeded {
		t.Fatalf("the run is %s", report.Outcome)
	}
	_, given := m.wants()
	for i := range m.plan.Steps {
		step := &m.plan.Steps[i]
		_, isChanged := changed[step.Name]
		must := isChanged || given[step.Name] != before[step.Name]
		byValues := !slices.ContainsFunc(append(m.above(step.Name), step.Name), func(name schema.StepName) bool { return m.secret[name] }) && len(m.hidden(step)) == 0
		if m.ran[step.Name] != must && (must || byValues) {
			t.Errorf("%s\n%s ran: %t, and it had to: %t", m, step.Name, m.ran[step.Name], must)
		}
	}
}

// untilDone applies a plan in runs that are stopped or fail, in between of which a person edits files.
func (m *realm) untilDone(t *rapid.T, plan schema.Plan) {
	var report *schema.Report
	troubles := rapid.IntRange(1, 3).Draw(t, "troubles")
	for n := 0; n <= troubles; n++ {
		m.fails, m.stopIn = map[schema.StepName]bool{}, -1
		if n < troubles {
			m.stopIn = rapid.IntRange(-1, len(plan.Steps)).Draw(t, "stops after")
			for i := range plan.Steps {
				m.fails[plan.Steps[i].Name] = rapid.IntRange(0, 4).Draw(t, "fails") == 0
			}
		}
		if n > 0 && rapid.IntRange(0, 2).Draw(t, "edits") == 0 {
			m.edit(t, &plan, true)
		}
		x := m.executor()
		if x.Previous = report; report != nil { // the plan is of what the run before was about
			for i := range plan.Steps {
				plan.Steps[i].Why, plan.Steps[i].Maybe = "", false
			}
		}
		report = m.run(t, x, plan)
	}
	m.fails = nil
	if report.Outcome != schema.Succeeded {
		t.Fatalf("the last run is %s: %+v", report.Outcome, report.Steps)
	}
}

// asPlanned saves a plan and applies it: in one run, which it returns, or in two. What the plan skips does not run in the
// first; one that goes on with it may know less.
func (m *realm) asPlanned(t *rapid.T, plan schema.Plan) *schema.Report {
	preview := plan
	preview.Command = schema.CommandPlan
	report := m.run(t, m.executor(), preview)
	for i := range plan.Steps {
		plan.Steps[i].Why, plan.Steps[i].Maybe = "", false
	}
	saved, dir := &executor.Saved{Plan: &schema.SavedPlan{ID: "plan", Report: report}}, tempDir(t)
	defer os.RemoveAll(dir)
	var previous *schema.Report
	for n := range 2 {
		if m.stopIn = -1; n == 0 {
			m.stopIn = rapid.IntRange(-1, len(plan.Steps)).Draw(t, "stops after")
		}
		x := m.executor()
		x.Saved, x.Previous, x.Artifacts = saved, previous, dir
		previous = m.run(t, x, plan)
		for name := range m.ran {
			if n == 0 && report.Step(name).Outcome == schema.Skipped {
				t.Errorf("%s\n%s ran, and the plan skips it", m, name)
			}
		}
		if previous.Outcome == schema.Succeeded && n == 0 {
			return previous
		}
		if previous.Outcome == schema.Succeeded {
			return nil
		}
	}
	t.Fatalf("the last run is %s: %+v", previous.Outcome, previous.Steps)
	return nil
}

func (m *realm) String() string {
	var b strings.Builder
	for i := range m.plan.Steps {
		step := &m.plan.Steps[i]
		fmt.Fprintf(&b, "%s after %v, given %v of", step.Name, step.DependsOn, m.given[step.Name])
		for _, other := range m.plan.Steps {
			if m.gives[[2]schema.StepName{other.Name, step.Name}] {
				fmt.Fprintf(&b, " %s", other.Name)
			}
		}
		fmt.Fprintf(&b, ", reads %v, secret %t\n", m.hidden(step), m.secret[step.Name])
	}
	return b.String()
}

// A step that takes a value of one that is planned again, because something above that changes, is not skipped in a plan: nobody
// knows yet what that one will leave.
func TestWhatTakesOfAStepThatIsPlannedAgainIsNotSkipped(t *testing.T) {
	m := drawRealmOf(func(m *realm) {
		for i, name := range []schema.EnvironmentName{"a", "x", "s"} {
			step := schema.Step{Name: name.Step("s0"), Environment: name, EnvironmentPath: string(name), Deployment: "s0"}
			step.Interface.Outputs = []schema.Parameter{{Name: outputOf(step.Name)}}
			if i > 0 {
				step.DependsOn = []schema.StepName{m.plan.Steps[i-1].Name}
			}
			m.plan.Steps = append(m.plan.Steps, step)
		}
		s := &m.plan.Steps[2]
		s.Offers = []schema.Offer{{Environment: "x", Steps: []schema.StepName{"x/s0"}}}
		s.Interface.Inputs = []schema.Parameter{{Name: outputOf("x/s0"), Required: true}}
		m.gives[[2]schema.StepName{"x/s0", "s/s0"}] = true
	})
	m.run(t, m.executor(), m.everything())
	m.files["a/s0"]++
	plan, _ := m.choose(t, selection.Query{Selectors: []string{"changed+"}})
	plan.Command = schema.CommandPlan
	report := m.run(t, m.executor(), plan)
	if x, s := report.Step("x/s0"), report.Step("s/s0"); len(x.ReplannedAfter) == 0 || s.Outcome == schema.Skipped {
		t.Errorf("x is %s, planned again after %v, and s is %s", x.Outcome, x.ReplannedAfter, s.Outcome)
	}
}
