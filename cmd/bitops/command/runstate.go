package command

import (
	"context"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// addStates says of each report without an end whether its run is running or was killed, and which process executes it.
// A run that has ended since its journal was read is read again: its lock is gone because of that. When the locks cannot be
// read, the states are unknown, and standard error says why.
func (r *repository) addStates(ctx context.Context, h history, reports []*schema.Report) {
	var open []int
	for i, report := range reports {
		if report.Outcome == "" {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return
	}
	holders, err := h.store.Executing(ctx)
	for _, i := range open {
		holder, held := holders[reports[i].Run]
		if err == nil && (!held || !holder.Alive()) {
			if again, err := h.run(ctx, reports[i].Run); err == nil {
				reports[i] = again
			}
		}
		if reports[i].Outcome == "" {
			addState(reports[i], holder, held, err)
		}
	}
	if err != nil {
		r.say("bitops: whether unfinished runs are still running is not known, because their locks cannot be read: %v", err)
	}
}

func addState(r *schema.Report, h store.Holder, held bool, err error) {
	switch {
	case err != nil:
		r.State = schema.RunUnknown
	case held && h.Alive():
		r.State = schema.RunRunning
	default:
		r.State = schema.RunKilled
	}
	if held {
		r.Holder = &schema.RunHolder{User: h.User, Host: h.Host, Process: h.Process, Since: h.Since, Heard: h.Heard, Left: h.Left}
	}
}
