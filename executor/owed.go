package executor

import (
	"context"
	"fmt"
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

// owed returns what earlier applies of a step have left its tool to do.
func (r *run) owed(ctx context.Context, step *schema.Step) []string {
	record, err := r.Ownership.Record(ctx, step)
	if err != nil || record == nil {
		return nil // what reads the record next says why
	}
	return record.Owed
}

// keepOwed remembers what a step that did not end well leaves its tool to do. That it could not is said.
func (r *run) keepOwed(step *schema.Step, b *begun, owed []string) {
	if b.now == nil || slices.Equal(b.now.Owed, owed) {
		return
	}
	now := *b.now
	now.Owed = owed
	if err := r.records.Save(&now, b.now); err != nil {
		r.Emitter.Emit(schema.Event{Type: schema.EventNotice, Step: step.Name, Text: fmt.Sprintf("what it has still to do could not be recorded: %v", err)})
		return
	}
	b.now = &now
}
