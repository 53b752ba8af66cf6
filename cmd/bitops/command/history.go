package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// history reads the runs of a repository. It takes no lock: a run that is at work can be looked at.
type history struct{ store *store.Store }

func (r *repository) history(ctx context.Context) (history, error) {
	s, err := r.viewStore(ctx)
	return history{store: s}, err
}

// remembered is history for those who only look: where the shared store cannot be reached, it is what the checkout
// knows, and that is said. It is an error where the checkout knows nothing.
func (r *repository) remembered(ctx context.Context) (history, error) {
	h, err := r.history(ctx)
	if err == nil {
		_, err = h.store.Runs(ctx)
	}
	if err == nil || misused(err) {
		return h, err
	}
	here := store.View(r.store())
	if ids, hereErr := here.Runs(ctx); hereErr != nil || len(ids) == 0 {
		return h, err
	}
	r.say("bitops: %v. What follows is what this checkout knows: runs of other checkouts are not in it", err)
	return history{here}, nil
}

// misused reports whether it is the command line or the manifest that is wrong.
func misused(err error) bool {
	_, usage := errors.AsType[*UsageError](err)
	_, problems := errors.AsType[schema.Problems](err)
	return usage || problems
}

// chain returns the report of a run together with what is done of the runs that it went on with, as far as they are
// remembered.
func (h history) chain(ctx context.Context, id schema.RunID) (*schema.Report, error) {
	return h.chainOf(ctx, id, map[schema.RunID]bool{})
}

// chainOf does so without the runs that were met already: no run went on with a later one, whatever a journal says.
func (h history) chainOf(ctx context.Context, id schema.RunID, met map[schema.RunID]bool) (*schema.Report, error) {
	met[id] = true
	report, err := h.run(ctx, id)
	if err != nil || report.Resumes == "" || met[report.Resumes] {
		return report, err
	}
	if before, err := h.chainOf(ctx, report.Resumes, met); err == nil {
		report.GoOnWith(before)
	}
	return report, nil
}

// errNoJournal says that a run ended before it had a journal, or that this has not arrived.
var errNoJournal = errors.New("no journal")

// errEmptyJournal says the same of a run whose journal has no event.
var errEmptyJournal error = emptyJournalError{}

type emptyJournalError struct{}

func (emptyJournalError) Error() string { return "its journal is empty: it ended before it began" }

func (emptyJournalError) Is(target error) bool { return target == errNoJournal }

// run returns the report of a run, the fold of its journal. A journal whose end is damaged tells what comes before.
func (h history) run(ctx context.Context, id schema.RunID) (*schema.Report, error) {
	f, err := h.store.File(ctx, id, journal.FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run %s has %w", id, errNoJournal)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	events, err := journal.Read(f)
	if len(events) == 0 {
		return nil, fmt.Errorf("run %s: %w", id, cmp.Or(err, errEmptyJournal))
	}
	report := &schema.Report{}
	for _, e := range events {
		report.Add(e)
	}
	if err != nil {
		report.Notices = append(report.Notices, err.Error())
	}
	return report, nil
}

// atOnce is how many journals are read at once: they can be in a bucket.
const atOnce = 10

// reports returns the reports of runs. That of one which cannot be read says why.
func (h history) reports(ctx context.Context, ids []schema.RunID) []*schema.Report {
	all := make([]*schema.Report, len(ids))
	var readers errgroup.Group
	readers.SetLimit(atOnce)
	for i, id := range ids {
		readers.Go(func() error {
			report, err := h.run(ctx, id)
			if err != nil {
				report = &schema.Report{Run: id, Notices: []string{err.Error()}}
			}
			all[i] = report
			return nil
		})
	}
	_ = readers.Wait() // none fails
	return all
}

// ranWith returns a function that returns what a step ran with when a record was written, going by its run: nil where that
// run is no longer remembered. Records say it themselves since version 2.
func (h history) ranWith(ctx context.Context) func(*schema.Record) *schema.Fingerprint {
	var mu sync.Mutex
	reads := map[schema.RunID]func() *schema.Report{} // each reads once; nil for a run that cannot be read
	reportOf := func(id schema.RunID) *schema.Report {
		mu.Lock()
		read := reads[id]
		if read == nil {
			read = sync.OnceValue(func() *schema.Report {
				report, err := h.run(ctx, id)
				if err != nil {
					return nil
				}
				return report
			})
			reads[id] = read
		}
		mu.Unlock() // others need not wait while it is read
		return read()
	}
	return func(record *schema.Record) *schema.Fingerprint {
		report := reportOf(record.Run)
		if report == nil || report.Step(record.Step) == nil {
			return nil
		}
		return report.Step(record.Step).Fingerprint
	}
}

// find returns the run whose id begins so; an empty beginning means the last run that wanted accepts.
func (h history) find(ctx context.Context, beginning string, wanted func(*schema.Report) bool) (*schema.Report, error) {
	ids, err := h.store.Runs(ctx)
	if err != nil {
		return nil, err
	}
	if beginning != "" {
		ids = slices.DeleteFunc(ids, func(id schema.RunID) bool { return !strings.HasPrefix(string(id), beginning) })
		switch len(ids) {
		case 0:
			return nil, &noRunError{fmt.Sprintf("there is no run %q; `bitops runs` lists them", beginning)}
		case 1:
			return h.run(ctx, ids[0])
		}
		return nil, &noRunError{fmt.Sprintf("%d runs begin with %q; `bitops runs` lists them", len(ids), beginning)}
	}
	for _, id := range slices.Backward(ids) {
		report, err := h.run(ctx, id)
		if err == nil && wanted(report) {
			return report, nil
		}
	}
	return nil, nil
}

// learnedFrom is from how many runs durations are learned.
const learnedFrom = 3

// durations returns how long the steps of a plan took in the last runs of a kind: previews, deployments, or destroys. What
// cannot be read teaches nothing.
func (h history) durations(ctx context.Context, plan *schema.Plan, kind schema.Command) map[schema.StepName]time.Duration {
	all := map[schema.StepName]time.Duration{}
	ids, err := h.store.Runs(ctx)
	if err != nil {
		return all
	}
	left := learnedFrom
	for _, id := range slices.Backward(ids) {
		command, took, err := h.durationsOf(ctx, id)
		if err != nil || command.Previews() != kind.Previews() || command.Destroys() != kind.Destroys() {
			continue
		}
		for step, d := range took {
			if _, newer := all[step]; !newer {
				all[step] = d
			}
		}
		if left--; left == 0 || knowsAll(all, plan) {
			break
		}
	}
	return all
}

func knowsAll(durations map[schema.StepName]time.Duration, plan *schema.Plan) bool {
	return !slices.ContainsFunc(plan.Steps, func(s schema.Step) bool {
		_, known := durations[s.Name]
		return s.Selected && !known
	})
}

func (h history) durationsOf(ctx context.Context, id schema.RunID) (schema.Command, map[schema.StepName]time.Duration, error) {
	f, err := h.store.File(ctx, id, journal.FileName)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	return journal.Durations(f)
}

// noRunError says that no run is meant.
type noRunError struct{ text string }

func (e *noRunError) Error() string { return e.text }

// changes reports whether a run was there to change something.
func changes(r *schema.Report) bool { return !r.Command.Previews() }

func anyRun(*schema.Report) bool { return true }
