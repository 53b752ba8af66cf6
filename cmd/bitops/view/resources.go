package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/bitops-engine/bitops/schema"
)

// resourcesShown is how many resources of a step are shown one by one.
const resourcesShown = 40

// sign returns the sign of an action, what to say behind the resource, and whether something is lost.
func sign(action string) (mark, remark string, lost bool) {
	switch action {
	case "create":
		return "+", "", false
	case "update":
		return "~", "", false
	case "delete":
		return "-", "destroyed", true
	case "replace":
		return "-/+", "destroyed and created again", true
	case "read":
		return "<=", "read", false
	case "import":
		return "*", "imported", false
	case "move":
		return "*", "moved", false
	case "forget":
		return "*", "forgotten, not destroyed", false
	}
	return "*", action, false
}

// remark returns what to say behind a resource: what happens to it, and why.
func remark(r *schema.ResourceChange) string {
	_, text, lost := sign(r.Action)
	var more []string
	if r.MovedFrom != "" {
		more = append(more, strings.TrimPrefix("moved from "+visible(r.MovedFrom), text+" "))
	}
	if r.ImportedID != "" {
		more = append(more, strings.TrimPrefix("imported by its id "+visible(r.ImportedID), text+" "))
	}
	if len(more) > 0 && (r.Action == "move" || r.Action == "import") {
		text, more = text+" "+more[0], more[1:]
	}
	switch forcing := r.Forcing(); {
	case lost && len(forcing) > 0:
		names := make([]string, len(forcing))
		for i, path := range forcing {
			names[i] = visible(path)
		}
		more = append(more, "forces replacement: "+strings.Join(firstOf(names, 5), ", "))
	case r.Reason != "":
		more = append(more, visible(r.Reason))
	}
	return strings.TrimPrefix(strings.Join(append([]string{visible(text)}, more...), "; "), "; ")
}

// byDanger returns the resources with those first that are lost, then those that are changed.
func byDanger(resources []schema.ResourceChange) []schema.ResourceChange {
	sorted := slices.Clone(resources)
	slices.SortStableFunc(sorted, func(a, b schema.ResourceChange) int { return rank(a) - rank(b) })
	return sorted
}

// resources shows the resources that change, those first that are lost, and what changes of each.
func (s *summary) resources(indent string, c *schema.Changes) {
	if c == nil {
		return
	}
	sorted := byDanger(c.Resources)
	shown := sorted[:s.options.limit(resourcesShown, len(sorted))]
	addresses := make([]string, len(shown))
	for i, r := range shown {
		addresses[i] = visible(r.Address)
	}
	width := column(48, addresses...)
	if !s.options.Summary && slices.ContainsFunc(shown, func(r schema.ResourceChange) bool { return len(r.Attributes) > 0 }) {
		width = 0 // what changes stands between the lines
	}
	for i := range shown {
		s.resource(indent, &shown[i], width)
	}
	if rest := sorted[len(shown):]; len(rest) > 0 {
		s.line(indent + "and " + number(len(rest)) + " more: " + tally(rest))
	}
	if s.options.Summary {
		return
	}
	if outputs := s.differences(indent + "      ").outputs(c); len(outputs) > 0 {
		s.line(indent + outputsTitle)
		s.difference(indent+"      ", outputs)
	}
	s.difference(indent+"  ", s.differences(indent).beside(c))
}

// resource shows one resource. Its name is padded to a width.
func (s *summary) resource(indent string, r *schema.ResourceChange, width int) {
	mark, _, lost := sign(r.Action)
	address, why := visible(r.Address), remark(r)
	line := pad(mark, 3) + " " + address
	var below []string
	if with := pad(mark, 3) + " " + pad(address, width) + "  " + why; why != "" && len(indent)+uniseg.StringWidth(with) <= s.options.width() {
		line = with
	} else if why != "" {
		below = wrapped(why, s.options.width()-len(indent)-len("    "))
	}
	s.line(indent + s.paintMark(line, mark, lost))
	for _, part := range below {
		s.line(indent + "    " + s.paintMark(part, mark, lost))
	}
	if !s.options.Summary {
		s.difference(indent+"      ", s.differences(indent+"      ").resource(r))
	}
}

// differences returns what makes the lines of what changes, for what is indented so.
func (s *summary) differences(indent string) differences {
	return differences{width: max(s.options.width()-len(indent)-len("~ "), 20), verbose: s.options.Verbose, all: "-v shows them"}
}

// difference shows the lines of what changes.
func (s *summary) difference(indent string, all []diffLine) {
	for _, l := range all {
		at := indent + strings.Repeat("  ", l.depth)
		text := l.text + joined("  ", l.remark())
		paint := s.paintSign(l)
		for i, part := range wrapped(text, s.options.width()-len(at)-len("~ ")) {
			mark := " "
			if i == 0 {
				mark = string(l.sign)
			}
			s.line(strings.TrimRight(at+paint(mark+" "+part), " "))
		}
	}
}

func (s *summary) paintSign(l diffLine) func(string) string {
	switch {
	case l.forces || l.may:
		return s.ink.alarm
	case l.sign == '+':
		return s.ink.green
	case l.sign == '-':
		return s.ink.red
	case l.sign == '~':
		return s.ink.amber
	}
	return s.ink.faint
}

// rank sorts resources by how much a person has to look at them.
func rank(r schema.ResourceChange) int {
	order := []string{"update", "forget", "move", "import", "create", "read"}
	if at := slices.Index(order, r.Action); at >= 0 {
		return at + 1
	}
	return 0 // what is destroyed or replaced
}

func (s *summary) paintMark(line, mark string, lost bool) string {
	switch {
	case lost:
		return s.ink.alarm(line)
	case mark == "+":
		return s.ink.green(line)
	case mark == "~":
		return s.ink.amber(line)
	}
	return line
}

// tally returns how many resources there are of each sign.
func tally(resources []schema.ResourceChange) string {
	count := map[string]int{}
	for _, r := range resources {
		mark, _, _ := sign(r.Action)
		count[mark]++
	}
	var parts []string
	for _, mark := range []string{"-", "-/+", "+", "~", "<=", "*"} {
		if n := count[mark]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", number(n), mark))
		}
	}
	return strings.Join(parts, ", ")
}
