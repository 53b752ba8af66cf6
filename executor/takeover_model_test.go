package executor_test

import (
	"context"
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
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

const prize = "the prize"

// contest is several runs of several checkouts at the same moment. The only step of each claims the same thing. The runs take
// turns: each read, write and lock is one, in an order that is drawn.
type contest struct {
	*rapid.T
	runs   []*contestant
	store  notebook
	locks  map[schema.EnvironmentName]*contestant
	arrive chan *contestant // who waits for a turn, or has ended
	holder schema.StepName  // of the prize
	log    []string
	wrong  string
}

// contestant is one of these runs.
type contestant struct {
	*contest
	name     schema.EnvironmentName
	orphans  []schema.Orphan
	before   schema.EnvironmentName // renamed_from
	crashIn  int                    // turns; negative for never
	fails    bool                   // half way
	declares bool                   // its files tell what it owns; else that is known when it claims it
	turn     chan struct{}
	one      sync.Mutex // a run waits for one turn at a time
	acting   bool       // it has claimed the prize, and its run has not ended
	done     bool
	finished *schema.Report
}

var _ executor.Runner = (*contestant)(nil)

func (c *contestant) step() schema.StepName { return c.name.Step("own") }

// next waits for a turn. The power fails at it, or has failed.
func (c *contestant) next(what string, args ...any) error {
	c.one.Lock()
	defer c.one.Unlock()
	if !c.done {
		c.arrive <- c
		<-c.turn
	}
	if c.crashIn == 0 {
		c.log = append(c.log, fmt.Sprintf("%s: no power", c.name))
		return errPower
	}
	c.crashIn--
	c.log = append(c.log, fmt.Sprintf("%s: %s", c.name, fmt.Sprintf(what, args...)))
	return nil
}

func (c *contestant) Records(ctx context.Context, step schema.StepName) ([]*schema.Record, error) {
	if err := c.next("reads %s", step); err != nil {
		return nil, err
	}
	return c.store.Records(ctx, step)
}

func (c *contestant) Save(r, instead *schema.Record) error {
	if err := c.next("saves %s, %s", r.Step, r.State); err != nil {
		return err
	}
	return c.store.Save(r, instead)
}

func (c *contestant) Forget(r *schema.Record) error {
	if err := c.next("forgets %s", r.Step); err != nil {
		return err
	}
	return c.store.Forget(r)
}

func (c *contestant) Owners(ctx context.Context, key string) ([]schema.Claimant, error) {
	if err := c.next("looks who has %s", key); err != nil {
		return nil, err
	}
	return c.store.Owners(ctx, key)
}

func (c *contestant) Claim(ctx context.Context, key string, owners, was []schema.Claimant) error {
	if err := c.next("claims %s for %v", key, owners); err != nil {
		return err
	}
	return c.store.Claim(ctx, key, owners, was)
}

// hold takes a lock, as a session does.
func (c *contestant) hold(_ context.Context, name schema.EnvironmentName) (busy string, err error) {
	if err := c.next("locks %s", name); err != nil {
		return "", err
	}
	if other := c.locks[name]; other != nil && other != c {
		return fmt.Sprintf("the run of %s is in %s", other.name, name), nil
	}
	c.locks[name] = c
	return "", nil
}

// Do is a tool: it begins, claims, and changes the prize.
func (c *contestant) Do(ctx context.Context, r environments.Request, _ func(schema.Event)) environments.StepResult {
	failed := func(err error) environments.StepResult {
		_, refused := errors.AsType[*environments.RefusedError](err)
		return environments.StepResult{Outcome: schema.Failed, Refused: refused, Error: &schema.StepError{Message: err.Error()}}
	}
	if err := r.Begin(); err != nil {
		return failed(err)
	}
	id := &schema.Identity{Key: prize}
	if err := r.Claim(ctx, id, false); err != nil {
		return failed(err)
	}
	for _, what := range []string{"begins to change the prize", "has changed the prize"} {
		if err := c.next("%s", what); err != nil {
			return failed(err)
		}
		c.act()
	}
	if c.fails {
		return failed(errors.New("half of it is done"))
	}
	return environments.StepResult{Outcome: schema.Succeeded, Identity: id, Changes: &schema.Changes{}}
}

// act changes the prize, and judges that.
func (c *contestant) act() {
	c.acting = true
	for _, other := range c.runs {
		if other != c && other.acting {
			c.wrong = fmt.Sprintf("%s and %s change it at once", c.name, other.name)
		}
	}
	mayReplace := c.before.Step("own") == c.holder ||
		slices.ContainsFunc(c.orphans, func(o schema.Orphan) bool { return o.Step == c.holder })
	if c.holder != "" && c.holder != c.step() && !mayReplace {
		c.wrong = fmt.Sprintf("%s takes what %s has", c.name, c.holder)
	}
	c.holder = c.step()
}

func (*contestant) Outputs(context.Context, *schema.Step, func(schema.Event)) (schema.Values, error) {
	return schema.Values{}, nil
}

func (*contestant) LeftOut(context.Context, *schema.Step, func(schema.Event)) (string, error) {
	return "", nil
}

func (*contestant) Deployed(context.Context, *schema.Step, func(schema.Event)) (bool, error) {
	return true, nil
}

func (*contestant) Fingerprint(context.Context, *schema.Step, schema.Values, *schema.Fingerprint) (*schema.Fingerprint, error) {
	return &schema.Fingerprint{}, nil
}

// run is a command from its lock to its end. Its locks go with it, however it ends.
func (c *contestant) run(number int) {
	defer func() {
		c.done = true
		c.arrive <- c
	}()
	if busy, err := c.hold(context.Background(), c.name); err != nil || busy != "" {
		return
	}
	plan := &schema.Plan{Command: schema.CommandApply, Parallelism: 1, Steps: []schema.Step{{
		Name: c.step(), Environment: c.name, EnvironmentPath: string(c.name), Deployment: "own", Tool: "owner", Selected: true,
	}}}
	now := func() time.Time { return time.Unix(int64(number), 0) }
	x := &executor.Executor{
		Runner: c, Records: c, Now: now, LogOf: func(schema.StepName) string { return "" },
		Emitter: &executor.Emitter{Run: schema.RunID("run-of-" + c.name), Now: now, Redact: &secret.Redactor{}},
		Ownership: &executor.Ownership{
			Plan: plan, Registry: c, Owns: owns, Hold: c.hold, Orphans: c.orphans,
			RenamedFrom: func(*schema.Step) schema.StepName {
				if c.before == "" {
					return ""
				}
				return c.before.Step("own")
			},
		},
	}
	if c.declares {
		x.Ownership.Declared = map[schema.StepName]*schema.Identity{c.step(): {Key: prize}}
	}
	c.finished, _ = x.Run(context.Background(), plan)
}

// owned is a record of the prize.
func owned(name schema.EnvironmentName, state schema.RecordState) *schema.Record {
	return &schema.Record{
		Version: schema.RecordVersion, Step: name.Step("own"), Environment: name, Tool: "owner", State: state, Run: "earlier",
		Identity: &schema.Identity{Key: prize},
	}
}

// prepare draws who had the prize before, and who wants it.
func (w *contest) prepare() {
	for _, name := range []schema.EnvironmentName{"a", "b", "c"}[:rapid.IntRange(2, 3).Draw(w.T, "runs")] {
		w.runs = append(w.runs, &contestant{name: name})
	}
	old := schema.EnvironmentName("old").Step("own")
	was := []schema.Claimant{{Step: old, Environment: "old"}}
	switch rapid.SampledFrom([]string{"free", "stale", "orphan"}).Draw(w.T, "the prize is") {
	case "stale": // its last run ended between its claim and its record, or destroyed it
		w.store.owners[prize] = was
		if rapid.Bool().Draw(w.T, "destroyed") {
			w.store.records[old] = &schema.Records{Step: old, Records: []*schema.Record{owned("old", schema.StateDestroyed)}}
		}
		if rapid.Bool().Draw(w.T, "the old one comes back") {
			w.runs[0].name = "old"
		}
	case "orphan":
		if rapid.Bool().Draw(w.T, "registered") { // older records were written without
			w.store.owners[prize] = was
		}
		w.store.records[old] = &schema.Records{Step: old, Records: []*schema.Record{owned("old", schema.StateDeployed)}}
		w.holder = old
		for _, c := range w.runs {
			if rapid.Bool().Draw(w.T, "says so") {
				c.before = "old"
			} else {
				c.orphans = []schema.Orphan{{Step: old, Environment: "old", Identity: &schema.Identity{Key: prize}}}
			}
		}
		if rapid.Bool().Draw(w.T, "one checkout has the old name") {
			w.runs[0] = &contestant{name: "old"}
		}
	}
	for _, c := range w.runs {
		c.contest, c.turn, c.crashIn = w, make(chan struct{}), -1
		if rapid.IntRange(0, 3).Draw(w.T, "crashes") == 0 {
			c.crashIn = rapid.IntRange(0, 20).Draw(w.T, "crash in")
		}
		c.fails, c.declares = rapid.IntRange(0, 3).Draw(w.T, "fails") == 0, rapid.Bool().Draw(w.T, "declares")
	}
}

// hold lets the runs take turns until all have ended.
func (w *contest) hold() {
	for n, c := range w.runs {
		go c.run(n)
	}
	waiting := map[schema.EnvironmentName]*contestant{}
	for left := len(w.runs); left > 0; {
		c := <-w.arrive
		if c.done {
			left--
			c.acting = false
			maps.DeleteFunc(w.locks, func(_ schema.EnvironmentName, by *contestant) bool { return by == c })
		} else {
			waiting[c.name] = c
		}
		if len(waiting) == left && left > 0 {
			next := rapid.SampledFrom(slices.Sorted(maps.Keys(waiting))).Draw(w.T, "turn")
			chosen := waiting[next]
			delete(waiting, next)
			chosen.turn <- struct{}{}
		}
	}
}

// Runs of several checkouts claim the same at the same moment, in any order of their reads, writes and locks, over no owner,
// over one that owns nothing any more, and over a name that it had before. Two never change it at once, none takes what
// another one made, each that may not have it says who has, and what exists is recorded. Runs fail half way, and the power
// fails at any turn.
func TestOneOfSeveralRunsTakesOver(t *testing.T) {
	for range takeoverRounds {
		rapid.Check(t, oneTakesOver)
	}
}

// takeoverRounds is how many rounds of as many cases as -rapid.checks says are run: each takes milliseconds.
const takeoverRounds = 20

func oneTakesOver(t *rapid.T) {
	w := &contest{
		T: t, locks: map[schema.EnvironmentName]*contestant{}, arrive: make(chan *contestant),
		store: notebook{records: map[schema.StepName]*schema.Records{}, owners: map[string][]schema.Claimant{}},
	}
	w.prepare()
	w.hold()
	w.judge()
	if w.wrong != "" {
		t.Fatalf("%s\n%s", w.wrong, strings.Join(w.log, "\n"))
	}
}

func (w *contest) judge() {
	whole, changed := true, false
	for _, c := range w.runs {
		whole = whole && c.crashIn < 0
		changed = changed || c.holder == c.step()
		if c.finished == nil {
			continue
		}
		if s := c.finished.Step(c.step()); s.Error != nil && c.crashIn < 0 && !c.fails && !namesAnother(w, c, s.Error.Message) {
			w.wrong = fmt.Sprintf("%s is refused, and does not say who has it: %s", c.name, s.Error.Message)
		}
	}
	if whole && !changed {
		w.wrong = "none of them got it"
	}
	if w.holder == "" || w.wrong != "" {
		return
	}
	all, _ := w.store.Recorded(context.Background(), nil)
	if !slices.ContainsFunc(all, (*schema.Record).Stands) {
		w.wrong = fmt.Sprintf("%s has it, and no record says that it exists", w.holder)
	}
}

func namesAnother(w *contest, c *contestant, text string) bool {
	return slices.ContainsFunc(w.runs, func(other *contestant) bool {
		return other != c && (strings.Contains(text, string(other.step())) || strings.Contains(text, "the run of "+string(other.name)))
	})
}

func (*contestant) ReadsBeyond(*schema.Step) (string, error) { return "", nil }
