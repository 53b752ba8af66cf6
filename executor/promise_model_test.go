package executor_test

import (
	"context"
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
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// house is a repository on disk, the tool of its steps, and what a person was shown. Everything that decides what a step
// does can change at any moment: files, of the step's own and shared ones, modes, line endings, variables, versions, what
// hooks make of the configuration, lock files, the place of the checkout, and the world.
type house struct {
	plan     schema.Plan
	records  *memory
	deferral schema.Deferral
	root     string // of the checkout
	above    string // of all checkouts
	files    map[string]string
	modes    map[string]os.FileMode
	environ  map[string]string
	release  string                     // of the program
	platform string                     // whose hashes the tool adds to lock files
	shares   map[schema.StepName]bool   // it reads the shared file
	whims    map[schema.StepName]string // what its hook writes to $BITOPS_ENV; absent where there is no hook
	frozen   map[schema.StepName]bool   // its plans can be applied
	opaque   map[schema.StepName]bool   // its tool cannot tell what it would change

	mu       sync.Mutex
	world    map[schema.StepName]string
	moves    map[schema.StepName]int
	seen     map[schema.StepName]deed   // by a person
	planned  map[schema.StepName]deed   // in this run
	let      map[schema.StepName]string // go on with this, values and whims apart
	acts     int
	during   map[int]func() // how the house changes while the steps with these numbers are at work
	problems []string
	runs     int
}

// deed is what a step would do. The mode is looked up again when a plan is applied, as tools do with their stack-action.
type deed struct {
	Mode  string `json:"mode"`
	Does  string `json:"does"`
	Moves int    `json:"moves"`
}

func (d deed) what() string { return d.Mode + ": " + d.Does }

// destroys reports whether a deed takes something away.
func (d deed) destroys() bool { return crc32.ChecksumIEEE([]byte(d.what()))%4 == 0 }

func environmentOf(step schema.StepName) schema.EnvironmentName {
	name, _, _ := strings.Cut(string(step), "/")
	return schema.EnvironmentName(name)
}

// directoryOf returns the step's directory in the checkout.
func directoryOf(step schema.StepName) string { return string(step) + "/" }

const houseSchema = `model:
  type: object
  properties:
    cli:
      type: object
      properties:
        mode: {type: string, export_env: MODEL_MODE}
        detail: {type: string, export_env: MODEL_DETAIL, decides: false}
`

var houseKeys = sync.OnceValue(func() *schema.ToolSchema { return schema.BuiltInSchema([]byte(houseSchema)) })

const (
	lockName   = ".terraform.lock.hcl"
	sharedName = "shared/part.txt"
)

func (*house) Name() schema.ToolName                            { return "model" }
func (*house) Private(string, bool) bool                        { return false }
func (h *house) Programs(string, string) []environments.Program { return nil }

func (*house) Inspect(schema.Directory) (schema.Interface, schema.Problems) {
	return schema.Interface{}, nil
}

// Heeds is that of a tool with a variable of its program's own.
func (*house) Heeds(_ *schema.Step, name string) environments.Heed {
	heed, known := environments.KeyVariablesOf(houseKeys()).Heeds(name)
	if !known && name == "MODEL_X" {
		return environments.HeedValue
	}
	return heed
}

func (h *house) Version(context.Context, *environments.Call) (string, error) {
	return "model " + h.release, nil
}

func (h *house) Skip(c *environments.Call) (string, error) {
	_, err := c.Configure(houseKeys())
	return "", err
}

// intends returns what a step would do, going by what is in its workspace.
func (h *house) intends(c *environments.Call) (deed, error) {
	values, err := c.Configure(houseKeys())
	if err != nil {
		return deed{}, err
	}
	text, err := os.ReadFile(filepath.Join(c.Directory, "main.txt"))
	if err != nil {
		return deed{}, err
	}
	d := deed{Mode: values.Text("cli.mode"), Moves: h.moves[c.Step.Name]}
	d.Does = fmt.Sprintf("%q x=%s %s %v", text, h.placeless(c.Variables["MODEL_X"]), h.release, c.Offered)
	if h.shares[c.Step.Name] {
		text, err = os.ReadFile(filepath.Join(c.Root(), sharedName))
		d.Does += fmt.Sprintf(" %q", text)
	}
	return d, err
}

// lock adds the hashes of this platform to the lock file, and publishes it, as terraform's init does.
func (h *house) lock(c *environments.Call) error {
	file := filepath.Join(c.Directory, lockName)
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) || strings.Contains(string(text), h.platform) {
		return err
	}
	if err := os.WriteFile(file, append(text, h.platform+"\n"...), 0o644); err != nil {
		return err
	}
	return c.Publish(lockName)
}

func (h *house) result(step schema.StepName, d deed) environments.Result {
	r := environments.Result{Changes: &schema.Changes{}, Outputs: schema.Values{}}
	name, id := output(environmentOf(step)), schema.Text(fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(d.what()))))
	switch {
	case h.opaque[step]:
		r.Changes, id = nil, unknown(false)
	case h.world[step] == d.what():
	case d.destroys():
		r.Changes.Add, r.Changes.Remove, id = 1, 1, unknown(false)
	default:
		r.Changes.Change, id = 1, unknown(false)
	}
	r.Outputs[name] = id
	return r
}

func (h *house) Plan(_ context.Context, c *environments.Call) (environments.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.intends(c)
	if err == nil {
		err = h.lock(c)
	}
	if err == nil && h.frozen[c.Step.Name] {
		err = c.Keep("deed.json", d)
	}
	h.planned[c.Step.Name] = d
	return h.result(c.Step.Name, d), err
}

func (h *house) Apply(_ context.Context, c *environments.Call) (environments.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.intends(c)
	if err == nil {
		err = h.lock(c)
	}
	if err != nil {
		return environments.Result{}, err
	}
	var kept deed
	if planned, err := c.Kept("deed.json", &kept); err != nil {
		return environments.Result{}, err
	} else if planned {
		if kept.Moves != d.Moves {
			return environments.Result{}, environments.Stalef("it moved on")
		}
		d.Does = kept.Does
	}
	result := h.result(c.Step.Name, d)
	h.judge(c.Step.Name, d)
	h.world[c.Step.Name] = d.what()
	h.moves[c.Step.Name]++
	h.acts++
	if change := h.during[h.acts]; change != nil {
		change()
	}
	result.Outputs = schema.Values{output(c.Step.Environment): schema.Text(fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(d.what()))))}
	return result, nil
}

// judge complains about a deed that was not in the plan that was shown, unless nothing but the values that came later is
// another, and --deferred lets such a deed go on unseen.
func (h *house) judge(step schema.StepName, d deed) {
	seen, ok := h.seen[step]
	shown := ok && seen.what() == d.what()
	nothing := h.world[step] == d.what() && !h.opaque[step]
	asPromised := h.let[step] == h.promise(step)
	unseen := h.deferral == schema.DeferAll || h.deferral == schema.DeferSafe && !d.destroys() && !h.opaque[step]
	if may := shown || asPromised && (unseen || nothing); !may {
		h.problems = append(h.problems, fmt.Sprintf("%s does %s\nwhat was seen is %s\npromised %s\nnow      %s",
			step, d.what(), seen.what(), h.let[step], h.promise(step)))
	}
	h.let[step] = h.promise(step)
}

// promise returns all that decides what a step does, as it is, but for values and what hooks make.
func (h *house) promise(step schema.StepName) string {
	dir := directoryOf(step)
	all := fmt.Sprintf("%q %o %q %q %q %s", h.files[dir+"main.txt"], h.modes[dir+"main.txt"], h.files[dir+"bitops.config.yaml"],
		h.placeless(h.environ["MODEL_X"]), h.environ["MODEL_MODE"], h.release)
	if h.shares[step] {
		all += fmt.Sprintf(" %q", h.files[sharedName])
	}
	return all
}

// placeless returns a text in which the checkout is nowhere in particular.
func (h *house) placeless(text string) string { return strings.ReplaceAll(text, h.root, "here") }

func (h *house) PlanDestroy(context.Context, *environments.Call) (environments.Result, error) {
	return environments.Result{}, nil
}

func (h *house) Destroy(context.Context, *environments.Call) (environments.Result, error) {
	return environments.Result{}, nil
}

func (h *house) Outputs(_ context.Context, c *environments.Call) (schema.Values, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.world[c.Step.Name] == "" {
		return nil, nil
	}
	return schema.Values{output(c.Step.Environment): schema.Text(fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(h.world[c.Step.Name]))))}, nil
}

func (h *house) Deployed(context.Context, *environments.Call) (bool, error) { return true, nil }

// Run stands for bash: the hook of a step writes its whim to $BITOPS_ENV.
func (h *house) Run(_ context.Context, c process.Command) (process.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	variables := environments.VariablesOf(c.Env)
	whim := h.whims[schema.StepName(variables["BITOPS_STEP"])]
	return process.Result{}, os.WriteFile(variables["BITOPS_ENV"], []byte(whim), 0o600)
}

// checkOut makes a fresh checkout of what is committed, in another place.
func (h *house) checkOut() {
	root, err := os.MkdirTemp(h.above, "checkout")
	h.must(err)
	for name, value := range h.environ {
		h.environ[name] = strings.ReplaceAll(value, h.root, root)
	}
	h.root = root
	for name := range h.files {
		h.write(name)
	}
}

// write brings a file of the checkout up to date.
func (h *house) write(name string) {
	file := filepath.Join(h.root, name)
	h.must(os.MkdirAll(filepath.Dir(file), 0o755))
	h.must(os.WriteFile(file, []byte(h.files[name]), 0o644))
	h.must(os.Chmod(file, 0o644|h.modes[name]))
}

func (h *house) must(err error) {
	if err != nil {
		panic(err)
	}
}

func drawHouse(t *rapid.T) *house {
	h := &house{
		records: &memory{}, above: tempDir(t), files: map[string]string{sharedName: "shared 0"}, modes: map[string]os.FileMode{},
		environ: map[string]string{}, release: "1", platform: "linux", shares: map[schema.StepName]bool{}, whims: map[schema.StepName]string{},
		frozen: map[schema.StepName]bool{}, opaque: map[schema.StepName]bool{},
		world: map[schema.StepName]string{}, moves: map[schema.StepName]int{}, seen: map[schema.StepName]deed{}, let: map[schema.StepName]string{},
		deferral: rapid.SampledFrom([]schema.Deferral{schema.DeferSafe, schema.DeferAll, schema.DeferNone}).Draw(t, "deferral"),
	}
	h.plan = schema.Plan{Parallelism: 1}
	for i := range rapid.IntRange(1, 5).Draw(t, "steps") {
		h.plan.Steps = append(h.plan.Steps, h.drawStep(t, i))
	}
	h.checkOut()
	if rapid.IntRange(0, 3).Draw(t, "a path of the checkout in a variable") == 0 {
		h.environ["MODEL_X"] = h.root + "/there"
	}
	return h
}

func (h *house) drawStep(t *rapid.T, i int) schema.Step {
	name := schema.EnvironmentName(fmt.Sprintf("e%d", i))
	step := schema.Step{
		Name: name.Step("model"), Environment: name, EnvironmentPath: string(name), Deployment: "model", Tool: "model", Selected: true,
	}
	for j := range i {
		on := h.plan.Steps[j]
		if rapid.IntRange(0, 2).Draw(t, "edge") > 0 {
			continue
		}
		step.DependsOn = append(step.DependsOn, on.Name)
		step.Offers = append(step.Offers, schema.Offer{Environment: on.Environment, Steps: []schema.StepName{on.Name}})
		step.Interface.Inputs = append(step.Interface.Inputs, schema.Parameter{Name: output(on.Environment), Required: true})
		step.Wiring = append(step.Wiring, schema.Wire{
			Input: output(on.Environment), How: "inherited", From: []string{"outputs." + string(on.Environment) + "." + output(on.Environment)},
		})
	}
	dir := string(name) + "/model/"
	h.files[dir+"main.txt"], h.files[dir+"bitops.config.yaml"] = "main 0\n", "model: {cli: {mode: a}}\n"
	h.frozen[step.Name] = rapid.Bool().Draw(t, "frozen")
	h.opaque[step.Name] = rapid.IntRange(0, 4).Draw(t, "opaque") == 0
	if h.shares[step.Name] = rapid.Bool().Draw(t, "shares"); h.shares[step.Name] {
		h.files[dir+"main.txt"] += "# ../../" + sharedName + "\n"
	}
	if rapid.Bool().Draw(t, "hook") {
		h.whims[step.Name] = ""
		h.files[dir+"bitops.before-deploy.d/hook.sh"] = "# a whim"
	}
	if rapid.Bool().Draw(t, "committed lock") {
		h.files[dir+lockName] = "# locked\n"
	}
	return step
}

func (h *house) changeFile(name, text string) func() {
	return func() { h.files[name] = text; h.write(name) }
}

// drawChange returns one of all the things that can happen to a house. Running says that a run is under way.
func (h *house) drawChange(t *rapid.T, running bool) func() {
	step := rapid.SampledFrom(h.plan.Steps).Draw(t, "of").Name
	dir := directoryOf(step)
	value := fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "value"))
	file := h.changeFile
	changes := map[string]func(){
		"nothing":     func() {},
		"file":        file(dir+"main.txt", strings.Replace(h.files[dir+"main.txt"], "main 0", "main "+value, 1)),
		"file back":   file(dir+"main.txt", strings.Replace(h.files[dir+"main.txt"], "main "+value, "main 0", 1)),
		"endings":     file(dir+"main.txt", strings.ReplaceAll(strings.ReplaceAll(h.files[dir+"main.txt"], "\r\n", "\n"), "\n", "\r\n")),
		"mode":        func() { h.modes[dir+"main.txt"] ^= 0o111; h.write(dir + "main.txt") },
		"config":      file(dir+"bitops.config.yaml", "model: {cli: {mode: m"+value+"}}\n"),
		"shared file": file(sharedName, "shared "+value),
		"somebody":    func() { h.world[step] = "what somebody else made"; h.moves[step]++ },
	}
	if _, hooked := h.whims[step]; hooked {
		changes["whim of the mode"] = func() { h.whims[step] = "MODEL_MODE=w" + value + "\n" }
		changes["whim of a variable"] = func() { h.whims[step] = "MODEL_X=w" + value + "\n" }
		changes["whim of nothing"] = func() { h.whims[step] = "OTHER=w" + value + "\n" }
	}
	if !running {
		for _, name := range []string{"MODEL_X", "MODEL_MODE", "MODEL_DETAIL", "OTHER"} {
			changes[name] = func() { h.environ[name] = value }
		}
		changes["a path in the checkout"] = func() { h.environ["MODEL_X"] = h.root + "/" + value }
		changes["version"] = func() { h.release = value }
		changes["platform"] = func() { h.platform = "platform " + value }
		changes["lock"] = file(dir+lockName, "# somebody's "+value)
		changes["checkout"] = h.checkOut
	}
	return changes[rapid.SampledFrom(slices.Sorted(maps.Keys(changes))).Draw(t, "change")]
}

func (h *house) lifecycle() *environments.Lifecycle {
	environ := make([]string, 0, len(h.environ))
	for name, value := range h.environ {
		environ = append(environ, name+"="+value)
	}
	l := &environments.Lifecycle{
		Repository: h.root, Store: filepath.Join(h.root, ".bitops"), Run: schema.RunID(fmt.Sprintf("run-%d", h.runs)),
		Tools: []environments.Tool{h}, Runner: h, Environ: environ, Secrets: func(...string) {},
		Deployments: map[schema.EnvironmentName][]string{}, Paths: map[string]bool{},
	}
	for i := range h.plan.Steps {
		step := &h.plan.Steps[i]
		l.Deployments[step.Environment], l.Paths[step.EnvironmentPath] = []string{step.Deployment}, true
	}
	return l
}

func (h *house) run(t *rapid.T, command schema.Command, adjust func(*executor.Executor)) *schema.Report {
	h.planned = map[schema.StepName]deed{}
	h.runs++
	plan := h.plan
	plan.Command = command
	h.must(os.MkdirAll(filepath.Join(h.root, ".bitops", "work"), 0o700))
	x := &executor.Executor{
		Runner: h.lifecycle(), Records: h.records, Now: time.Now, LogOf: func(schema.StepName) string { return "" }, Deferral: h.deferral,
		Emitter: &executor.Emitter{Run: schema.RunID(fmt.Sprintf("run-%d", h.runs)), Now: time.Now, Redact: &secret.Redactor{}},
	}
	adjust(x)
	report, err := x.Run(context.Background(), &plan)
	if err != nil {
		t.Fatal(err)
	}
	if x.Previous != nil {
		report.GoOnWith(x.Previous)
	}
	for i := range report.Steps {
		if step := &report.Steps[i]; step.Outcome == schema.Failed {
			t.Fatalf("%s failed: %+v", step.Name, step.Error)
		}
	}
	return report
}

// locks returns the lock files of the checkout.
func (h *house) locks() map[schema.StepName]string {
	all := map[schema.StepName]string{}
	for i := range h.plan.Steps {
		name := h.plan.Steps[i].Name
		text, err := os.ReadFile(filepath.Join(h.root, directoryOf(name), lockName))
		if err == nil {
			all[name] = string(text)
		}
	}
	return all
}

// Whatever happens to a house between plan, apply and resume, and while it is applied: what is done was in the plan that was
// shown, or is held, or the plan does not fit; and it does not fit where something is not as it was promised, and nowhere else.
func TestWhatHappensWasShown(t *testing.T) {
	rapid.Check(t, whatHappensWasShown)
}

func whatHappensWasShown(t *rapid.T) {
	h := drawHouse(t)
	defer os.RemoveAll(h.above)
	if rapid.Bool().Draw(t, "deployed before") {
		deferral := h.deferral
		h.deferral = schema.DeferAll
		for i := range h.plan.Steps {
			h.let[h.plan.Steps[i].Name] = h.promise(h.plan.Steps[i].Name)
		}
		h.run(t, schema.CommandApply, func(*executor.Executor) {})
		h.deferral, h.acts = deferral, 0
		h.change(t, "before the plan")
	}
	artifacts, held := tempDir(t), tempDir(t)
	defer os.RemoveAll(artifacts)
	defer os.RemoveAll(held)
	before := h.locks()
	report := h.run(t, schema.CommandPlan, func(x *executor.Executor) { x.Artifacts = artifacts })
	after := h.locks()
	h.see(report, (*schema.StepReport).Shown)
	for i := range h.plan.Steps {
		h.let[h.plan.Steps[i].Name] = h.promise(h.plan.Steps[i].Name)
	}
	h.change(t, "after the plan")
	if rapid.Bool().Draw(t, "elsewhere") {
		h.checkOut()
	}
	saved := &executor.Saved{Plan: &schema.SavedPlan{ID: "plan", Report: report}, Artifacts: artifacts}
	if !h.fits(t, saved, before, after) {
		return
	}
	h.during = map[int]func(){}
	for range rapid.IntRange(0, 2).Draw(t, "changes while it is applied") {
		change := h.drawChange(t, true)
		if rapid.Bool().Draw(t, "of what all share") {
			change = h.changeFile(sharedName, "shared 4")
		}
		h.during[rapid.IntRange(1, len(h.plan.Steps)).Draw(t, "while")] = change
	}
	report = nil
	for n := range 4 {
		previous := report
		report = h.run(t, schema.CommandApply, func(x *executor.Executor) {
			x.Saved, x.Previous, x.Artifacts = saved, previous, filepath.Join(held, fmt.Sprint(n))
			x.HeldArtifacts = filepath.Join(held, fmt.Sprint(n-1))
		})
		h.see(report, func(s *schema.StepReport) bool { return s.Outcome == schema.Held })
		if len(h.problems) > 0 {
			t.Fatal(strings.Join(h.problems, "\n"))
		}
		if report.Outcome == schema.Succeeded {
			return
		}
		h.change(t, "before the resume")
	}
}

// change lets some things happen while nothing runs.
func (h *house) change(t *rapid.T, when string) {
	for range rapid.IntRange(0, 2).Draw(t, when) {
		h.drawChange(t, false)()
	}
}

// see lets a person look at what a run showed of some steps.
func (h *house) see(report *schema.Report, shown func(*schema.StepReport) bool) {
	for i := range report.Steps {
		step := &report.Steps[i]
		if d, ok := h.planned[step.Name]; ok && shown(step) {
			h.seen[step.Name] = d
		}
	}
}

// fits asks whether a plan may be applied, and compares the answer with what was promised.
func (h *house) fits(t *rapid.T, saved *executor.Saved, before, after map[schema.StepName]string) bool {
	lines, err := (&executor.Executor{Runner: h.lifecycle(), Saved: saved}).BrokenPromises(context.Background(), &h.plan)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []schema.StepName
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ": ")
		got = append(got, schema.StepName(name))
	}
	now := h.locks()
	for i := range h.plan.Steps {
		name := h.plan.Steps[i].Name
		lock, there := now[name]
		promised := before[name] != "" || after[name] != ""
		if h.let[name] != h.promise(name) || there && promised && lock != before[name] && lock != after[name] {
			want = append(want, name)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("what is told is %q\nand what is not as it was promised is %v", lines, want)
	}
	return len(got) == 0
}
