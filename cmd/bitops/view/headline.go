package view

import (
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// headline is what the title of a page says of a report, and what stands below it.
type headline struct{ text, tone, below string }

// headline returns how a run ended. Of a preview, that it ended well says nothing; what it found does.
func (s *summary) headline() headline {
	if !s.report.Command.Previews() {
		return headline{text: howItEnded(s.report), tone: tone(s.report.Outcome), below: s.total()}
	}
	sum := s.planSum()
	c := sum.changes
	parts := told([]figure{
		{c.Add - sum.replaced, number(c.Add-sum.replaced) + " to add"},
		{c.Change, number(c.Change) + " to change"},
		{sum.replaced, number(sum.replaced) + " to replace"},
		{c.Remove - sum.replaced, number(c.Remove-sum.replaced) + " to destroy"},
	})
	parts = append(append(parts, sum.besides()...), sum.others...)
	if _, checks := s.report.Warnings(); checks > 0 && s.report.Command == schema.CommandDrift {
		parts = append(parts, amount(checks, "check")+" failed")
	}
	if len(parts) == 0 {
		parts = append(parts, "no "+map[bool]string{false: "changes", true: "drift"}[s.report.Command == schema.CommandDrift])
	}
	h := headline{text: strings.Join(parts, ", "), tone: tone(s.report.Outcome)}
	h.below = strings.Join(told([]figure{
		{sum.changed, amount(sum.changed, "environment") + " with changes"}, {sum.same, amount(sum.same, "environment") + " unchanged"},
	}), ", ")
	if c.Remove > 0 && s.report.Outcome == schema.Succeeded {
		h.tone = "warn"
	}
	return h
}
