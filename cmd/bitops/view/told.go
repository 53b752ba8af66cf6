package view

import (
	"html"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// toldShown is how many lines are shown of what a tool printed as its plan.
const toldShown = 40

// told shows what a tool printed as its plan.
func (s *summary) told(indent string, step *schema.StepReport) {
	if s.options.Summary {
		return
	}
	for _, line := range ends(step.Told, s.options.limit(toldShown, len(step.Told))) {
		for _, part := range wrapped(printable(line, false), s.options.width()-len(indent)-len("| ")) {
			s.line(indent + s.ink.faint("|") + joined(" ", part))
		}
	}
}

// ends returns so many lines of a text at most: most of its beginning, and its end, which often sums it up.
func ends(all []string, most int) []string {
	if len(all) <= most {
		return all
	}
	tail := most / 4
	head := max(most-tail-1, 0)
	some := append([]string{}, all[:head]...)
	some = append(some, "("+amount(len(all)-head-tail, "more line")+"; bitops show -v has them)")
	return append(some, all[len(all)-tail:]...)
}

// toldBlock shows what a tool printed as its plan in so many bytes. No line of it can end the block.
func toldBlock(all []string, room int) string {
	if len(all) == 0 {
		return ""
	}
	for most := min(len(all), commentResources); most > 0; most /= 2 {
		var b strings.Builder
		b.WriteString("<pre>\n")
		for _, line := range ends(all, most) {
			b.WriteString(html.EscapeString(shortened(printable(line, false), 400)) + "\n")
		}
		b.WriteString("</pre>\n\n")
		if b.Len() <= room {
			return b.String()
		}
	}
	return "What its tool says is in <code>bitops show</code>.\n\n"
}
