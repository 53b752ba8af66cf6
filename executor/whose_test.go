package executor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

// hooked is a Runner whose steps claim what is said here, when they run, and then end as a stage has them end.
type hooked struct {
	*stage
	claims map[schema.StepName]string
}

func (h hooked) Do(ctx context.Context, r environments.Request, _ func(schema.Event)) environments.StepResult {
	id := &schema.Identity{Key: h.claims[r.Step.Name]}
	var err error
	if r.Begin != nil {
		err = r.Begin()
	}
	if err == nil {
		err = r.Claim(ctx, id, r.Command.Previews())
	}
	if err != nil {
		_, refused := errors.AsType[*environments.RefusedError](err)
		return environments.StepResult{Outcome: schema.Failed, Refused: refused, Error: &schema.StepError{Message: err.Error()}}
	}
	return environments.StepResult{Outcome: h.acts[r.Step.Name].outcome, Identity: id, Changes: &schema.Changes{}}
}

// book is a notebook that holds some records. The power fails at a write of it.
type book struct {
	notebook
	writes, most int // 0 for as many as there are
}

func bookOf(records ...*schema.Record) *book {
	b := &book{notebook: notebook{records: map[schema.StepName]*schema.Records{}, owners: map[string][]schema.Claimant{}}}
	for _, r := range records {
		if b.records[r.Step] == nil {
			b.records[r.Step] = &schema.Records{Step: r.Step}
		}
		b.records[r.Step].Records = append(b.records[r.Step].Records, r)
	}
	return b
}

func (b *book) Save(r, instead *schema.Record) error {
	if b.writes++; b.writes == b.most {
		return errPower
	}
	return b.notebook.Save(r, instead)
}

// of returns the record of a step for a key, or nil.
func (b *book) of(env schema.EnvironmentName, key string) *schema.Record {
	if all := b.records[env.Step("x")]; all != nil {
		return all.Of(&schema.Identity{Key: key})
	}
	return nil
}

// stateOf is the state in which a step is recorded for a key, "" for none.
func (b *book) stateOf(env schema.EnvironmentName, key string) schema.RecordState {
	if r := b.of(env, key); r != nil {
		return r.State
	}
	return ""
}

func recordOf(env schema.EnvironmentName, key string, state schema.RecordState, movesFrom schema.EnvironmentName) *schema.Record {
	r := &schema.Record{
		Version: schema.RecordVersion, Step: env.Step("x"), Environment: env, Tool: "fake", State: state, Run: "earlier",
		Identity: &schema.Identity{Key: key},
	}
	if movesFrom != "" {
		r.MovesFrom = movesFrom.Step("x")
	}
	return r
}

func orphanOf(env schema.EnvironmentName, key string) schema.Orphan {
	return schema.Orphan{Step: env.Step("x"), Environment: env, Identity: &schema.Identity{Key: key}}
}

// claiming is a run of steps that claim something.
type claiming struct {
	command  schema.Command
	book     *book
	orphans  []schema.Orphan
	before   keys                              // renamed_from
	forgets  bool                              // there is no registry
	declared map[schema.EnvironmentName]string // what the files say
	claims   map[schema.EnvironmentName]string // what the selected steps claim when they run
	plan     []schema.EnvironmentName          // the selected steps are those that claim something
	outcome  schema.Outcome                    // of a step that may have it; "" is success
}

// run returns why each step failed, "" for one that did not.
func (c claiming) run(t *testing.T) map[schema.EnvironmentName]string {
	t.Helper()
	if c.command == "" {
		c.command = schema.CommandApply
	}
	plan := &schema.Plan{Version: 1, Command: c.command, Parallelism: 1}
	runner := hooked{stage: stageOf(map[schema.StepName]act{}), claims: map[schema.StepName]string{}}
	declared := map[schema.StepName]*schema.Identity{}
	for _, env := range c.plan {
		step := env.Step("x")
		plan.Steps = append(plan.Steps, schema.Step{
			Name: step, Environment: env, EnvironmentPath: string(env), Deployment: "x", Tool: "fake", Selected: c.claims[env] != "",
		})
		runner.claims[step], runner.acts[step] = c.claims[env], act{outcome: schema.Succeeded}
		if c.outcome != "" {
			runner.acts[step] = act{outcome: c.outcome}
		}
		if c.declared[env] != "" {
			declared[step] = &schema.Identity{Key: c.declared[env]}
		}
	}
	x := executorOf(runner.stage)
	x.Runner, x.Records = runner, c.book
	x.Ownership = &executor.Ownership{Plan: plan, Owns: func(*schema.Step) bool { return true }, Declared: declared, Orphans: c.orphans}
	x.Ownership.RenamedFrom = func(s *schema.Step) schema.StepName {
		if before := c.before[s.Environment]; before != "" {
			return schema.EnvironmentName(before).Step("x")
		}
		return ""
	}
	if !c.forgets {
		x.Ownership.Registry = c.book
	}
	report, err := x.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	failed := map[schema.EnvironmentName]string{}
	for env := range c.claims {
		if s := report.Step(env.Step("x")); s.Error != nil {
			failed[env] = s.Error.Message
		}
	}
	return failed
}

func wantRefused(t *testing.T, message, want string) {
	t.Helper()
	if (message == "") != (want == "") || !strings.Contains(message, want) {
		t.Errorf("it failed with %q, want %q", message, want)
	}
}

type envs = []schema.EnvironmentName

type keys = map[schema.EnvironmentName]string

func ownedFirst(env schema.EnvironmentName) []schema.Claimant {
	return []schema.Claimant{{Step: env.Step("x"), Environment: env}}
}

// A run that took something over died before the old record became a pointer. Its own record alone proves nothing: the other
// step is in the manifest here.
func TestAHalfMovedRecordIsCheckedAgain(t *testing.T) {
	b := bookOf(recordOf("a", "K", schema.StatePartial, "b"), recordOf("b", "K", schema.StateDeployed, ""))
	b.owners["K"] = append(ownedFirst("a"), ownedFirst("b")...)
	failed := claiming{book: b, plan: envs{"a", "b"}, claims: keys{"a": "K"}}.run(t)
	wantRefused(t, failed["a"], "K belongs to b/x")
	if b.stateOf("b", "K") != schema.StateDeployed {
		t.Errorf("b is %s", b.stateOf("b", "K"))
	}
}

// A run died between its claim and its record. Who had it before has it still.
func TestAClaimWithoutARecordGivesNothingAway(t *testing.T) {
	b := bookOf(recordOf("b", "K", schema.StateDeployed, ""))
	b.owners["K"], b.most = ownedFirst("b"), 2 // its first says that it begins
	if failed := (claiming{book: b, orphans: []schema.Orphan{orphanOf("b", "K")}, plan: envs{"a"}, claims: keys{"a": "K"}}).run(t); failed["a"] == "" {
		t.Fatal("the power did not fail")
	}
	if now := b.owners["K"]; len(now) != 2 || now[0].Environment != "a" {
		t.Fatalf("the owners are %v", now)
	}
	failed := claiming{book: b, plan: envs{"c", "b"}, claims: keys{"c": "K"}}.run(t)
	wantRefused(t, failed["c"], "K belongs to b/x")
}

// What left the manifest is taken down under its own name. It takes nothing over, neither what another orphan has nor what
// the registry knows.
func TestAnOrphanInheritsNothing(t *testing.T) {
	for _, registered := range []bool{true, false} {
		b := bookOf(recordOf("b", "L", schema.StateDeployed, ""), recordOf("c", "K", schema.StateDeployed, ""))
		if registered {
			b.owners["K"] = ownedFirst("c")
		}
		failed := claiming{
			command: schema.CommandDestroy, book: b, orphans: []schema.Orphan{orphanOf("b", "L"), orphanOf("c", "K")},
			plan: envs{"b"}, claims: keys{"b": "K"},
		}.run(t)
		if registered {
			wantRefused(t, failed["b"], "K belongs to c/x")
		}
		if b.stateOf("c", "K") != schema.StateDeployed {
			t.Errorf("c is %q", b.stateOf("c", "K"))
		}
	}
}

// An orphan that deployed something since the run looked for orphans is still one.
func TestAnOrphanThatTheRegistryKnows(t *testing.T) {
	b := bookOf(recordOf("b", "L", schema.StateDeployed, ""), recordOf("b", "K", schema.StateDeployed, ""))
	b.owners["K"] = ownedFirst("b")
	failed := claiming{book: b, orphans: []schema.Orphan{orphanOf("b", "L")}, plan: envs{"a"}, claims: keys{"a": "K"}}.run(t)
	wantRefused(t, failed["a"], "")
	if b.stateOf("a", "K") != schema.StateDeployed || b.stateOf("b", "K") != schema.StateRenamed || b.stateOf("b", "L") != schema.StateDeployed {
		t.Errorf("a is %q, b is %q", b.stateOf("a", "K"), b.stateOf("b", "K"))
	}
}

// What a step owns tells that it was renamed, where nothing else does.
func TestARenameIsSeenByWhatIsOwned(t *testing.T) {
	b := bookOf(recordOf("b", "K", schema.StateDeployed, ""))
	failed := claiming{book: b, forgets: true, orphans: []schema.Orphan{orphanOf("b", "K")}, plan: envs{"a"}, claims: keys{"a": "K"}}.run(t)
	wantRefused(t, failed["a"], "")
	if r := b.of("b", "K"); r.State != schema.StateRenamed || r.RenamedTo != "a/x" {
		t.Errorf("b is %+v", r)
	}
}

// A record that an older bitops wrote names nothing. Where its directory was renamed and the step applied since, the manifest
// can still say which one it was; a record that names something else stays.
func TestAnOldRecordOfAStepThatIsRecorded(t *testing.T) {
	for _, named := range []bool{false, true} {
		old := recordOf("b", "L", schema.StateDeployed, "")
		orphan := orphanOf("b", "L")
		if !named {
			old.Identity, orphan.Identity = nil, nil
		}
		b := bookOf(recordOf("a", "K", schema.StateDeployed, ""), old)
		failed := claiming{book: b, orphans: []schema.Orphan{orphan}, before: keys{"a": "b"}, plan: envs{"a"}, claims: keys{"a": "K"}}.run(t)
		wantRefused(t, failed["a"], "")
		all := b.records["b/x"].Records
		if stays := len(all) == 1 && all[0].State == schema.StateDeployed; stays != named || b.stateOf("a", "K") != schema.StateDeployed {
			t.Errorf("named %t: b is %+v, a is %q", named, all[0], b.stateOf("a", "K"))
		}
	}
}

// What was renamed belongs to its new name until it is destroyed there; under a third name, the registry knows it.
func TestWhatWasRenamedComesBackOnceItIsGone(t *testing.T) {
	pointer := func() *schema.Record {
		r := recordOf("a", "K", schema.StateRenamed, "")
		r.RenamedTo = "b/x"
		return r
	}
	for name, test := range map[string]struct {
		book    *book
		owner   schema.EnvironmentName
		refused string
	}{
		"it stands":             {bookOf(pointer(), recordOf("b", "K", schema.StateDeployed, "")), "b", "K belongs to b/x since run"},
		"it was destroyed":      {bookOf(pointer(), recordOf("b", "K", schema.StateDestroyed, "")), "b", ""},
		"it has a third name":   {bookOf(pointer(), recordOf("b", "K", schema.StateRenamed, ""), recordOf("c", "K", schema.StateDeployed, "")), "c", "K belongs to c/x"},
		"it stands for another": {bookOf(pointer(), recordOf("b", "L", schema.StateDeployed, "")), "b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.book.owners["K"] = ownedFirst(test.owner)
			failed := claiming{book: test.book, plan: envs{"a", "b", "c"}, claims: keys{"a": "K"}}.run(t)
			wantRefused(t, failed["a"], test.refused)
		})
	}
}

// A step that took something over and changed nothing gives it back.
func TestATakeoverThatChangedNothingIsUndone(t *testing.T) {
	b := bookOf(recordOf("b", "K", schema.StateDeployed, ""))
	b.owners["K"] = ownedFirst("b")
	claiming{
		book: b, orphans: []schema.Orphan{orphanOf("b", "K")}, plan: envs{"a"}, claims: keys{"a": "K"}, outcome: schema.Held,
	}.run(t)
	if b.stateOf("b", "K") != schema.StateDeployed || b.of("a", "K") != nil {
		t.Errorf("b is %q, and a is %q", b.stateOf("b", "K"), b.stateOf("a", "K"))
	}
}

// What the files of another step say is its own, unless that step claimed something else in this run.
func TestWhatAnotherStepsFilesSay(t *testing.T) {
	failed := claiming{book: bookOf(), forgets: true, plan: envs{"b", "a"}, declared: keys{"b": "K"}, claims: keys{"a": "K"}}.run(t)
	wantRefused(t, failed["a"], "b/x and a/x own the same: K")
	failed = claiming{
		command: schema.CommandPlan, book: bookOf(), plan: envs{"b", "a"}, declared: keys{"b": "K"}, claims: keys{"b": "L", "a": "K"},
	}.run(t)
	wantRefused(t, failed["a"], "")
}

// A run that ended before it was known what its step owns leaves that step half done.
func TestARunThatEndedBeforeItsClaim(t *testing.T) {
	whole, begun := recordOf("a", "K", schema.StateDeployed, ""), recordOf("a", "", schema.StatePartial, "")
	begun.Identity, begun.Run = nil, "later"
	for after, want := range map[time.Duration]schema.RecordState{time.Minute: schema.StatePartial, -time.Minute: schema.StateDeployed} {
		begun.Time = whole.Time.Add(after)
		plan := chain(schema.CommandApply, "a")
		for _, declared := range []*schema.Identity{nil, {Key: "K"}} {
			o := &executor.Ownership{
				Plan: plan, Records: bookOf(whole, begun), Owns: func(*schema.Step) bool { return true },
				Declared: map[schema.StepName]*schema.Identity{"a/x": declared},
			}
			r, err := o.Record(t.Context(), &plan.Steps[0])
			if err != nil || r.State != want || r.Identity.KeyOf() != "K" {
				t.Errorf("%v later, declared %v: %+v, %v", after, declared, r, err)
			}
		}
	}
}
