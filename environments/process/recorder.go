package process

import (
	"context"
	"slices"
	"sync"
)

// A Recorder is the Runner of tests: it remembers every Command, and answers for it. Its zero value answers that
// every program succeeded and printed nothing. It is safe for concurrent use.
type Recorder struct {
	// Answer says how a Command ends, and may call its Stdout and Stderr. Local{}.Run passes the Command through
	// to the real program.
	Answer func(ctx context.Context, c Command) (Result, error)

	mu       sync.Mutex
	commands []Command
}

var _ Runner = (*Recorder)(nil)

// Run implements Runner.
func (r *Recorder) Run(ctx context.Context, c Command) (Result, error) {
	kept := c
	kept.Args, kept.Env = slices.Clone(c.Args), slices.Clone(c.Env)
	r.mu.Lock()
	r.commands = append(r.commands, kept)
	r.mu.Unlock()
	if r.Answer == nil {
		return Result{}, nil
	}
	return r.Answer(ctx, c)
}

// Commands returns the Commands so far, in the order in which they came.
func (r *Recorder) Commands() []Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.commands)
}
