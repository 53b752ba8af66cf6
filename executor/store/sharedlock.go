package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// DefaultLease is how long a lock that is shared with other machines outlives a holder that nobody hears of any more.
const DefaultLease = 2 * time.Minute

// LostLockError says that a run no longer has the environments that it is at work in: somebody took them.
type LostLockError struct{ Store string }

func (e *LostLockError) Error() string {
	return fmt.Sprintf("the lock in %s is gone: somebody else took it, after `bitops unlock` or because nothing was heard from here for too long", e.Store)
}

// sharedLock is a Lock that other machines see. While it is held, a goroutine counts its heartbeat up and looks whether
// the lock is still there.
type sharedLock struct {
	shared *Shared
	entry  entry
	local  Lock // of this checkout

	gone context.Context
	lose context.CancelCauseFunc
	stop context.CancelFunc
	done chan struct{} // closed when the heart has stopped

	mu      sync.Mutex
	pulse   heartbeat
	sure    time.Time // when the lock was known to be held
	trouble error     // why it is not known any more, or nil
}

var _ Lock = (*sharedLock)(nil)

// lockShared takes the environments among all machines; local is the lock of this checkout, which it owns from then on.
func (s *Shared) lock(ctx context.Context, h Holder, local Lock, lease time.Duration) (Lock, error) {
	if err := s.checkConditional(ctx); err != nil {
		return nil, err
	}
	begun := time.Now()
	e, err := s.locks.try(ctx, h, lease)
	if err != nil {
		return nil, s.named(err)
	}
	l := &sharedLock{shared: s, entry: *e, local: local, done: make(chan struct{}), sure: begun, pulse: heartbeat{Run: h.Run}}
	l.gone, l.lose = context.WithCancelCause(context.Background())
	beating, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.live(beating)
	return l, nil
}

// live keeps the lock until it is told to stop, or the lock is gone.
func (l *sharedLock) live(ctx context.Context) {
	defer close(l.done)
	ticker := time.NewTicker(l.entry.Lease / 6)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		requests, cancel := context.WithTimeout(ctx, l.entry.Lease/3)
		err := l.beat(requests)
		cancel()
		if _, lost := errors.AsType[*LostLockError](err); lost {
			l.lose(err)
			return
		}
	}
}

// beat shows that the holder lives, and makes sure that it still has its lock.
func (l *sharedLock) beat(ctx context.Context) error {
	begun := time.Now()
	l.mu.Lock()
	l.pulse.Count++
	l.pulse.Time = begun
	pulse := l.pulse
	l.mu.Unlock()
	err := l.shared.locks.beat(ctx, l.entry.Token, pulse)
	var now *table
	if err == nil {
		now, err = l.shared.locks.last(ctx)
	}
	if err == nil && !now.has(l.entry.Token) {
		err = &LostLockError{Store: l.shared.name}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble = err
	if err == nil {
		l.sure = begun
	}
	return err
}

// Assured implements Lock.
func (l *sharedLock) Assured() error {
	if err := context.Cause(l.gone); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if silent := passed(l.sure); silent > l.entry.Lease*2/3 {
		return fmt.Errorf("nothing new is started: %s could not be reached for %s, and after %s others may take the lock (%w)",
			l.shared.name, silent.Round(time.Second), l.entry.Lease, orUnknown(l.trouble))
	}
	return nil
}

// passed is how much time has passed, also while the machine slept: the monotonic clock stands still then, that of the wall
// does not.
func passed(since time.Time) time.Duration {
	now := time.Now()
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("this process stood still")
	}
	return err
}

// Gone implements Lock.
func (l *sharedLock) Gone() context.Context { return l.gone }

// Working implements Lock.
func (l *sharedLock) Working(run schema.RunID) error {
	if err := l.local.Working(run); err != nil {
		return err
	}
	l.mu.Lock()
	l.pulse.Run = run
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return l.shared.named(l.beat(ctx))
}

// Release implements Lock.
func (l *sharedLock) Release() error {
	if l.stop == nil {
		return nil
	}
	l.stop()
	<-l.done
	l.stop = nil
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := l.shared.locks.remove(ctx, func(e entry) bool { return e.Token == l.entry.Token })
	if err != nil {
		err = fmt.Errorf("give the lock in %s back: %w; it ends by itself after %s", l.shared.name, err, l.entry.Lease)
	}
	l.lose(errors.New("the lock was given back"))
	return errors.Join(err, l.local.Release())
}

// jitter is how long one waits who lost a race, so that the next one has another winner.
func jitter() time.Duration { return time.Duration(rand.Int64N(int64(100 * time.Millisecond))) }
