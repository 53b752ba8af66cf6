package environments

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// attempts lets a step's tool do its work, and again after a failure that passes by itself:
//
//	until the tool has succeeded, or was tried often enough, or the failure is of another kind, or ctx is done:
//	    forget what the attempt wrote for bitops
//	    pause, each time about twice as long
//
// Hooks do not run again. The step's timeout, which is in ctx, is for all attempts and pauses together. The changes of the
// attempts add up. hooks is nil for what only asks.
func (c *Call) attempts(ctx context.Context, tool Tool, hooks *exchange, body func() (Result, error)) (Result, error) {
	policy, command, runner, before := c.Step.Retry, c.Command, c.Runner, c.warnings
	artifact, planned := c.Artifact, c.Planned
	done := soFar{known: true}
	for attempt := 1; ; attempt++ {
		began := time.Now()
		c.warnings = before
		c.warnings.List = slices.Clone(before.List)
		result, err := body()
		result.Changes = done.with(result.Changes)
		if err == nil || attempt >= policy.Attempts || ctx.Err() != nil {
			return result, err
		}
		c.Artifact, c.Planned = artifact, planned // the tool may have planned the rest of what it was given
		why := c.passes(tool, err)
		if why == "" || !c.pause(ctx, attempt, why, time.Since(began), err) {
			return result, err
		}
		done.add(result.Changes, err)
		c.Command, c.Runner = command, runner // the tool may have put something in their place, and will again
		if hooks != nil {
			if err := hooks.rewind(); err != nil {
				return result, err
			}
		}
	}
}

// pause tells of an attempt that failed and waits before the next one. It is false when there can be no next one: ctx is
// done, or will be.
func (c *Call) pause(ctx context.Context, attempt int, why string, took time.Duration, err error) bool {
	pause := jittered(c.Step.Retry.Pause(attempt))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		c.Notice("not tried again: its timeout of %s is over before", c.Step.Timeout)
		return false
	}
	failed := stepError(c.phase, err)
	failed.Lines = nil // a secret that is not known yet may be in them; the log has them, and is cleaned in the end
	c.Observe(schema.Event{
		Type: schema.EventAttemptFailed, Step: c.Step.Name, Phase: c.phase, Attempt: attempt, Attempts: c.Step.Retry.Attempts,
		Reason: why, Duration: took, Pause: pause, Error: failed,
	})
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// jittered returns something between half a pause and all of it, so that steps that failed together do not all come back
// together.
func jittered(most time.Duration) time.Duration { return most/2 + rand.N(most/2+1) }

// soFar is what earlier attempts have changed.
type soFar struct {
	changes schema.Changes
	known   bool
}

// add takes over what a failed attempt has changed.
func (s *soFar) add(changes *schema.Changes, err error) {
	failure, ok := errors.AsType[*Failure](err)
	switch {
	case ok && failure.Untouched:
	case changes == nil:
		s.known = false
	default:
		s.changes = *changes
	}
}

// with returns the changes of one more attempt together with the earlier ones, nil when nobody knows them.
func (s *soFar) with(changes *schema.Changes) *schema.Changes {
	switch {
	case !s.known || changes == nil:
		return nil
	case s.changes.Empty():
		return changes
	}
	all := s.changes.Plus(changes)
	all.Resources = append(append(all.Resources, s.changes.Resources...), changes.Resources...)
	return &all
}
