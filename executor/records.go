package executor

import (
	"context"
	"errors"
	"fmt"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// begun is what is remembered of a step from the time it begins to change the world.
type begun struct {
	now    *schema.Record // as it was saved last, in StatePartial; nil before it began
	before *schema.Record // what was remembered of what the step owns; nil for nothing
	unsure *schema.Record // what was remembered without knowing what the step owns, and was replaced; nil for nothing

	from    *schema.Record // the record under the step's earlier name; nil where it was not renamed
	pointer *schema.Record // what took its place

	fingerprint *schema.Fingerprint
}

// begin remembers that a step is about to change the world, so that one that never ends is not forgotten. What it left
// behind earlier stays known. A step that cannot be remembered must not start.
func (r *run) begin(ctx context.Context, step *schema.Step, b *begun) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := r.Emitter.Err()
	if err == nil {
		err = r.beginPresumed(ctx, step, b)
	}
	if _, refused := errors.AsType[*environments.RefusedError](err); err != nil && !refused {
		return fmt.Errorf("not started, because it could not be recorded: %w", err)
	}
	return err
}

// beginPresumed remembers that a step begins, with what it owns as far as that is known before its hooks have run.
func (r *run) beginPresumed(ctx context.Context, step *schema.Step, b *begun) error {
	id := r.Ownership.presumed(step)
	if id != nil && r.Ownership.owner(step) == step {
		c, err := r.Ownership.claim(ctx, step, id)
		if err != nil {
			return err
		}
		return r.beginClaimed(ctx, step, b, c)
	}
	all, err := r.records.Records(ctx, step.Name)
	if err != nil {
		return err
	}
	c := &claimed{id: id}
	_, c.unnamed = sorted(all)
	if c.record, err = r.Ownership.pick(step, all, id); err != nil {
		c.record = nil // the tool will tell which of them it is
	}
	if c.record == nil && r.Ownership.owner(step) != step {
		if c.from, err = r.Ownership.heldEarlierName(ctx, step, id); err != nil {
			return err
		}
	}
	return r.beginWith(ctx, step, b, c, c.unnamed)
}

// claim is called with what a step owns as soon as its tool knows that.
func (r *run) claim(ctx context.Context, step *schema.Step, b *begun, previews bool, id *schema.Identity) error {
	if err := r.plannedHere(step, id); err != nil {
		return err
	}
	c, err := r.Ownership.claim(ctx, step, id)
	if _, refused := errors.AsType[*environments.RefusedError](err); err != nil && !refused {
		err = fmt.Errorf("whether another step owns %s could not be found out, so nothing of it is changed: %w", id.Key, err)
	}
	if err != nil {
		return err
	}
	if err := r.notMoved(step, c, b); err != nil || previews || b.now != nil && b.now.Identity.Same(id) {
		return err
	}
	return r.beginClaimed(ctx, step, b, c)
}

// notMoved says so when what a step owns was applied in another account or region than the ones in effect, or with a local
// state that is not here: its tool would find nothing of it. Nothing is taken down then.
func (r *run) notMoved(step *schema.Step, c *claimed, b *begun) error {
	was := c.record
	if b.now != nil {
		was = b.before // c.record is what was written when it began
	}
	if !was.Stands() || was.Identity == nil {
		return nil
	}
	reason, hint := "", ""
	moved := was.Identity.Elsewhere(c.id)
	switch {
	case moved != "":
		reason = fmt.Sprintf("run %s applied it elsewhere: %s", was.Run, moved)
		hint = "it would be forgotten there and live on; choose the account and region that it was applied in"
	case c.id.File != "" && c.id.Lineage == "" && was.Identity.Lineage != "":
		reason = fmt.Sprintf("%s is not here, and run %s deployed with it", c.id.Key, was.Run)
		hint = fmt.Sprintf("bring the file back, or, if nothing of it exists any more: bitops forget %s", step.Name)
	default:
		return nil
	}
	if r.plan.Command.Destroys() {
		return &environments.RefusedError{Reason: reason, Hint: hint}
	}
	r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: reason})
	return nil
}

// foundNothing judges a destroy that found nothing to take down: where a record says that the step is deployed in another
// place, that is no success.
func (r *run) foundNothing(ctx context.Context, step *schema.Step, result environments.StepResult) environments.StepResult {
	if !r.plan.Command.Destroys() || result.Outcome != schema.Unchanged {
		return result
	}
	other, err := r.Ownership.deployedElsewhere(ctx, step)
	if other == nil || err != nil {
		return result
	}
	result.Outcome, result.Refused = schema.Failed, true
	resolve := fmt.Sprintf("choose that place, or, if nothing of it exists any more: bitops forget %s", step.Name)
	result.Error = &schema.StepError{Resolve: resolve, Message: fmt.Sprintf("nothing of it is here (%s), and run %s deployed it elsewhere (%s); %s",
		result.Identity.Where(), other.Run, other.Identity.Where(), resolve)}
	return result
}

// plannedHere holds a step of a plan that was made for something else than what it owns here.
func (r *run) plannedHere(step *schema.Step, id *schema.Identity) error {
	was := r.plannedFor(step)
	if was == nil {
		return nil
	}
	if moved := was.Elsewhere(id); moved != "" {
		return environments.Stalef("it was planned for another place: %s", moved)
	}
	if !was.Same(id) && was.File == "" && id.File == "" { // files of this machine are elsewhere on another one
		return environments.Stalef("it was planned for %s, and here it owns %s", was.Key, id.Key)
	}
	return nil
}

// plannedFor returns what a step was to own when it was planned, or nil.
func (r *run) plannedFor(step *schema.Step) *schema.Identity {
	if r.Saved == nil {
		return nil
	}
	if was := r.Saved.Plan.Report.Step(step.Name); was != nil {
		return was.Identity
	}
	return nil
}

// beginClaimed remembers that a step begins, once it has claimed what it owns.
func (r *run) beginClaimed(ctx context.Context, step *schema.Step, b *begun, c *claimed) error {
	c, err := r.Ownership.settle(ctx, step, c)
	if err != nil {
		return err
	}
	instead := c.unnamed
	switch {
	case b.now != nil && b.now.Identity == nil: // written before it was known what the step owns
		instead = b.now
	case c.record != nil && !c.record.Identity.Same(c.id):
		instead = c.record
	}
	return r.beginWith(ctx, step, b, c, instead)
}

// beginWith remembers that a step begins, in place of a record, and moves what is remembered under its earlier name.
func (r *run) beginWith(ctx context.Context, step *schema.Step, b *begun, c *claimed, instead *schema.Record) error {
	b.before, b.from = c.record, c.from
	if b.before == nil {
		b.before = c.from
	}
	if b.now == nil {
		b.unsure = c.unnamed
	}
	if err := r.saveBegun(ctx, step, b, c.id, instead); err != nil || c.from == nil {
		return err
	}
	r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
		"it was %s before: its record moves here", c.from.Step)})
	b.pointer = &schema.Record{
		Version: schema.RecordVersion, Step: c.from.Step, Environment: c.from.Environment, Tool: c.from.Tool,
		State: schema.StateRenamed, Run: r.Emitter.Run, Time: r.Now(), Identity: c.id, RenamedTo: step.Name,
	}
	return r.records.Save(b.pointer, c.from)
}

func (r *run) saveBegun(ctx context.Context, step *schema.Step, b *begun, id *schema.Identity, instead *schema.Record) error {
	next := r.newRecord(step, schema.StatePartial, b)
	next.Identity = id
	if b.before != nil {
		next.Outputs, next.Owed = b.before.Outputs, b.before.Owed
	}
	if b.before.Stands() {
		next.Identity = id.Knowing(b.before.Identity)
	}
	if b.from != nil {
		next.MovesFrom = b.from.Step
	}
	if b.before != nil && b.before.Step == step.Name {
		next.Kept, next.KeptBefore = b.before.Kept, b.before.Kept
	}
	if b.now != nil {
		next.Kept = b.now.Kept
	} else {
		next.Kept = r.keepFiles(ctx, step, next.Kept)
	}
	if err := r.records.Save(next, instead); err != nil {
		return err
	}
	b.now = next
	return nil
}

func (r *run) newRecord(step *schema.Step, state schema.RecordState, b *begun) *schema.Record {
	return &schema.Record{
		Version: schema.RecordVersion, Step: step.Name, Environment: step.Environment, Tool: step.Tool,
		State: state, Run: r.Emitter.Run, Time: r.Now(), DependsOn: step.DependsOn, Directory: step.Directory(), Fingerprint: b.fingerprint,
	}
}

// keepFiles keeps the files of a step that is about to be applied, and returns their hash. A step goes on without.
func (r *run) keepFiles(ctx context.Context, step *schema.Step, was string) string {
	if r.Keep == nil || r.plan.Command.Destroys() {
		return was
	}
	hash, err := r.Keep(ctx, step, was)
	if err != nil {
		r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
			"its files could not be archived (%v); once it leaves the manifest, bitops cannot destroy it", err)})
	}
	return hash
}

// keep remembers what a step left behind. A step that is done and cannot be remembered counts as failed: its record says
// that it is half done. b is what was remembered when it began. A run that was interrupted remembers too, so ctx ends none
// of this.
func (r *run) keep(ctx context.Context, step *schema.Step, b *begun, result environments.StepResult) environments.StepResult {
	ctx = context.WithoutCancel(ctx)
	var err error
	command := r.commandOf(result)
	switch {
	case r.plan.Command == schema.CommandDestroy && result.Outcome == schema.Skipped && r.stands(ctx, step, b):
		message := fmt.Sprintf("%s, but it is deployed, so it is not taken down and neither is what it depends on", result.Reason)
		result.Outcome, result.Error = schema.Failed, &schema.StepError{Message: message}
		err = r.restore(b)
	case command.Previews() && b.before == nil:
	case result.Outcome == schema.Held && !result.Begun, result.Outcome == schema.Skipped, result.Refused, command.Previews() && done(result.Outcome):
		err = r.restore(b)
	case !done(result.Outcome):
		r.keepOwed(step, b, result.Owed)
	case command == schema.CommandDestroy:
		err = r.end(ctx, step, schema.StateDestroyed, b, result)
	default:
		err = r.end(ctx, step, schema.StateDeployed, b, result)
	}
	if err != nil {
		message := fmt.Sprintf("it is done, but counts as half done, because that could not be recorded: %v", err)
		result.Outcome, result.Error = schema.Failed, &schema.StepError{Message: message}
	}
	return result
}

// end remembers what became of a step that is done. One that never began is of no more than what is known of it.
func (r *run) end(ctx context.Context, step *schema.Step, state schema.RecordState, b *begun, result environments.StepResult) error {
	was := b.now
	if was == nil {
		var err error
		if was, err = r.Ownership.Record(ctx, step); err != nil {
			return err
		}
	}
	record := r.newRecord(step, state, b)
	switch {
	case result.Identity != nil && r.Ownership.owner(step) == step:
		record.Identity = result.Identity // with what was found out since it began
	case was != nil:
		record.Identity = was.Identity
	}
	if result.Fingerprint != nil {
		record.Fingerprint = result.Fingerprint
	}
	if state == schema.StateDeployed && b.now != nil {
		record.Outputs, record.Kept, record.Owed = result.Outputs, b.now.Kept, result.Owed
	}
	return r.records.Save(record, was)
}

// restore undoes begin for a step that changed nothing after all.
func (r *run) restore(b *begun) error {
	if b.now == nil {
		return nil
	}
	var moved error
	if b.pointer != nil {
		moved = r.records.Save(b.from, b.pointer)
	}
	switch {
	case b.before != nil && b.before != b.from:
		return errors.Join(moved, r.records.Save(b.before, b.now))
	case b.unsure != nil && b.from == nil:
		return r.records.Save(b.unsure, b.now)
	}
	return errors.Join(moved, r.records.Forget(b.now))
}

// stands reports whether something of a step is deployed, as far as is remembered.
func (r *run) stands(ctx context.Context, step *schema.Step, b *begun) bool {
	before := b.before
	if b.now == nil {
		before, _ = r.Ownership.Record(ctx, step)
	}
	return before.Stands()
}

func done(o schema.Outcome) bool { return o == schema.Succeeded || o == schema.Unchanged }

// recordedAsDeployed reports whether anything of a step can exist, as far as is remembered: where there is no record,
// there can.
func (r *run) recordedAsDeployed(ctx context.Context, step *schema.Step) (bool, error) {
	record, err := r.Ownership.Record(ctx, step)
	return record == nil || record.Stands(), err
}
