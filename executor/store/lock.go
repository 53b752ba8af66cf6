package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Lock keeps everybody else out of its holder's environments until it is released.
type Lock interface {
	// Working tells everybody who looks which run the holder is executing, "" for none.
	Working(run schema.RunID) error

	// Release gives the environments back. A second call does nothing.
	Release() error
}

// LockOptions say how long to wait for a lock.
type LockOptions struct {
	Timeout time.Duration      // 0: not at all
	Waiting func(*LockedError) // is told once for whom; may be nil
	Alone   func()             // is called when nobody else is at work in this checkout, before anybody can be; may be nil
}

// errTryAgain says that nobody is known to be in the way, and still the lock was not to be had.
var errTryAgain = errors.New("somebody else was faster")

// Lock takes the holder's environments, all of them or none, and returns a *LockedError when somebody else has one of
// them and gives it back in time neither. Whoever locks more while holding a lock must not wait.
func (s *Store) Lock(ctx context.Context, h Holder, o LockOptions) (Lock, error) {
	deadline := time.Now().Add(o.Timeout)
	for told := false; ; {
		l, err := s.tryLock(ctx, h, o)
		locked, isLocked := errors.AsType[*LockedError](err)
		if err == nil || !isLocked && !errors.Is(err, errTryAgain) {
			return l, err
		}
		left := time.Until(deadline)
		if isLocked && left <= 0 {
			return nil, err
		}
		if isLocked && !told && o.Waiting != nil {
			told = true
			o.Waiting(locked)
		}
		if err := pause(ctx, min(lookAgain, max(left, 0))); err != nil {
			return nil, err
		}
	}
}

// lookAgain is how often a lock that somebody else holds is looked at.
const lookAgain = 250 * time.Millisecond

// pause waits, or returns why ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Store) tryLock(_ context.Context, h Holder, o LockOptions) (Lock, error) {
	return s.fileLocks().try(h, o.Alone)
}

// Holders returns who is at work, by the beginning of their work.
func (s *Store) Holders(context.Context) ([]Holder, error) { return s.fileLocks().holders() }

// HoldersOf returns who is at work in an environment.
func (s *Store) HoldersOf(ctx context.Context, name schema.EnvironmentName) ([]Holder, error) {
	all, err := s.Holders(ctx)
	wanted := Holder{Environments: []schema.EnvironmentName{name}}
	return slices.DeleteFunc(all, func(h Holder) bool {
		_, overlaps := h.overlap(wanted)
		return !overlaps
	}), err
}

// Take takes the lock of a holder away, who may still be at work.
func (s *Store) Take(_ context.Context, h Holder) error { return s.fileLocks().take(h) }
