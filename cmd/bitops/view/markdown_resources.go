package view

import (
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// resourceList shows resources as a diff, which is coloured, in so many bytes: the name of each, then what changes of those that
// lose something, then of the others. No line of it can end the block: each begins with a sign or with spaces.
func resourceList(b *strings.Builder, c *schema.Changes, room int) {
	sorted := byDanger(c.Resources)
	shown := sorted[:min(len(sorted), commentResources)]
	heads, used := make([]string, len(shown)), 0
	for i := range shown {
		heads[i] = resourceLine(&shown[i])
		if used += len(heads[i]); used > room && i > 0 {
			heads, shown = heads[:i], shown[:i]
			break
		}
	}
	d := differences{width: commentWidth}
	beside := diffText(d.beside(c))
	if outputs := diffText(d.outputs(c)); outputs != "" {
		beside = outputsTitle + "\n" + outputs + beside
	}
	if used+len(beside) > room {
		beside = ""
	}
	used += len(beside)
	if len(shown) == 0 && beside == "" {
		return
	}
	withheld := 0
	b.WriteString("```diff\n")
	for i := range shown {
		b.WriteString(heads[i])
		text := diffText(d.resource(&shown[i]))
		if used += len(text); used > room {
			used -= len(text)
			withheld++
			continue
		}
		b.WriteString(text)
	}
	b.WriteString(beside + "```\n\n")
	if rest := sorted[len(shown):]; len(rest) > 0 {
		fmt.Fprintf(b, "and %s more: %s\n\n", number(len(rest)), inline(tally(rest)))
	}
	if withheld > 0 {
		fmt.Fprintf(b, "What changes of %s is in <code>bitops show</code>.\n\n", amount(withheld, "resource"))
	}
}

// resourceLine returns the line of a resource in a diff.
func resourceLine(r *schema.ResourceChange) string {
	mark, _, _ := sign(r.Action)
	return fmt.Sprintf("%s %s%s\n", pad(inDiff(mark), 3), shortened(visible(r.Address), 300), joined("  # ", shortened(remark(r), 300)))
}

// inDiff returns the sign with which a diff is coloured as it should be.
func inDiff(mark string) string {
	if mark == "~" {
		return "!"
	}
	return mark
}

// diffText returns what changes of a resource as lines of a diff.
func diffText(all []diffLine) string {
	var b strings.Builder
	for _, l := range all {
		text := l.text + joined("  # ", l.remark())
		line := inDiff(string(l.sign)) + strings.Repeat(" ", 7+2*l.depth) + shortened(text, 600)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
