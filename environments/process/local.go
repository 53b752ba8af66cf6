package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ErrStopped means that a Command was not started because Kill had been closed.
var ErrStopped = errors.New("everything is being killed")

// Local runs programs on this machine. Its zero value is ready for use.
type Local struct {
	// Kill, once closed, ends every running program at once and keeps new ones from starting: the user's second
	// Ctrl-C. May be nil.
	Kill <-chan struct{}

	// Guard ends the programs when this process dies. May be nil.
	Guard *Guard
}

var _ Runner = Local{}

// Run implements Runner. When ctx is done, the program's group gets exactly one SIGINT, and SIGKILL after c.Grace. Where
// the interrupt is for the program alone, what it leaves gets its own when it is gone.
// Run can outlast that only while a callback of c is running, or while the kernel cannot end the program (one of
// another user, or one that hangs in a file system).
func (l Local) Run(ctx context.Context, c Command) (Result, error) {
	if err := l.stopped(ctx); err != nil {
		return Result{}, fmt.Errorf("start %s: %w", c.Name, err)
	}
	path, err := lookup(c)
	if err != nil {
		return Result{}, err
	}
	p, err := start(c, path, l.Guard)
	if err != nil {
		return Result{}, err
	}
	defer l.Guard.ended(p.ward)
	var r Result
	l.supervise(ctx, p, c, &r)
	r.Duration = time.Since(p.started)
	p.finish(&r)
	return r, nil
}

// Keep is the Guard's Keep.
func (l Local) Keep(f *os.File) (forget func()) { return l.Guard.Keep(f) }

// stopped says why nothing may start any more.
func (l Local) stopped(ctx context.Context) error {
	select {
	case <-l.Kill:
		return ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	default:
		return nil
	}
}

// supervise returns when the leader has exited, and passes on what happens until then.
func (l Local) supervise(ctx context.Context, p *program, c Command, r *Result) {
	done, kill := ctx.Done(), l.Kill
	var expired <-chan time.Time
	for {
		select {
		case <-p.exited:
			if c.InterruptAlone && r.Interrupted && !r.Killed {
				p.interruptRest(expired, kill)
			}
			return
		case <-done:
			done, expired = nil, time.After(c.grace())
			r.Interrupted = true
			p.interrupt(c.InterruptAlone)
		case <-expired:
			expired, r.Killed = nil, true
			p.signal(syscall.SIGKILL)
		case <-kill:
			done, kill, r.Killed = nil, nil, true
			p.signal(syscall.SIGKILL)
		}
	}
}
