package command

import (
	"context"
	"errors"
	"sync"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// sessionLock is all that a session has locked: the environments that its plan selects, and those that steps were in under an
// earlier name, each from the moment that a step takes something over. It is safe for concurrent use.
type sessionLock struct {
	command schema.Command
	gone    context.Context // done with the first lock that another bitops took
	lose    context.CancelCauseFunc

	mu    sync.Mutex
	run   schema.RunID
	held  map[schema.EnvironmentName]bool
	turns parallel.Turns[schema.EnvironmentName] // see turn
	locks []store.Lock
}

var _ store.Lock = (*sessionLock)(nil)

func newSessionLock(command schema.Command, first store.Lock, names []schema.EnvironmentName) *sessionLock {
	l := &sessionLock{command: command, held: map[schema.EnvironmentName]bool{}}
	l.gone, l.lose = context.WithCancelCause(context.Background())
	_ = l.add(first, names...)
	return l
}

// add makes a lock one of the session's, which then owns it.
func (l *sessionLock) add(lock store.Lock, names ...schema.EnvironmentName) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locks = append(l.locks, lock)
	for _, name := range names {
		l.held[name] = true
	}
	gone := lock.Gone()
	context.AfterFunc(gone, func() { l.lose(context.Cause(gone)) })
	if l.run == "" {
		return nil
	}
	return lock.Working(l.run)
}

func (l *sessionLock) has(name schema.EnvironmentName) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[name]
}

// turn waits until nothing else of this session takes an environment, or has it for a moment, and returns what ends the turn.
// Otherwise the session would take itself for another bitops.
func (l *sessionLock) turn(name schema.EnvironmentName) (end func()) { return l.turns.Wait(name) }

// Working implements store.Lock.
func (l *sessionLock) Working(run schema.RunID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run = run
	return l.each(func(lock store.Lock) error { return lock.Working(run) })
}

// Assured implements store.Lock.
func (l *sessionLock) Assured() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.each(store.Lock.Assured)
}

// Gone implements store.Lock.
func (l *sessionLock) Gone() context.Context { return l.gone }

// Release implements store.Lock.
func (l *sessionLock) Release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.each(store.Lock.Release)
}

func (l *sessionLock) each(do func(store.Lock) error) error {
	errs := make([]error, 0, len(l.locks))
	for _, lock := range l.locks {
		errs = append(errs, do(lock))
	}
	return errors.Join(errs...)
}

// hold locks one more environment until the session ends, unless it has that already. It does not wait, because two sessions
// could wait for each other: busy says which other bitops has it.
func (s *session) hold(ctx context.Context, name schema.EnvironmentName) (busy string, err error) {
	l := s.lock
	defer l.turn(name)()
	if l.has(name) {
		return "", nil
	}
	lock, err := s.repository.lock(ctx, &lockOptions{lockLease: s.options.lockLease}, s.store, holder(l.command, name))
	if locked, ok := errors.AsType[*store.LockedError](err); ok {
		return locked.Error(), nil
	}
	if err != nil {
		return "", err
	}
	return "", l.add(lock, name)
}
