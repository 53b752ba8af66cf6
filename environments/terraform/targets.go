package terraform

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Targets of the file come first: each is applied by itself, in their order, and then everything, as BitOps v2 does it. They
// are for stacks of which terraform cannot plan the rest before they exist.
//
//	apply      apply -target=a, apply -target=b, apply
//	preview    plan; where that fails, plan with as many of the targets as can be planned
//	saved      the same; where it is not the whole, what is left is planned once that is applied
//	destroy    everything
//
// Targets of a variable are all that there is to do, and nothing is destroyed with them.

// readTargets reads the targets.
func (s *settings) readTargets(v *schema.ToolValues) {
	all := words(v.List(keyTargets))
	if s.limitedBy = decidedBy(v, keyTargets); s.limitedBy == "" {
		s.first = all
		return
	}
	if len(all) == 1 {
		all = splitTargets(all[0])
	}
	s.targets = all
}

// removes reports whether a command takes the step down.
func (s settings) removes(command schema.Command) bool {
	return command.Destroys() || s.action == actionDestroy && command != schema.CommandDrift
}

// wholeDestroyed refuses to take down a part: what is left would count as destroyed.
func (s settings) wholeDestroyed(command schema.Command) error {
	if !s.removes(command) || len(s.targets) == 0 {
		return nil
	}
	return environments.Failuref("variable %s limits the step to %s, and a destroy takes all of it; unset the variable",
		s.limitedBy, strings.Join(s.targets, ", "))
}

// tellTargets tells what targets mean for what a call does.
func (s settings) tellTargets(c *environments.Call) error {
	switch {
	case s.removes(c.Command) && len(s.first) > 0:
		c.Notice("cli.targets do not count: a destroy takes all of the step")
	case len(s.targets) > 0:
		c.Notice("variable %s limits it to %s; the rest stays as it is", s.limitedBy, strings.Join(s.targets, ", "))
	}
	return s.wholeDestroyed(c.Command)
}

// applyFirst applies each target of the file.
func (s *session) applyFirst(ctx context.Context) (*schema.Changes, error) {
	var done *schema.Changes
	for _, target := range s.first {
		told, err := s.change(ctx, "apply", []string{target}, "-auto-approve")
		if done = done.And(told.changes()); err != nil {
			return done, err
		}
	}
	return done, nil
}

// planFar plans the whole, or where that fails as many of the file's targets as can be planned and change something. Known are
// so many that are done already. It returns how many targets are planned, all of them and the rest being one more.
func (s *session) planFar(ctx context.Context, known int) (environments.Result, int, error) {
	result, err := s.planOf(ctx, s.targets)
	left, ok := errors.AsType[*environments.Failure](err)
	if !ok || ctx.Err() != nil || environments.Passes(transient(), left) {
		return result, len(s.first) + 1, err
	}
	for n := len(s.first); n > known; n-- {
		first, failed := s.planOf(ctx, s.first[:n])
		if failed != nil {
			continue
		}
		if !changesResources(first.Changes) {
			break
		}
		first.Changes.First, first.Outputs = true, nil
		first.Deferred = fmt.Sprintf("what depends on %s cannot be planned before; %s first, and the rest is planned then", strings.Join(s.first[:n], ", "), comes(n))
		first.Error = left
		return first, n, s.keepFirst(n)
	}
	return environments.Result{}, 0, err
}

func comes(n int) string {
	if n == 1 {
		return "the target comes"
	}
	return "the targets come"
}

// changesResources reports whether changes are of more than outputs.
func changesResources(c *schema.Changes) bool {
	resources := *c
	resources.Outputs = 0
	return !resources.Empty()
}

// firstName is a document in a step's artifact: how many targets are all that its plan is of.
const firstName = "first.json"

func (s *session) keepFirst(n int) error { return s.Keep(firstName, n) }

// applyReviewed applies a saved plan, and where that is of the first targets plans the rest and applies it.
func (s *session) applyReviewed(ctx context.Context) (environments.Result, error) {
	known := len(s.first) + 1
	if _, err := s.Kept(firstName, &known); err != nil {
		return environments.Result{}, err
	}
	result, err := s.applyPlanned(ctx)
	for err == nil && known <= len(s.first) {
		done := result.Changes
		if err := s.PlanRest(); err != nil {
			return result, err
		}
		rest, n, err := s.planFar(ctx, known) // more than before
		if err == nil {
			err = s.ApplyRest(rest.Changes)
		}
		if err != nil {
			return result, err
		}
		known = n
		result, err = s.applyPlanned(ctx)
		result.Changes = done.And(result.Changes)
		if err != nil {
			return result, err
		}
	}
	return result, err
}
