package store

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Lock keeps everybody else out of its holder's environments until it is released.
type Lock interface {
	// Working tells everybody who looks which run the holder is executing, "" for none.
	Working(run schema.RunID) error

	// Assured returns nil while the holder may begin something new, or why it may not: too long nobody could be told that
	// it lives, or somebody has taken the lock.
	Assured() error

	// Gone is done when somebody else has taken the lock, and its cause says so.
	Gone() context.Context

	// Release gives the environments back. A second call does nothing.
	Release() error
}

// LockOptions say how long to wait for a lock.
type LockOptions struct {
	Timeout time.Duration                     // 0: not at all
	Waiting func(*LockedError, time.Duration) // is told once for whom, and up to how long; may be nil
	Lease   time.Duration                     // of a lock that other machines see; 0: DefaultLease
	Alone   func()                            // is called when nobody else is at work in this checkout, before anybody can be; may be nil

	// Keep has somebody else hold a file open should this process die, for as long as what it has started is alive; forget
	// ends that. May be nil.
	Keep func(*os.File) (forget func())
}

// errTryAgain says that nobody is known to be in the way, and still the lock was not to be had.
var errTryAgain = errors.New("somebody else was faster")

// Lock takes the holder's environments, all of them or none, and returns a *LockedError when somebody else has one of
// them and gives it back in time neither. Whoever locks more while holding a lock must not wait.
func (s *Store) Lock(ctx context.Context, h Holder, o LockOptions) (Lock, error) {
	begun, wait := time.Now(), firstLook
	for told := false; ; {
		l, err := s.tryLock(ctx, h, o)
		locked, isLocked := errors.AsType[*LockedError](err)
		if err == nil || !isLocked && !errors.Is(err, errTryAgain) {
			return l, err
		}
		patient := o.Timeout
		if isLocked && locked.Holder.dead() && len(locked.Holder.Left) == 0 {
			patient = max(patient, afterDeath)
		}
		left := patient - time.Since(begun)
		if isLocked && left <= 0 {
			return nil, err
		}
		if isLocked && !told && o.Waiting != nil {
			told = true
			o.Waiting(locked, patient)
		}
		rest := jitter()
		if isLocked {
			rest, wait = min(wait+rest/4, left), min(2*wait, s.slowestLook())
		}
		if err := pause(ctx, rest); err != nil {
			return nil, err
		}
	}
}

// afterDeath is how long somebody who does not want to wait waits all the same for what a killed bitops had started.
const afterDeath = time.Minute

// firstLook is after how long a lock that somebody else holds is looked at again for the first time; then it takes twice as
// long each time.
const firstLook = 50 * time.Millisecond

// slowestLook is the longest until somebody looks again. In a bucket each look is three requests.
func (s *Store) slowestLook() time.Duration {
	if s.shared == nil {
		return 200 * time.Millisecond
	}
	return 2 * time.Second
}

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

// tryLock takes the locks of the checkout first, and then those that others see.
func (s *Store) tryLock(ctx context.Context, h Holder, o LockOptions) (Lock, error) {
	local, err := s.fileLocks().try(h, o)
	if err != nil || s.shared == nil {
		return local, err
	}
	l, err := s.shared.lock(ctx, h, local, cmp.Or(o.Lease, DefaultLease))
	if err != nil {
		return nil, errors.Join(err, local.Release())
	}
	return l, nil
}

// Holders returns who is at work.
func (s *Store) Holders(ctx context.Context) ([]Holder, error) {
	if s.shared != nil {
		holders, err := s.shared.locks.holders(ctx)
		return holders, s.shared.named(err)
	}
	return s.fileLocks().holders()
}

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
func (s *Store) Take(ctx context.Context, h Holder) error {
	if s.shared == nil {
		return s.fileLocks().take(h)
	}
	if errors.Is(syscall.Kill(h.Process, 0), syscall.ESRCH) && h.survived(s.left) {
		return &LeftError{Holder: h}
	}
	return s.shared.named(s.shared.locks.remove(ctx, func(e entry) bool { return e.is(h) }))
}
