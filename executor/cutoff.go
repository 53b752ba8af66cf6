package executor

import (
	"context"
	"fmt"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A step that is selected for nothing but that it depends on one that changed runs only where that reaches it:
//
//	it was never applied, or not to a good end            it runs
//	a dependency that ran reaches it by another way
//	than the values that it is given                      it runs
//	a value that it is given, or anything else of it,
//	differs from what it was applied with                 it runs
//	such a value is not known before an apply             in a preview it is deferred, else it runs
//	otherwise                                             it is skipped, and others are given what it left behind
//
// What was decided is in the journal: a run that is resumed decides again about what was skipped, and runs what began.

// unread is why a step is skipped that nothing reaches.
const unread = "nothing it reads changed"

// cutOff decides about a step that may have no reason to run. It ends one that has none. Of one for which a preview cannot
// tell, onlyIf names the values of which one has to change. No tool runs for that, but to tell its version.
func (r *run) cutOff(ctx context.Context, step *schema.Step) (end ending, onlyIf []string, settled bool) {
	_, failed := r.pending.above(step.Name)
	if _, maybe := r.selected(step); !maybe || failed != "" || r.approved(step.Name) != nil {
		return ending{}, nil, false
	}
	d := r.decide(ctx, step)
	switch {
	case ctx.Err() != nil: // what was not read because of that is no reason
	case d.why != "":
		r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: "runs: " + d.why})
	case len(d.onlyIf) == 0:
		return ended(environments.StepResult{Outcome: schema.Skipped, Reason: unread, Fingerprint: d.now}), nil, true
	}
	return ending{}, d.onlyIf, false
}

// selected returns why a step was selected, and whether it may have no reason to run. The plan that is applied, or the run that
// this one goes on with, has decided already about what it showed or began.
func (r *run) selected(step *schema.Step) (why string, maybe bool) {
	why, maybe = step.Why, step.Maybe
	if r.Saved != nil {
		if was := r.Saved.Plan.Report.Step(step.Name); was != nil {
			why, maybe = was.Why, was.Maybe && (was.Outcome == schema.Skipped || len(was.OnlyIf) > 0)
		}
	}
	if before := r.before(step); before != nil {
		why, maybe = before.Why, before.Maybe && !before.Started && before.DoneIn == ""
	}
	command := r.plan.Command
	return why, maybe && (command == schema.CommandApply || command == schema.CommandPlan)
}

// decision is what was found out about a step that may have no reason to run.
type decision struct {
	why    string   // it has to run, "" for no reason
	onlyIf []string // values that may turn out to be a reason
	now    *schema.Fingerprint
}

func (r *run) decide(ctx context.Context, step *schema.Step) decision {
	record, err := r.Ownership.Record(ctx, step)
	switch {
	case err != nil:
		return decision{why: err.Error()}
	case record == nil || record.State != schema.StateDeployed || record.Fingerprint == nil || len(record.Owed) > 0:
		return decision{why: "it is not known to be done"}
	}
	why, err := r.reached.beyondValues(step, record)
	if err != nil {
		return decision{why: "what it reads cannot be found out: " + err.Error()}
	}
	if why != "" {
		return decision{why: why}
	}
	d := r.compare(ctx, step, record)
	if d.why == "" && len(d.onlyIf) == 0 {
		if err := r.noteUnread(step, record); err != nil {
			d.why = "that it has no reason to could not be recorded: " + err.Error()
		}
	}
	return d
}

// compare compares a step with what it was applied with.
func (r *run) compare(ctx context.Context, step *schema.Step, record *schema.Record) decision {
	given, err := r.values.recorded().of(ctx, step)
	if err != nil {
		return decision{why: "what it is given cannot be found out: " + err.Error()}
	}
	if name := ephemeral(step, given.all()); name != "" {
		return decision{why: fmt.Sprintf("input %s is ephemeral, so whether it changed is not known", name)}
	}
	now, err := r.Runner.Fingerprint(ctx, step, given.all(), record.Fingerprint)
	if err != nil {
		return decision{why: "what it would run with cannot be found out: " + err.Error()}
	}
	unknown := r.sinceThen(ctx, step, record, given, now)
	d := decision{why: inShort(record.Fingerprint.Differences(now)), now: now}
	switch {
	case d.why != "" || len(unknown.waiting) == 0:
	case r.plan.Command.Previews():
		d.onlyIf = unknown.references()
	default:
		d.why = "whether " + unknown.needs() + " changed is not known"
	}
	return d
}

// ephemeral returns an input of a step that is given and that can be another one each time, or "".
func ephemeral(step *schema.Step, given schema.Values) string {
	for _, parameter := range step.Interface.Inputs {
		if _, ok := given[parameter.Name]; ok && parameter.Ephemeral {
			return parameter.Name
		}
	}
	return ""
}

// noteUnread remembers that an apply found nothing changed that a step reads, although something above it ran: what no record
// holds of that could not be compared later.
func (r *run) noteUnread(step *schema.Step, record *schema.Record) error {
	if r.plan.Command.Previews() || !r.reached.isBelow(step) {
		return nil
	}
	seen := *record
	seen.Unread = r.Emitter.Run
	return r.records.Save(&seen, record)
}
