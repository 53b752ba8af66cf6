package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// ComparisonMarkdown shows what differs between two plans as a comment: the answer, every resource that only the plan of now destroys
// or replaces, then each step folded. It is never longer than limit bytes; what does not fit is counted. Values that the manifest
// keeps out of comments are not in it.
func ComparisonMarkdown(w io.Writer, c *schema.Comparison, limit int) error {
	if c.WithholdValues {
		c = c.WithoutValues()
	}
	m := &markdown{summary: &summary{screen: &screen{}}, left: limit - reserve}
	m.add("### " + inline(answer(c)) + "\n\n")
	m.add("- reviewed: " + inline(madeAs(&c.Reviewed)) + "\n- now: " + inline(madeAs(&c.Now)) + "\n\n")
	for _, note := range comparisonNotes(c) {
		m.add(inline(note) + "\n\n")
	}
	d := differences{width: commentWidth}
	if fields := diffText(d.fields(c.Fields)); fields != "" {
		m.add("```diff\n" + fields + "```\n\n")
	}
	m.newlyLost(c)
	steps, idle := stepsToTell(c)
	rest := 0
	for i := range steps {
		room := max(m.left/(len(steps)-i), min(m.left, leastDetail))
		if !m.add(m.comparedStep(d, &steps[i], room)) && !m.add(comparedLine(&steps[i])) {
			rest++
		}
	}
	for _, g := range idle {
		m.add(fmt.Sprintf("<details><summary>%s: %s</summary>\n\n%s\n\n</details>\n", inline(g.key), amount(len(g.names), "step"), codes(firstOf(g.names, 200))))
	}
	if m.left += reserve; rest > 0 {
		m.add(fmt.Sprintf("\n%s not shown, because a comment can hold no more. `bitops show` has all of it.\n", amount(rest, "more step")))
	}
	_, err := io.WriteString(w, inertLines(m.text.String()))
	return err
}

func codes(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = code(name)
	}
	return strings.Join(all, ", ")
}

// newlyLost lists every resource that only the plan of now destroys or replaces.
func (m *markdown) newlyLost(c *schema.Comparison) {
	if c.NewlyLost == 0 {
		return
	}
	m.add("#### Destroyed or replaced only now\n\n")
	listed := 0
	for i := range c.Steps {
		step := &c.Steps[i]
		if step.NewlyLost == 0 {
			continue
		}
		var lines strings.Builder
		for n := range step.Resources[:step.NewlyLost] {
			lines.WriteString(resourceLine(nowWithCause(&step.Resources[n])))
		}
		if m.add("In " + code(string(step.Name)) + ":\n\n```diff\n" + lines.String() + "```\n\n") {
			listed += step.NewlyLost
		}
	}
	if rest := c.NewlyLost - listed; rest > 0 {
		m.add("and " + amount(rest, "more resource") + "\n\n")
	}
}

func comparedLine(step *schema.StepDifference) string {
	return fmt.Sprintf("<div><b>%s</b> %s</div>\n", inline(string(step.Name)), inline(behindStep(step)))
}

// comparedStep shows what differs of a step in at most so many bytes, as far as that is possible.
func (m *markdown) comparedStep(d differences, step *schema.StepDifference, room int) string {
	body := diffText(d.stepFields(step))
	left := 0
	for i := range step.Resources {
		mark, text := comparedHead(&step.Resources[i])
		head := fmt.Sprintf("%s %s\n", pad(inDiff(mark), 3), shortened(text, 400))
		all := head + diffText(d.comparedResource(&step.Resources[i]))
		switch {
		case len(body)+len(all) <= room-reserve:
			body += all
		case len(body)+len(head) <= room-reserve:
			body += head
		default:
			left++
		}
	}
	if outputs := diffText(d.comparedAttributes(step.Outputs)); outputs != "" && len(body)+len(outputs) <= room-reserve {
		body += outputsTitle + "\n" + outputs
	}
	if beside := diffText(d.comparedBeside(step)); len(body)+len(beside) <= room-reserve {
		body += beside
	}
	if left > 0 {
		body += "    and " + amount(left, "more resource") + "\n"
	}
	open := ""
	if step.NewlyLost > 0 {
		open = " open"
	}
	return fmt.Sprintf("<details%s><summary><b>%s</b>%s</summary>\n\n```diff\n%s```\n\n</details>\n",
		open, inline(string(step.Name)), joined(" ", inline(behindStep(step))), body)
}
