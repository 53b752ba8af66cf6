package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// fleet is several checkouts on machines whose clocks disagree, and the store that they share, which can go away. It knows
// in which order the runs really began, and what each left undone.
type fleet struct {
	t         *rapid.T
	directory string // of the shared store
	checkouts []history
	clocks    []time.Duration
	keep      int
	began     []*pastRun // in their order
}

// pastRun is what really happened in a run.
type pastRun struct {
	id       schema.RunID
	checkout int
	command  schema.Command
	steps    []schema.StepName
	undone   map[schema.StepName]bool // of it and of what it went on with
	resumes  *pastRun
	good     bool // it succeeded
	readable bool // where it ran: it has a first event
	whole    bool // everywhere
}

var fleetSteps = []schema.StepName{"a/terraform", "b/terraform", "c/helm"}

func newFleet(t *rapid.T, dir string) *fleet {
	f := &fleet{t: t, directory: filepath.Join(dir, "shared"), keep: rapid.IntRange(1, 5).Draw(t, "history")}
	err := errors.Join(os.Mkdir(filepath.Join(dir, "there"), 0o755), os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	f.away(false)
	for n := range rapid.IntRange(1, 3).Draw(t, "checkouts") {
		own, err := store.Open(filepath.Join(dir, fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		shared, err := store.OpenShared(context.Background(), f.directory, "/")
		if err != nil {
			t.Fatal(err)
		}
		f.checkouts = append(f.checkouts, history{own.Sharing(shared)})
		f.clocks = append(f.clocks, time.Duration(rapid.IntRange(-100_000, 100_000).Draw(t, "clock"))*time.Minute)
	}
	return f
}

// away takes the store away, or brings it back: its name is a link to a directory, or to a file.
func (f *fleet) away(away bool) {
	target := map[bool]string{true: "file", false: "there"}[away]
	link := f.directory + ".new"
	if err := errors.Join(os.Symlink(target, link), os.Rename(link, f.directory)); err != nil {
		f.t.Fatal(err)
	}
}

// run has a checkout run some steps, some of which end well, until it ends, is killed, or the disk is full.
func (f *fleet) run(n int, command schema.Command, steps []schema.StepName, resumes *pastRun) {
	ctx, h := context.Background(), f.checkouts[n]
	r := &pastRun{checkout: n, command: command, steps: steps, undone: map[schema.StepName]bool{}, resumes: resumes}
	for _, step := range steps {
		r.undone[step] = resumes == nil || resumes.undone[step]
	}
	_ = h.store.CatchUp(func(string) {})
	var err error
	if r.id, err = h.store.Begin(ctx, command, "", time.Now().Add(f.clocks[n])); err != nil {
		f.t.Fatal(err)
	}
	if len(f.began) > 0 && r.id <= f.began[len(f.began)-1].id {
		f.t.Fatalf("run %s began after %s", r.id, f.began[len(f.began)-1].id)
	}
	f.began = append(f.began, r)
	if err := h.prune(ctx, f.keep); err != nil {
		f.t.Fatal(err)
	}
	end := rapid.SampledFrom([]string{"ends", "ends", "ends", "is killed", "disk is full"}).Draw(f.t, "end")
	away := rapid.SampledFrom([]string{"never", "never", "at once", "at its end"}).Draw(f.t, "store goes away")
	if end == "disk is full" {
		return
	}
	if away == "at once" {
		f.away(true)
	}
	f.write(h, r, end, away)
	f.away(false)
}

// write writes the journal of a run, and uploads it.
func (f *fleet) write(h history, r *pastRun, end, away string) {
	log, err := journal.Create(h.store.Run(r.id))
	if err != nil {
		f.t.Fatal(err)
	}
	defer log.Close()
	up, err := h.store.Upload(r.id)
	if err != nil {
		f.t.Fatal(err)
	}
	seq := 0
	write := func(e schema.Event) {
		seq++
		e.Version, e.Seq, e.Run, e.Time = schema.EventVersion, seq, r.id, time.Now()
		if err := log.Write(e); err != nil {
			f.t.Fatal(err)
		}
		up.Event(e)
	}
	begin := schema.Event{Type: schema.EventRunStarted, Command: r.command}
	if r.resumes != nil {
		begin.Resumes = r.resumes.id
	}
	for _, step := range r.steps {
		begin.Steps = append(begin.Steps, schema.StepSummary{Name: step})
	}
	write(begin)
	r.readable, r.good = true, true
	for _, step := range r.steps {
		e := schema.Event{Type: schema.EventStepFinished, Step: step, Outcome: schema.Succeeded}
		switch {
		case !r.undone[step]:
			e.Outcome, e.DoneIn = schema.Skipped, r.resumes.id
		case rapid.Bool().Draw(f.t, "step fails"):
			e.Outcome, r.good = schema.Failed, false
		default:
			r.undone[step] = false
		}
		write(e)
	}
	if end == "is killed" { // what was uploaded is not known, and the next bitops here uploads the rest
		r.good = false
		r.whole = up.Close() == nil
		return
	}
	outcome := map[bool]schema.Outcome{true: schema.Succeeded, false: schema.Failed}[r.good]
	write(schema.Event{Type: schema.EventRunFinished, Outcome: outcome})
	if away == "at its end" {
		f.away(true)
	}
	r.whole = up.Close() == nil
}

// open returns the runs that are open, going by what really happened.
func (f *fleet) open() (open []*pastRun) {
	for i, r := range f.began {
		if r.command.Previews() || r.good || !r.readable {
			continue
		}
		left := map[schema.StepName]bool{}
		for _, step := range r.steps {
			left[step] = r.undone[step]
		}
		for _, later := range f.began[i+1:] {
			if later.command.Previews() || !later.readable {
				continue
			}
			for _, step := range later.steps {
				left[step] = false
			}
			if later.resumes == r {
				clear(left)
			}
		}
		if slices.ContainsFunc(fleetSteps, func(s schema.StepName) bool { return left[s] }) {
			open = append(open, r)
		}
	}
	return open
}

// lastChange returns the last run that was there to change something.
func (f *fleet) lastChange() *pastRun {
	for _, r := range slices.Backward(f.began) {
		if !r.command.Previews() {
			return r
		}
	}
	return nil
}

// check compares what a checkout would go on with, and what it still has, with the truth.
func (f *fleet) check(n int) *pastRun {
	ctx, h := context.Background(), f.checkouts[n]
	want := f.lastChange()
	got, err := h.toResume(ctx, lastRun)
	_, unreadable := errors.AsType[*UnreadableRunError](err)
	switch {
	case want == nil:
		if got != nil || err != nil {
			f.t.Fatalf("there was no run, and yet %v, %v", got, err)
		}
		return nil
	case unreadable && (!want.readable || !want.whole && want.checkout != n):
		return nil
	case err != nil || got == nil:
		f.t.Fatalf("the last run is %s, and %v, %v is found", want.id, got, err)
	case got.Run != want.id:
		f.t.Fatalf("the last run is %s, and %s is found", want.id, got.Run)
	case got.Outcome == schema.Succeeded && !want.good:
		f.t.Fatalf("run %s did not succeed", want.id)
	}
	open, _, err := h.open(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, r := range f.open() {
		known := slices.ContainsFunc(open, func(o openRun) bool { return o.Run == r.id })
		if seen := r.checkout == n || r.whole; seen && !known {
			f.t.Fatalf("run %s is open, and checkout %d does not know", r.id, n)
		}
	}
	if got.Outcome == schema.Succeeded || want.command != schema.CommandApply {
		return nil
	}
	return want
}

// Whatever the clocks of the machines say, whenever the store goes away, and however few runs are kept: the last run is the
// last run, what can be resumed is still there, and nothing is said to be done that is not.
func TestRunsAreKnownInTheirOrder(t *testing.T) {
	dirs, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		dir := filepath.Join(dirs, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		f := newFleet(t, dir)
		for range rapid.IntRange(1, 12).Draw(t, "commands") {
			n := rapid.IntRange(0, len(f.checkouts)-1).Draw(t, "checkout")
			previous := f.check(n)
			if previous != nil && rapid.Bool().Draw(t, "resume") {
				f.run(n, previous.command, previous.steps, previous)
				continue
			}
			command := rapid.SampledFrom([]schema.Command{schema.CommandApply, schema.CommandApply, schema.CommandDestroy, schema.CommandPlan}).Draw(t, "command")
			f.run(n, command, rapid.SliceOfNDistinct(rapid.SampledFrom(fleetSteps), 1, 3, rapid.ID).Draw(t, "steps"), nil)
		}
		for n := range f.checkouts {
			f.check(n)
		}
	})
}
