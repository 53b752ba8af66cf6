package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// The locks of a run are for the environments of its own manifest. What a step claims can have, or have had, an owner in
// another environment, which a run of another checkout may be changing: it can have claimed the thing and not have recorded
// it yet. So the environments of all earlier owners are locked before a claim is written down, and what was read without
// those locks is read again.

// mostClaims is how often a claim is tried when other runs claim the same key in between.
const mostClaims = 10

// settle writes down what a step claims, so that no other run can have it, and returns what is known of it then. The
// environments of earlier owners stay locked until the run has ended: what moved away from them may have to move back.
func (o *Ownership) settle(ctx context.Context, step *schema.Step, c *claimed) (*claimed, error) {
	held := map[schema.EnvironmentName]bool{step.Environment: true}
	for range mostClaims {
		free := true
		for _, owner := range c.owners() {
			if held[owner.Environment] {
				continue
			}
			if err := o.hold(ctx, step, owner); err != nil {
				return nil, err
			}
			held[owner.Environment], free = true, false
		}
		if free {
			err := o.register(ctx, c)
			if !errors.Is(err, fs.ErrExist) {
				return c, err
			}
		}
		o.readAgain(c)
		var err error
		if c, err = o.claim(ctx, step, c.id); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("other runs claim %s all the time; look which ones, and run the command again", c.id.Key)
}

// owners returns the steps that have or had what is claimed.
func (c *claimed) owners() []schema.Claimant {
	var all []schema.Claimant
	if c.from != nil {
		all = append(all, schema.Claimant{Step: c.from.Step, Environment: c.from.Environment})
	}
	for _, learn := range c.claims {
		all = append(all, learn.was...)
	}
	return all
}

// readAgain has the records of earlier owners read again when they are needed next.
func (o *Ownership) readAgain(c *claimed) {
	cache, ok := o.Records.(*recordCache)
	for _, owner := range c.owners() {
		if ok {
			cache.drop(owner.Step, nil)
		}
	}
}

// heldEarlierName returns what earlierName does, with the environment of that name locked. It is for steps that own nothing
// by name and so claim nothing.
func (o *Ownership) heldEarlierName(ctx context.Context, step *schema.Step, id *schema.Identity) (*schema.Record, error) {
	for held := step.Environment; ; {
		from, err := o.earlierName(ctx, step, id)
		if err != nil || from == nil || from.Environment == held {
			return from, err
		}
		c := &claimed{from: from}
		if err := o.hold(ctx, step, c.owners()[0]); err != nil {
			return nil, err
		}
		held = from.Environment
		o.readAgain(c)
	}
}

// hold locks the environment of an earlier owner, or refuses the claim.
func (o *Ownership) hold(ctx context.Context, step *schema.Step, owner schema.Claimant) error {
	if o.Hold == nil {
		return nil
	}
	busy, err := o.Hold(ctx, owner.Environment)
	if err != nil {
		return fmt.Errorf("lock %s, whose step %s had it before: %w", owner.Environment, owner.Step, err)
	}
	if busy == "" {
		return nil
	}
	return &environments.RefusedError{
		Reason: fmt.Sprintf("%s has or had what it owns, and cannot be looked at now: %s", owner.Step, busy),
		Hint: fmt.Sprintf("when that run has ended, check whether %s is still what %s was, and run the command again; if it was killed: bitops unlock %s",
			step.Environment, owner.Environment, owner.Environment),
	}
}

// register remembers for later runs that a step owns what it claimed.
func (o *Ownership) register(ctx context.Context, c *claimed) error {
	for _, learn := range c.claims {
		if err := o.Registry.Claim(ctx, learn.key, learn.owners, learn.was); err != nil {
			return err
		}
	}
	return nil
}
