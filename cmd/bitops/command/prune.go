package command

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/bitops-engine/bitops/schema"
)

// prune removes the oldest runs until no more than keep are left. Runs that are at work stay, the last one that was there to
// change something does, and so do those that can be resumed, with all that they went on with, until they are resumed or
// later runs have taken them over. Where that cannot be found out, nothing is removed.
func (h history) prune(ctx context.Context, keep int) error {
	var failed error
	once := func(find func(context.Context) (map[schema.RunID]bool, error)) func() map[schema.RunID]bool {
		return sync.OnceValue(func() map[schema.RunID]bool {
			ids, err := find(ctx)
			failed = cmp.Or(failed, err)
			return ids
		})
	}
	working, latest, needed := once(h.working), once(h.latest), once(h.needed)
	err := h.store.Prune(ctx, keep, func(id schema.RunID) bool {
		if working()[id] || latest()[id] || failed != nil {
			return true
		}
		first, last, err := h.outline(ctx, id) // of most runs, this says enough
		failed = cmp.Or(failed, err)
		return failed != nil || mayGoOn(&first, &last) && (needed()[id] || failed != nil)
	})
	return cmp.Or(failed, err)
}

// working returns the runs that are at work.
func (h history) working(ctx context.Context) (map[schema.RunID]bool, error) {
	holders, err := h.store.Holders(ctx)
	ids := make(map[schema.RunID]bool, len(holders))
	for _, holder := range holders {
		ids[holder.Run] = true
	}
	return ids, err
}

// needed returns the open runs, and those behind them.
func (h history) needed(ctx context.Context) (map[schema.RunID]bool, error) {
	open, ids, err := h.open(ctx)
	for i := range open {
		ids[open[i].Run] = true
	}
	return ids, err
}

// latest returns the last run that was there to change something, and those after it that may have been, and cannot be read.
func (h history) latest(ctx context.Context) (map[schema.RunID]bool, error) {
	all, err := h.store.Runs(ctx)
	ids := map[schema.RunID]bool{}
	for _, id := range slices.Backward(all) {
		first, _, err := h.outline(ctx, id)
		if err == nil && first.Type == "" {
			first.Command, _, err = h.store.Begun(ctx, id)
		}
		if err != nil {
			return nil, err
		}
		ids[id] = !first.Command.Previews()
		if ids[id] && first.Type != "" {
			break
		}
	}
	return ids, err
}
