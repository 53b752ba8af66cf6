package view

import (
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// asides shows the steps that were left out or had nothing to do for a reason of their own: how many for each reason,
// and a few by name.
func (s *summary) asides() {
	skipped := s.withOutcome(schema.Skipped)
	var idle []*schema.StepReport
	for _, step := range s.withOutcome(schema.Unchanged) {
		if asideOf(step) != "" {
			idle = append(idle, step)
		}
	}
	if len(skipped)+len(idle) > 0 {
		s.blank()
	}
	s.aside("unchanged", idle)
	s.aside("skipped", skipped)
}

// asideOf returns what there is to say of a step that did nothing, or "".
func asideOf(step *schema.StepReport) string {
	if step.Reason != "" {
		return step.Reason
	}
	return replanned(step.ReplannedAfter)
}

// notSelected is why a step is skipped that gives no reason.
const notSelected = "not selected"

func (s *summary) aside(outcome string, steps []*schema.StepReport) {
	groups := s.grouped(steps, func(step *schema.StepReport) string {
		if asideOf(step) == "" {
			return notSelected
		}
		return s.ink.text(asideOf(step))
	})
	shown := s.options.limit(groupsShown, len(groups))
	for _, g := range groups[:shown] {
		who := amount(len(g.names), "step")
		if g.key != notSelected && len(g.names) <= 5 {
			who = strings.Join(g.names, ", ")
		}
		s.line(s.ink.faint(who + " " + outcome + ": " + g.key))
	}
	if rest := len(groups) - shown; rest > 0 {
		s.line(s.ink.faint("and steps " + outcome + " for " + amount(rest, "other reason")))
	}
}
