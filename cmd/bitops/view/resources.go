package view

import (
	"fmt"
	"slices"
	"strings"

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
		return "-/+", "destroyed and created anew", true
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

// resources shows the resources that change, those first that are lost.
func (s *summary) resources(indent string, c *schema.Changes) {
	if c == nil {
		return
	}
	sorted := slices.Clone(c.Resources)
	slices.SortStableFunc(sorted, func(a, b schema.ResourceChange) int { return rank(a) - rank(b) })
	shown := sorted[:s.options.limit(resourcesShown, len(sorted))]
	addresses := make([]string, len(shown))
	for i, r := range shown {
		addresses[i] = visible(r.Address)
	}
	width := column(48, addresses...)
	for i, r := range shown {
		mark, remark, lost := sign(r.Action)
		line := pad(mark, 3) + " " + addresses[i]
		if remark != "" {
			line = pad(mark, 3) + " " + pad(addresses[i], width) + "  " + visible(remark)
		}
		s.line(indent + s.paintMark(line, mark, lost))
	}
	if rest := sorted[len(shown):]; len(rest) > 0 {
		s.line(indent + "and " + number(len(rest)) + " more: " + tally(rest))
	}
}

func rank(r schema.ResourceChange) int {
	if _, _, lost := sign(r.Action); lost {
		return 0
	}
	return 1
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
