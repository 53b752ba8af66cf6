package executor_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

var ownershipRounds = flag.Int("ownership-rounds", 60, "rounds of TestNothingIsDestroyedThatWasNotNamed, of as many cases as -rapid.checks says")

// knowledge is when it is known what a step owns.
type knowledge int

const (
	fromFiles   knowledge = iota // before anything runs
	byAsking                     // when its tool is asked
	whenClaimed                  // while it runs: a hook decides
)

// entry is an environment of a manifest: a step of a tool that owns something, and perhaps one of a tool that does not.
type entry struct {
	name, dir, before string // before is renamed_from
	address           string // of what its first step owns
	staged            bool   // the stage is part of the address
	known             knowledge
	follower          bool
}

func (e *entry) key(stage string) string {
	if e.staged {
		return e.address + " in " + stage
	}
	return e.address
}

func (e *entry) owner() schema.StepName { return schema.EnvironmentName(e.name).Step("own") }

// property is what exists in the world, and what the oracle knows of it.
type property struct {
	holder    schema.StepName          // whose it is
	lost      map[schema.StepName]bool // who had it before
	forgotten bool                     // a person said that it does not exist
	serial    int                      // of the last change
}

// estate is two checkouts of a repository, the store that they share, and the world.
type estate struct {
	*rapid.T
	root     string
	shared   bool
	branches [2][]*entry
	files    map[string]*entry // archived, by hash
	world    map[string]*property
	clock    atomic.Int64
	log      []string
	problem  string // the first one

	// the run
	branch    int
	stage     string
	running   []*entry // what the steps of the plan are made of
	ofOrphans bool
	command   schema.Command
	power     bool
	away      bool // the registry cannot be read
	crashIn   int  // writes; negative for never
	stopIn    int  // acts; negative for never
	stop      context.CancelFunc
	fails     map[schema.StepName]bool
	ran       map[schema.StepName]bool
	kept      remembering
}

// remembering is a store between runs.
type remembering interface {
	executor.Records
	executor.Registry
	Recorded(ctx context.Context, known map[schema.StepName]bool) ([]*schema.Record, error)
}

// notebook is a store in memory that keeps what the real one does: most cases need no disk.
type notebook struct {
	records map[schema.StepName]*schema.Records
	owners  map[string][]schema.Claimant
}

func (n *notebook) Records(_ context.Context, step schema.StepName) ([]*schema.Record, error) {
	if all := n.records[step]; all != nil {
		return all.Records, nil
	}
	return nil, nil
}

func (n *notebook) Recorded(_ context.Context, _ map[schema.StepName]bool) (all []*schema.Record, err error) {
	for _, name := range slices.Sorted(maps.Keys(n.records)) {
		all = append(all, n.records[name].Records...)
	}
	return all, nil
}

func (n *notebook) Save(r, instead *schema.Record) error {
	all := schema.Records{}
	if before := n.records[r.Step]; before != nil {
		all = *before
	}
	all.Put(r, instead)
	n.records[r.Step] = &all
	return nil
}

func (n *notebook) Forget(r *schema.Record) error {
	if before := n.records[r.Step]; before != nil {
		all := schema.Records{Step: r.Step, Records: slices.Clone(before.Records)}
		all.Remove(r)
		n.records[r.Step] = &all
	}
	return nil
}

func (n *notebook) Owners(_ context.Context, key string) ([]schema.Claimant, error) {
	return n.owners[key], nil
}

func (n *notebook) Claim(_ context.Context, key string, owners, was []schema.Claimant) error {
	if !slices.Equal(n.owners[key], was) {
		return fs.ErrExist
	}
	n.owners[key] = owners
	return nil
}

func (w *estate) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

// wrong notes what must never happen, and what led to it. It is called by steps that run, which cannot end the test.
func (w *estate) wrong(format string, args ...any) {
	if w.problem == "" {
		w.problem = fmt.Sprintf(format, args...) + "\n" + strings.Join(w.log, "\n")
	}
}

// write is one write to the store: the power can fail at each.
func (w *estate) write() error {
	if w.crashIn == 0 {
		w.power = false
	}
	w.crashIn--
	if !w.power {
		return errPower
	}
	return nil
}

func (w *estate) Records(ctx context.Context, step schema.StepName) ([]*schema.Record, error) {
	return w.kept.Records(ctx, step)
}

func (w *estate) Save(r, instead *schema.Record) error {
	if err := w.write(); err != nil {
		return err
	}
	return w.kept.Save(r, instead)
}

func (w *estate) Forget(r *schema.Record) error {
	if err := w.write(); err != nil {
		return err
	}
	return w.kept.Forget(r)
}

func (w *estate) Owners(ctx context.Context, key string) ([]schema.Claimant, error) {
	if w.away {
		return nil, errors.New("the store is away")
	}
	return w.kept.Owners(ctx, key)
}

func (w *estate) Claim(ctx context.Context, key string, owners, was []schema.Claimant) error {
	if err := w.write(); err != nil {
		return err
	}
	return w.kept.Claim(ctx, key, owners, was)
}

func (w *estate) entryOf(step *schema.Step) *entry { return w.entryNamed(string(step.Environment)) }

// entryNamed returns what an environment of the plan is made of, or nil.
func (w *estate) entryNamed(name string) *entry {
	at := slices.IndexFunc(w.running, func(e *entry) bool { return e.name == name })
	if at < 0 {
		return nil
	}
	return w.running[at]
}

func (w *estate) identity(step *schema.Step) *schema.Identity {
	return &schema.Identity{Key: w.entryOf(step).key(w.stage)}
}

func owns(step *schema.Step) bool { return step.Tool == "owner" }

// Do is a tool: it begins, claims, and changes the world.
func (w *estate) Do(ctx context.Context, r environments.Request, _ func(schema.Event)) environments.StepResult {
	w.checkGiven(r)
	failed := func(err error) environments.StepResult {
		_, refused := errors.AsType[*environments.RefusedError](err)
		w.note("    %s fails: %v", r.Step.Name, err)
		return environments.StepResult{Outcome: schema.Failed, Refused: refused, Error: &schema.StepError{Message: err.Error()}}
	}
	if err := r.Begin(); err != nil {
		return failed(err)
	}
	result := environments.StepResult{Outcome: schema.Succeeded, Changes: &schema.Changes{}, Fingerprint: r.Fingerprint}
	key := w.entryOf(r.Step).key(w.stage)
	if owns(r.Step) {
		result.Identity = &schema.Identity{Key: key}
		if err := r.Claim(ctx, result.Identity, false); err != nil {
			return failed(err)
		}
	}
	if !w.power {
		return failed(errPower)
	}
	w.ran[r.Step.Name] = true
	if w.stopIn == 0 {
		w.stop()
	}
	w.stopIn--
	half := ctx.Err() != nil || w.fails[r.Step.Name]
	if owns(r.Step) {
		w.act(r.Step, key, half)
	}
	switch {
	case ctx.Err() != nil:
		w.note("    %s is interrupted", r.Step.Name)
		return environments.StepResult{Outcome: schema.Interrupted, Identity: result.Identity}
	case half:
		return failed(errors.New("half of it is done"))
	case !r.Command.Destroys():
		result.Outputs = w.outputs(r.Step)
	}
	return result
}

// act changes what a key names. Nothing that another step holds is touched, unless the step is that one under a new name.
func (w *estate) act(step *schema.Step, key string, half bool) {
	w.tick()
	w.note("    %s: %s %s (half %v)", step.Name, w.command, key, half)
	there := w.world[key]
	if there != nil && !there.forgotten && there.holder != step.Name {
		if why := w.trespass(step, there); why != "" {
			w.wrong("%s of %s in branch %d changes %s of %s: %s", w.command, step.Name, w.branch, key, there.holder, why)
		}
	}
	switch {
	case there == nil && w.command.Destroys():
		return
	case there == nil || there.forgotten:
		there = &property{lost: map[schema.StepName]bool{}}
	case there.holder != step.Name:
		there.lost[there.holder] = true
	}
	there.holder, there.serial = step.Name, int(w.clock.Load())
	delete(there.lost, step.Name)
	w.world[key] = there
	if w.command.Destroys() && !half {
		delete(w.world, key)
	}
}

// trespass says why a step may not have what another one holds, "" where it is that one under a new name.
func (w *estate) trespass(step *schema.Step, there *property) string {
	holder := func(e *entry) bool { return e.owner() == there.holder }
	switch {
	case w.ofOrphans:
		return "it has another name now"
	case schema.EnvironmentName(w.entryOf(step).before).Step("own") == there.holder:
		return ""
	case slices.ContainsFunc(w.branches[w.branch], holder):
		return "both are in the manifest"
	case there.lost[step.Name]:
		return "it was renamed, and nothing says that it is to come back"
	}
	return ""
}

// outputs is what a step leaves behind. Each tells what it is of.
func (w *estate) outputs(step *schema.Step) schema.Values {
	key := w.entryOf(step).key(w.stage)
	there := w.world[key]
	if !owns(step) {
		return schema.Values{"f_" + string(step.Environment): schema.Text(key + "#")}
	}
	if there == nil {
		return schema.Values{}
	}
	return schema.Values{"o_" + string(step.Environment): schema.Text(fmt.Sprintf("%s#%d", key, there.serial))}
}

// checkGiven compares what a step is given with what it should be given: the outputs of what its dependencies own here.
func (w *estate) checkGiven(r environments.Request) {
	for _, name := range r.Offered.Names() {
		text, _ := r.Offered[name].Plain()
		key, serial, _ := strings.Cut(text, "#")
		env := schema.EnvironmentName(name[2:])
		giver := w.entryNamed(string(env))
		if giver == nil || w.leftEarlier(giver, name, key) {
			continue // an output that a step left under its earlier name
		}
		if is := giver.key(w.stage); is != key {
			if giver.known == whenClaimed && !w.ran[giver.owner()] && giver.sameStage(key, w.stage) {
				continue // what a hook says now cannot be known, and the variables are what they were
			}
			w.wrong("%s is given %s = %s, and %s owns %s", r.Step.Name, name, text, env, is)
		}
		there := w.world[key]
		if name[0] == 'o' && there != nil && there.holder == giver.owner() && !there.forgotten && serial != fmt.Sprint(there.serial) {
			w.wrong("%s is given %s = %s, and that is %d by now", r.Step.Name, name, text, there.serial)
		}
	}
}

// leftEarlier reports whether another step than the giver has an output recorded for what it owns here.
func (w *estate) leftEarlier(giver *entry, output, key string) bool {
	return slices.ContainsFunc(w.running, func(e *entry) bool {
		records, _ := w.kept.Records(context.Background(), e.owner())
		return e != giver && e.key(w.stage) == key && slices.ContainsFunc(records, func(r *schema.Record) bool {
			_, left := r.Outputs[output]
			return left && r.Identity.KeyOf() == key
		})
	})
}

// sameStage reports whether a key can be of a stage.
func (e *entry) sameStage(key, stage string) bool {
	return !strings.Contains(key, " in ") || strings.HasSuffix(key, " in "+stage)
}

func (w *estate) Outputs(_ context.Context, step *schema.Step, _ func(schema.Event)) (schema.Values, error) {
	if !owns(step) {
		return schema.Values{}, nil
	}
	return w.outputs(step), nil
}

func (w *estate) LeftOut(context.Context, *schema.Step, func(schema.Event)) (string, error) {
	return "", nil
}

func (w *estate) Deployed(_ context.Context, step *schema.Step, _ func(schema.Event)) (bool, error) {
	if !owns(step) {
		return false, environments.ErrCannotTell
	}
	return w.world[w.entryOf(step).key(w.stage)] != nil, nil
}

func (w *estate) Fingerprint(
	_ context.Context, _ *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	f, err := fingerprintOf(inputs, like)
	f.Variables = map[string]string{"STAGE": w.stage}
	return f, err
}

func (w *estate) sameSettings(_ *schema.Step, was *schema.Fingerprint) (bool, error) {
	return was.Variables["STAGE"] == w.stage, nil
}

// keep archives what a step is made of.
func (w *estate) keep(_ context.Context, step *schema.Step, _ string) (string, error) {
	e := *w.entryOf(step)
	hash := fmt.Sprint(e)
	w.files[hash] = &e
	return hash, nil
}

// plan is what the planner makes of a manifest: each environment takes the outputs of the one before.
func (w *estate) plan(entries []*entry, command schema.Command, names ...string) *schema.Plan {
	plan := &schema.Plan{Command: command, Parallelism: 1}
	var above *schema.Step
	for _, e := range entries {
		env := schema.EnvironmentName(e.name)
		tools := []string{"own"}
		if e.follower {
			tools = append(tools, "follow")
		}
		var ownSteps []schema.StepName
		var before []schema.Offer
		if above != nil {
			before = []schema.Offer{{Environment: above.Environment, Steps: stepsOf(plan, above.Environment)}}
		}
		for _, deployment := range tools {
			step := schema.Step{
				Name: env.Step(deployment), Environment: env, EnvironmentPath: e.dir, Deployment: deployment, Tool: "owner",
				Selected:  len(names) == 0 || slices.Contains(names, e.name) || slices.Contains(names, string(env.Step(deployment))),
				Interface: schema.Interface{AnyInput: true}, Offers: before,
			}
			if deployment == "follow" {
				step.Tool = "follower"
			}
			if above != nil {
				step.DependsOn = []schema.StepName{above.Name}
			}
			if len(ownSteps) > 0 {
				step.Offers = append(slices.Clone(before), schema.Offer{Environment: env, Steps: slices.Clone(ownSteps), Near: true})
			}
			ownSteps = append(ownSteps, step.Name)
			plan.Steps = append(plan.Steps, step)
			above = &plan.Steps[len(plan.Steps)-1]
		}
	}
	return plan
}

func stepsOf(plan *schema.Plan, env schema.EnvironmentName) (names []schema.StepName) {
	for i := range plan.Steps {
		if plan.Steps[i].Environment == env {
			names = append(names, plan.Steps[i].Name)
		}
	}
	return names
}

// survey reads a branch as the commands do before anything runs.
func (w *estate) survey() *executor.Survey {
	w.running = w.branches[w.branch]
	v := &executor.Survey{
		Plan: w.plan(w.running, schema.CommandApply), Declared: map[schema.StepName]*schema.Identity{},
		RenamedFrom: w.renamedFrom, Lineage: func(*schema.Step, *schema.Identity) string { return "" },
	}
	for _, e := range w.running {
		switch e.known {
		case fromFiles:
			v.Declared[e.owner()] = &schema.Identity{Key: e.key(w.stage)}
		case byAsking:
			v.Declared[e.owner()] = &schema.Identity{Key: "something like " + e.key(w.stage), Guessed: true}
		case whenClaimed:
		}
	}
	return v
}

func (w *estate) renamedFrom(step *schema.Step) schema.StepName {
	for _, e := range w.branches[w.branch] {
		if e.name == string(step.Environment) && e.before != "" {
			return schema.EnvironmentName(e.before).Step(step.Deployment)
		}
	}
	return ""
}

func (w *estate) recorded() []*schema.Record {
	all, err := w.kept.Recorded(context.Background(), nil)
	if err != nil {
		w.wrong("records: %v", err)
	}
	return all
}

// run executes a plan as the commands do.
func (w *estate) run(v *executor.Survey, plan *schema.Plan) {
	w.tick()
	w.command, w.power, w.ran, w.fails = plan.Command, true, map[schema.StepName]bool{}, map[schema.StepName]bool{}
	w.crashIn, w.stopIn, w.away = -1, -1, false
	switch rapid.IntRange(0, 9).Draw(w.T, "trouble") {
	case 0, 1, 6:
		w.crashIn = rapid.IntRange(0, 5).Draw(w.T, "crash after")
	case 2:
		w.stopIn = rapid.IntRange(0, 3).Draw(w.T, "stop after")
	case 3, 4:
		w.fails[rapid.SampledFrom(plan.Steps).Draw(w.T, "fails").Name] = true
	case 5:
		w.away = true
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.stop = cancel
	x := &executor.Executor{
		Runner: w, Records: w, Now: w.now, LogOf: func(schema.StepName) string { return "" }, Keep: w.keep,
		Emitter: &executor.Emitter{Run: schema.RunID(fmt.Sprintf("run-%d", w.clock.Load())), Now: w.now, Redact: &secret.Redactor{}},
		Ownership: &executor.Ownership{
			Plan: plan, Registry: w, Declared: v.Declared, Owns: owns, SameSettings: w.sameSettings,
			Orphans: v.Orphans(w.recorded()), RenamedFrom: v.RenamedFrom,
			Identify: func(_ context.Context, step *schema.Step) (*schema.Identity, error) {
				if w.entryOf(step).known == whenClaimed {
					return nil, nil
				}
				return w.identity(step), nil
			},
		},
	}
	w.note("%s: stage %s, branch %d%s, crash in %d, stop in %d, away %v", w.command, w.stage, w.branch, selected(plan), w.crashIn, w.stopIn, w.away)
	if _, err := x.Run(ctx, plan); err != nil {
		w.wrong("run: %v", err)
	}
}

func selected(plan *schema.Plan) (text string) {
	for i := range plan.Steps {
		if plan.Steps[i].Selected {
			text += " " + string(plan.Steps[i].Name)
		}
	}
	return text
}

// now is a clock of which every look is later than the one before; a run looks at it from several goroutines.
func (w *estate) now() time.Time { return time.Unix(int64(w.tick()), 0) }

func (w *estate) tick() int { return int(w.clock.Add(1)) }

var (
	estateNames = []string{"a", "b", "c", "d"}
	estateKeys  = []string{"K", "L", "M"}
)

// begin opens the store as a new process would.
func (w *estate) begin() {
	w.branch = rapid.IntRange(0, 1).Draw(w.T, "branch")
	w.stage = rapid.SampledFrom([]string{"dev", "prod"}).Draw(w.T, "stage")
	if w.root == "" {
		return
	}
	dir := filepath.Join(w.root, "checkout")
	if w.shared {
		dir += fmt.Sprint(w.branch)
	}
	s, err := store.Open(filepath.Join(dir, ".bitops"))
	if err == nil && w.shared {
		var shared *store.Shared
		if shared, err = store.OpenShared(context.Background(), filepath.Join(w.root, "shared"), "/"); err == nil {
			s = s.Sharing(shared)
		}
	}
	if err != nil {
		w.wrong("store: %v", err)
	}
	w.kept = s
}

// apply applies a branch, or one environment or step of it.
func (w *estate) apply() {
	v := w.survey()
	if len(w.running) == 0 {
		return
	}
	w.ofOrphans = false
	v.Plan = w.plan(w.running, schema.CommandApply, w.selection()...)
	if !v.Conflicts().HasErrors() {
		w.run(v, v.Plan)
	}
}

// selection is what a command names: nothing for all.
func (w *estate) selection() []string {
	e := rapid.SampledFrom(w.running).Draw(w.T, "selected")
	switch rapid.IntRange(0, 3).Draw(w.T, "selection") {
	case 0:
		return nil
	case 1:
		return []string{string(e.owner())}
	}
	return []string{e.name}
}

// destroy takes down what a name means: an environment of the branch, or an orphan.
func (w *estate) destroy() {
	v := w.survey()
	name := rapid.SampledFrom(estateNames).Draw(w.T, "name")
	if slices.ContainsFunc(w.running, func(e *entry) bool { return e.name == name }) {
		w.ofOrphans = false
		v.Plan = w.plan(w.running, schema.CommandDestroy, name)
		if !v.Conflicts().HasErrors() {
			w.run(v, v.Plan)
		}
		return
	}
	records := w.recorded()
	var kept *entry
	for _, o := range v.Orphans(records) {
		if string(o.Environment) != name {
			continue
		}
		if o.RenamedTo != "" {
			return
		}
		if e := w.files[o.Archive]; e != nil && (kept == nil || e.follower) {
			kept = e
		}
	}
	pointer := func(r *schema.Record) bool { return r.State == schema.StateRenamed && string(r.Environment) == name }
	if kept == nil || slices.ContainsFunc(records, pointer) {
		return
	}
	w.ofOrphans, w.running = true, []*entry{kept}
	w.run(v, w.plan(w.running, schema.CommandDestroy, name))
	if !w.power {
		return
	}
	for _, r := range w.recorded() { // as the command does when an orphan is gone
		if string(r.Environment) == name && r.State == schema.StateDestroyed {
			if err := w.kept.Forget(r); err != nil {
				w.wrong("forget: %v", err)
			}
		}
	}
}

// forget lets a person say that something does not exist any more.
func (w *estate) forget() {
	name := rapid.SampledFrom(estateNames).Draw(w.T, "name")
	for _, r := range w.recorded() {
		if string(r.Environment) != name {
			continue
		}
		if there := w.world[r.Identity.KeyOf()]; there != nil {
			there.forgotten = true
		}
		if err := w.kept.Forget(r); err != nil {
			w.wrong("forget: %v", err)
		}
	}
	w.note("forget %s", name)
}

// edit changes a branch: a name, a directory, an address, when that is known, or an environment as a whole.
func (w *estate) edit() {
	entries := w.branches[w.branch]
	free := func(name string) bool {
		return !slices.ContainsFunc(entries, func(e *entry) bool { return e.name == name || e.before == name })
	}
	name := rapid.SampledFrom(estateNames).Draw(w.T, "name")
	if len(entries) == 0 || rapid.IntRange(0, 3).Draw(w.T, "new") == 0 {
		if free(name) {
			w.branches[w.branch] = append(entries, w.drawEntry(name))
		}
		return
	}
	at := rapid.IntRange(0, len(entries)-1).Draw(w.T, "environment")
	e := *entries[at]
	changed := slices.Clone(entries)
	changed[at] = &e
	switch rapid.IntRange(0, 7).Draw(w.T, "edit") {
	case 0, 1: // its name, with its directory or without, and perhaps said so
		if !free(name) {
			return
		}
		if rapid.Bool().Draw(w.T, "said") {
			e.before = e.name
		}
		e.name = name
		if rapid.Bool().Draw(w.T, "moves") {
			e.dir = name
		}
	case 2:
		e.address = rapid.SampledFrom(estateKeys).Draw(w.T, "address")
	case 3:
		e.staged = !e.staged
	case 4:
		e.known = knowledge(rapid.IntRange(0, 2).Draw(w.T, "known"))
	case 5:
		e.follower, e.before = !e.follower, ""
	case 6:
		changed = slices.Delete(changed, at, at+1)
	case 7: // merge the other branch
		changed = w.branches[1-w.branch]
	}
	w.branches[w.branch] = changed
}

func (w *estate) drawEntry(name string) *entry {
	return &entry{
		name: name, dir: name, address: rapid.SampledFrom(estateKeys).Draw(w.T, "address"), staged: rapid.Bool().Draw(w.T, "staged"),
		known: knowledge(rapid.IntRange(0, 2).Draw(w.T, "known")), follower: rapid.Bool().Draw(w.T, "follower"),
	}
}

// remembered makes sure that what exists is recorded.
func (w *estate) remembered() {
	records := w.recorded()
	for key, there := range w.world {
		stands := func(r *schema.Record) bool { return r.Stands() && r.Identity.KeyOf() == key }
		if !there.forgotten && !slices.ContainsFunc(records, stands) {
			w.wrong("%s exists, and no record says so", key)
		}
	}
}

// Random sequences of applies, renames, moves, stages, destroys and forgets, in two branches of a repository with one store:
// nothing that a command did not name is ever destroyed, no step is given outputs of what its dependency does not own, and
// what exists is never forgotten. Steps fail half way, runs are stopped, and the power fails at any write.
//
// -ownership-rounds=N runs more of them.
func TestNothingIsDestroyedThatWasNotNamed(t *testing.T) {
	for range *ownershipRounds {
		rapid.Check(t, nothingIsDestroyed)
	}
}

func nothingIsDestroyed(t *rapid.T) {
	w := &estate{T: t, files: map[string]*entry{}, world: map[string]*property{}}
	w.kept = &notebook{records: map[schema.StepName]*schema.Records{}, owners: map[string][]schema.Claimant{}}
	if rapid.IntRange(0, 29).Draw(t, "where") == 7 {
		w.root, w.shared = tempDir(t), rapid.Bool().Draw(t, "shared")
		defer os.RemoveAll(w.root)
	}
	for _, name := range estateNames[:rapid.IntRange(1, 3).Draw(t, "environments")] {
		w.branches[0] = append(w.branches[0], w.drawEntry(name))
	}
	w.branches[1] = w.branches[0]
	w.note("both branches are%s", described(w.branches[0]))
	for range rapid.IntRange(2, 10).Draw(t, "commands") {
		w.begin()
		switch rapid.IntRange(0, 9).Draw(t, "command") {
		case 0, 1, 2, 3:
			w.apply()
		case 4, 5:
			w.destroy()
		case 6:
			w.forget()
		default:
			w.edit()
			w.note("branch %d is now%s", w.branch, described(w.branches[w.branch]))
		}
		w.remembered()
		if w.problem != "" {
			t.Fatal(w.problem)
		}
	}
}

func described(entries []*entry) (text string) {
	for _, e := range entries {
		text += fmt.Sprintf(" %+v", *e)
	}
	return text
}

func (*estate) ReadsBeyond(*schema.Step) (string, error) { return "", nil }
