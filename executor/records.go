package executor

import (
	"context"
	"fmt"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// begun is what was remembered of a step when it began to change the world.
type begun struct {
	before *schema.Record // nil for nothing
	kept   string         // the hash of its files, as they are kept now
}

// begin remembers that a step is about to change the world, so that one that never ends is not forgotten. What it left
// behind earlier stays known, and is returned. A step that cannot be remembered must not start.
func (r *run) begin(ctx context.Context, step *schema.Step) (b begun, err error) {
	if ctx.Err() != nil {
		return b, context.Cause(ctx)
	}
	if err = r.Emitter.Err(); err == nil {
		b.before, err = r.records.Record(ctx, step.Name)
	}
	if err == nil {
		var outputs schema.Values
		if b.before != nil {
			outputs, b.kept = b.before.Outputs, b.before.Kept
		}
		b.kept = r.keepFiles(ctx, step, b.kept)
		err = r.save(step, schema.StatePartial, outputs, b.kept)
	}
	if err != nil {
		return begun{}, fmt.Errorf("not started, because it could not be recorded: %w", err)
	}
	return b, nil
}

// keepFiles keeps the files of a step that is about to be applied, and returns their hash. A step goes on without.
func (r *run) keepFiles(ctx context.Context, step *schema.Step, was string) string {
	if r.Keep == nil || r.plan.Command.Destroys() {
		return was
	}
	hash, err := r.Keep(ctx, step, was)
	if err != nil {
		r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf(
			"should it leave the manifest one day, bitops cannot take it down: %v", err)})
	}
	return hash
}

// keep remembers what a step left behind. A step that is done and cannot be remembered counts as failed: its record says
// that it is half done. b is what was remembered when it began. A run that was interrupted remembers too, so ctx ends none
// of this.
func (r *run) keep(ctx context.Context, step *schema.Step, b begun, result environments.StepResult) environments.StepResult {
	ctx, before := context.WithoutCancel(ctx), b.before
	var err error
	command := r.commandOf(result)
	switch {
	case r.plan.Command == schema.CommandDestroy && result.Outcome == schema.Skipped && r.stands(ctx, step, before):
		message := fmt.Sprintf("%s, but it is deployed, so it is not taken down and neither is what it depends on", result.Reason)
		result.Outcome, result.Error = schema.Failed, &schema.StepError{Message: message}
		if before != nil {
			err = r.records.Save(before)
		}
	case result.Outcome == schema.Held && before != nil:
		err = r.records.Save(before)
	case result.Outcome == schema.Held:
		err = r.forget(ctx, step)
	case command.Previews() && before == nil:
	case command.Previews() && done(result.Outcome), result.Outcome == schema.Skipped && before != nil:
		err = r.records.Save(before)
	case result.Outcome == schema.Skipped:
		err = r.forget(ctx, step)
	case !done(result.Outcome):
	case command == schema.CommandDestroy:
		err = r.save(step, schema.StateDestroyed, nil, "")
	default:
		err = r.save(step, schema.StateDeployed, result.Outputs, b.kept)
	}
	if err != nil {
		message := fmt.Sprintf("it is done, but counts as half done, because that could not be recorded: %v", err)
		result.Outcome, result.Error = schema.Failed, &schema.StepError{Message: message}
	}
	return result
}

// stands reports whether something of a step is deployed, as far as is remembered.
func (r *run) stands(ctx context.Context, step *schema.Step, before *schema.Record) bool {
	if before == nil {
		before, _ = r.records.Record(ctx, step.Name)
		if before != nil && r.begunHere(before) {
			return false
		}
	}
	return before != nil && before.State != schema.StateDestroyed
}

// begunHere reports whether a record is no more than what begin wrote in this run.
func (r *run) begunHere(record *schema.Record) bool {
	return record.State == schema.StatePartial && record.Run == r.Emitter.Run
}

// forget undoes begin for a step that had no record and was left out after all.
func (r *run) forget(ctx context.Context, step *schema.Step) error {
	record, err := r.records.Record(ctx, step.Name)
	if err != nil || record == nil || !r.begunHere(record) {
		return err
	}
	return r.records.Forget(step.Name)
}

func done(o schema.Outcome) bool { return o == schema.Succeeded || o == schema.Unchanged }

func (r *run) save(step *schema.Step, state schema.RecordState, outputs schema.Values, kept string) error {
	return r.records.Save(&schema.Record{
		Version: schema.RecordVersion, Step: step.Name, Environment: step.Environment, Tool: step.Tool,
		State: state, Run: r.Emitter.Run, Time: r.Now(), Outputs: outputs, DependsOn: step.DependsOn, Kept: kept,
	})
}

// recordedAsDeployed reports whether anything of a step can exist, as far as is remembered: where there is no record,
// there can.
func (r *run) recordedAsDeployed(ctx context.Context, step *schema.Step) (bool, error) {
	record, err := r.records.Record(ctx, step.Name)
	return record == nil || record.State != schema.StateDestroyed, err
}
