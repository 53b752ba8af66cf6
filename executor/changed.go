package executor

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bitops-engine/bitops/schema"
)

// Changed compares the steps of a plan with what they were applied with last, and returns those that differ, each with
// the reason. It goes by records: no tool runs but to tell its version, and a value that no record holds counts as changed.
// Of the Executor it needs Runner, Records, Ownership, Emitter and Now.
func (x *Executor) Changed(ctx context.Context, plan *schema.Plan) (map[schema.StepName]string, error) {
	r := newRun(x, plan)
	r.values, r.reached = newValues(r).recorded(), newReached(r)
	changed := map[schema.StepName]string{}
	var mu sync.Mutex
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i := range plan.Steps {
		step := &plan.Steps[i]
		workers.Go(func() error {
			why, err := r.changedSinceApplied(ctx, step)
			mu.Lock()
			defer mu.Unlock()
			if why != "" {
				changed[step.Name] = why
			}
			return err
		})
	}
	return changed, workers.Wait()
}

// changedSinceApplied returns why a step is not as it was applied last, or "".
func (r *run) changedSinceApplied(ctx context.Context, step *schema.Step) (string, error) {
	record, err := r.Ownership.Record(ctx, step)
	switch {
	case err != nil:
		return "", err
	case record == nil:
		return r.neverApplied(ctx, step)
	case record.State == schema.StatePartial:
		return fmt.Sprintf("run %s left it half applied", record.Run), nil
	case record.State != schema.StateDeployed:
		return fmt.Sprintf("it is %s", record.State), nil
	case len(record.Owed) > 0:
		return "something is left to do of run " + string(record.Run), nil
	case record.Fingerprint == nil:
		return "what it was applied with is not known", nil
	}
	given, err := r.values.of(ctx, step)
	if err != nil {
		return "what it is given cannot be found out: " + err.Error(), ctx.Err()
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), record.Fingerprint)
	if err != nil {
		return fmt.Sprintf("what it would run with cannot be found out: %v", err), ctx.Err()
	}
	if unknown := r.sinceThen(ctx, step, record, given, now); len(unknown.waiting) > 0 {
		return "whether " + unknown.needs() + " changed is not known: it is not recorded", ctx.Err()
	}
	return inShort(record.Fingerprint.Differences(now)), nil
}

// neverApplied returns why a step without a record is not as it was applied last: it may have had another name then.
func (r *run) neverApplied(ctx context.Context, step *schema.Step) (string, error) {
	from, err := r.Ownership.earlierName(ctx, step, r.Ownership.presumed(step))
	if err != nil {
		return "", err
	}
	if from.Stands() {
		return fmt.Sprintf("it was %s before; an apply moves the record of that here", from.Step), nil
	}
	return "it is not known to be deployed", nil
}

// sinceThen takes over into a fingerprint the values that are not known now and are as they were when the step was applied. It
// returns the others.
func (r *run) sinceThen(ctx context.Context, step *schema.Step, record *schema.Record, g given, now *schema.Fingerprint) given {
	unknown := g
	unknown.waiting = nil
	for _, waiting := range slices.Concat(g.waiting, g.lost) {
		givers := r.values.giversOf(step, waiting.Input)
		if r.reached.didRun(givers) || !r.sameSince(ctx, givers, record) {
			unknown.waiting = append(unknown.waiting, waiting)
		}
		if was, ok := record.Fingerprint.Inputs[waiting.Input]; ok {
			now.Inputs[waiting.Input] = was
		}
	}
	return unknown
}

// sure is how much earlier a run must have ended than another one began, by clocks of two machines, to have been first.
const sure = time.Minute

// sameSince reports whether steps are as they were when another one was applied with their values: see isSince. Values that are
// not recorded are the same then.
func (r *run) sameSince(ctx context.Context, givers []schema.StepName, record *schema.Record) bool {
	for _, name := range givers {
		giver, err := r.Ownership.Record(ctx, r.steps[name])
		if err != nil || !isSince(giver, record) {
			return false
		}
	}
	return len(givers) > 0
}

// isSince reports whether what a record says was so when another step was applied, or when a later run found nothing changed that
// it reads: it is of the same run, which came to it before, or has not been touched since well before that run.
func isSince(giver, record *schema.Record) bool {
	if giver == nil || giver.State != schema.StateDeployed {
		return false
	}
	return isBefore(giver, record.Run) || isBefore(giver, record.Unread)
}

func isBefore(record *schema.Record, run schema.RunID) bool {
	began, known := run.Began()
	return run != "" && record.Run == run || known && record.Time.Add(sure).Before(began)
}
