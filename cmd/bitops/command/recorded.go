package command

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// recorded returns the outputs of the selected steps, later ones over earlier ones. A step whose record lacks what is
// wanted, or that has none, or that was left half applied, is asked through its tool; only that takes the lock of the run
// store. ages says that it is told when values were recorded.
func (r *repository) recorded(
	ctx context.Context, o *runOptions, plan *schema.Plan, wanted func(string) bool, ages bool,
) (schema.Values, error) {
	all, found := schema.Values{}, false
	var ask []*schema.Step
	owners, err := r.viewOwnership(ctx, plan)
	if err != nil {
		return nil, err
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if !step.Selected {
			continue
		}
		record, err := owners.Record(ctx, step)
		if err != nil {
			return nil, err
		}
		switch {
		case record == nil || record.State == schema.StatePartial || record.Stands() && lacks(record, wanted):
			ask = append(ask, step)
			r.sayHalfApplied(record)
		case record.State == schema.StateDestroyed:
			continue
		}
		if record != nil {
			found = true
			if ages {
				r.sayAge(record)
			}
			maps.Copy(all, record.Outputs)
		}
	}
	if len(ask) > 0 {
		values, err := r.asked(ctx, o, plan, ask)
		if err != nil {
			return nil, err
		}
		found = found || len(values) > 0
		maps.Copy(all, values)
	}
	if !found {
		return nil, errors.New("nothing of it is deployed; deploy it with `bitops apply`")
	}
	return all, nil
}

// sayHalfApplied says that the outputs of a step can be of before and of after its last apply.
func (r *repository) sayHalfApplied(record *schema.Record) {
	if record != nil && record.State == schema.StatePartial {
		r.say("bitops: warning: run %s left %s half applied; its tool is asked for the outputs as they are now", record.Run, record.Step)
	}
}

// sayAge says when outputs were recorded, and by which run.
func (r *repository) sayAge(record *schema.Record) {
	if record != nil && record.State == schema.StateDeployed && len(record.Outputs) > 0 {
		r.say("bitops: %s: recorded %s by run %s", record.Step, record.Time.Local().Format(time.DateTime), record.Run)
	}
}

// asked returns what the tools of some steps say.
func (r *repository) asked(ctx context.Context, o *runOptions, plan *schema.Plan, steps []*schema.Step) (schema.Values, error) {
	s, err := r.begin(ctx, o, plan)
	if err != nil {
		return nil, err
	}
	defer s.end()
	lifecycle, all := s.runner(schema.NewRunID(time.Now()), plan), schema.Values{}
	for _, step := range steps {
		values, err := lifecycle.Outputs(ctx, step, func(schema.Event) {})
		if err != nil {
			return nil, err
		}
		maps.Copy(all, values)
	}
	return all, nil
}

// lacks reports whether a record does not hold the value of an output that is wanted.
func lacks(record *schema.Record, wanted func(string) bool) bool {
	for name, v := range record.Outputs {
		if wanted(name) && !v.Known() {
			return true
		}
	}
	return false
}
