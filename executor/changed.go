package executor

import (
	"context"
	"fmt"
	"runtime"
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
	r.values = newValues(r)
	r.values.asksNone = true
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
		return "it is not known to be deployed", nil
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
	if len(given.waiting) > 0 && !r.gotAllBefore(ctx, step, record) {
		return "whether " + given.needs() + " changed is not known: it is not recorded", ctx.Err()
	}
	for _, waiting := range given.waiting {
		if was, ok := record.Fingerprint.Inputs[waiting.Input]; ok {
			now.Inputs[waiting.Input] = was
		}
	}
	return inShort(record.Fingerprint.Differences(now)), nil
}

// sure is how much earlier a run must have ended than another one began, by clocks of two machines, to have been first.
const sure = time.Minute

// gotAllBefore reports whether everything that a step takes values from is as it was when the step was applied last: it was
// applied in the same run, before it, or has not been touched since well before that run. Values that are not recorded are
// the same then.
func (r *run) gotAllBefore(ctx context.Context, step *schema.Step, record *schema.Record) bool {
	began, known := record.Run.Began()
	for _, name := range r.values.givers(step) {
		giver, err := r.Ownership.Record(ctx, r.steps[name])
		if err != nil || giver == nil || giver.State != schema.StateDeployed {
			return false
		}
		if giver.Run != record.Run && (!known || !giver.Time.Add(sure).Before(began)) {
			return false
		}
	}
	return true
}
