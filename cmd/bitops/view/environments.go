package view

import (
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// environment is the steps of one environment in a report.
type environment struct {
	name  schema.EnvironmentName
	steps []*schema.StepReport
}

// byEnvironment returns the environments of a report in the order of their first steps.
func byEnvironment(r *schema.Report) []environment {
	index := map[schema.EnvironmentName]int{}
	var all []environment
	for i := range r.Steps {
		step := &r.Steps[i]
		at, known := index[step.Environment]
		if !known {
			at = len(all)
			index[step.Environment] = at
			all = append(all, environment{name: step.Environment})
		}
		all[at].steps = append(all[at].steps, step)
	}
	return all
}

// outcome returns the outcome that a person has to know first of the environment's steps. An environment with steps that
// did not start is not finished if others are done.
func (e environment) outcome() schema.Outcome {
	order := []schema.Outcome{
		schema.Failed, schema.Interrupted, schema.Held, schema.Blocked, "", schema.NotStarted,
		schema.Deferred, schema.Succeeded, schema.Unchanged,
	}
	for _, outcome := range order {
		if !e.has(func(s *schema.StepReport) bool { return s.Outcome == outcome }) {
			continue
		}
		if outcome == schema.NotStarted && e.has(done) {
			return ""
		}
		return outcome
	}
	return schema.Skipped
}

func (e environment) has(what func(*schema.StepReport) bool) bool {
	return slices.ContainsFunc(e.steps, what)
}

// done reports whether a step is done, by this run or by the one that it went on with.
func done(s *schema.StepReport) bool {
	_, is := s.Done("")
	return is
}

// changed reports whether a step of the environment changed something or may have.
func (e environment) changed() bool {
	for _, step := range e.steps {
		if step.Outcome == schema.Succeeded || counted(step) && !step.Changes.Empty() {
			return true
		}
	}
	return false
}

// changes returns the sum of the changes, or nil when no step could tell.
func (e environment) changes() *schema.Changes {
	var sum *schema.Changes
	for _, step := range e.steps {
		if counted(step) {
			sum = plus(sum, step.Changes)
		}
	}
	return sum
}

// kinds returns what the sum of the changes does not tell.
func (e environment) kinds() schema.Kinds {
	var sum schema.Kinds
	for _, step := range e.steps {
		if counted(step) {
			sum = sum.Plus(step.Changes.Kinds())
		}
	}
	return sum
}

// replaced returns how many resources are destroyed and created again.
func (e environment) replaced() int {
	n := 0
	for _, step := range e.steps {
		if step.Changes == nil || !counted(step) {
			continue
		}
		for _, r := range step.Changes.Resources {
			if r.Action == "replace" {
				n++
			}
		}
	}
	return n
}

// duration returns how long the steps took; in an environment they run one after the other.
func (e environment) duration() time.Duration {
	var sum time.Duration
	for _, step := range e.steps {
		sum += step.Duration
	}
	return sum
}

// counted reports whether the changes of a step are made, or promised. Those of a deferred or held step are neither, but for
// those that come first.
func counted(s *schema.StepReport) bool {
	return s.ShownFirst() || s.Outcome != schema.Deferred && s.Outcome != schema.Held
}

// plus returns the sum of two changes; nil is not known, and adds nothing.
func plus(a, b *schema.Changes) *schema.Changes {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	sum := a.Plus(b)
	return &sum
}

// sumOf returns what some environments change together, or nil when none could tell.
func sumOf(environments []environment) *schema.Changes {
	var sum *schema.Changes
	for _, e := range environments {
		sum = plus(sum, e.changes())
	}
	return sum
}

// deployment returns the part of a step's name behind its environment.
func deployment(s *schema.StepReport) string {
	return strings.TrimPrefix(string(s.Name), string(s.Environment)+"/")
}
