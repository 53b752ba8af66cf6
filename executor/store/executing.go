package store

import (
	"context"
	"os"

	"github.com/bitops-engine/bitops/schema"
)

// Executing returns the holders of locks by the runs that they execute. A run of this checkout is looked up in the locks
// of this checkout first: these are exact, also on the machine whose heartbeat is still fresh in a shared store.
func (s *Store) Executing(ctx context.Context) (map[schema.RunID]Holder, error) {
	here, err := s.fileLocks().holders()
	if err != nil {
		return nil, err
	}
	byRun := map[schema.RunID]Holder{}
	add(byRun, here)
	if s.shared == nil {
		return byRun, nil
	}
	all, err := s.shared.locks.holders(ctx)
	if err != nil {
		return nil, s.shared.named(err)
	}
	var others []Holder
	for _, h := range all {
		if _, known := byRun[h.Run]; known {
			continue
		}
		_, err := os.Stat(s.Run(h.Run))
		h.Lost = h.Lost || err == nil && h.missing()
		others = append(others, h)
	}
	add(byRun, others)
	return byRun, nil
}

// add adds the holders that execute a run. Of several for one run, one that is alive counts.
func add(byRun map[schema.RunID]Holder, holders []Holder) {
	for _, h := range holders {
		if known, ok := byRun[h.Run]; h.Run != "" && (!ok || !known.Alive()) {
			byRun[h.Run] = h
		}
	}
}

// Alive reports whether the holder's process lives, as far as one look can tell: a holder in a shared store whose clock is
// wrong may be taken for dead.
func (h Holder) Alive() bool { return !h.Silent && !h.Gone() }

// Gone reports whether the holder's process is known to be gone.
func (h Holder) Gone() bool { return h.Lost || h.dead() || len(h.Left) > 0 }
