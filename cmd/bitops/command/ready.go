package command

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// ready makes sure, before anything starts, that no two steps own the same, that the programs of the selected steps are
// there and new enough, and that the tools can read their configuration. Each complaint is made once, however many steps
// share it.
func (s *session) ready(ctx context.Context, plan *schema.Plan) error {
	lifecycle := s.lifecycle("", plan)
	said := map[string]bool{}
	var problems schema.Problems
	if s.orphaned == nil {
		s.declared = s.declare(plan)
		problems = s.survey(plan, s.declared).Conflicts()
	}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if !step.Selected {
			continue
		}
		err := lifecycle.Check(ctx, step, plan.Command)
		if err == nil || said[err.Error()] {
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		said[err.Error()] = true
		if found, ok := errors.AsType[schema.Problems](err); ok {
			problems = append(problems, found...)
			continue
		}
		problems = append(problems, schema.Errorf(schema.Position{File: step.Directory()}, "%v", err).
			WithHint("%s", s.redact.String(saidBy(err))))
	}
	return s.placed(problems.Sorted()).Err()
}

// saidBy returns what a program said last that failed while it was asked, "" where no program did.
func saidBy(err error) string {
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		return ""
	}
	lines := slices.DeleteFunc(slices.Clone(failure.Lines), func(line string) bool { return strings.TrimSpace(line) == "" })
	return strings.Join(lines[max(len(lines)-mostSaid, 0):], "\n")
}

// mostSaid is how many lines are shown of what a program said that could not be asked.
const mostSaid = 5
