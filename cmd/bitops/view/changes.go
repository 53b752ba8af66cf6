package view

import (
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// changesShown is how many environments the last screen shows one by one.
const changesShown = 20

// changes shows what a run changed, a line for each environment.
func (s *summary) changes() {
	var changed []environment
	for _, e := range s.environments {
		if e.changed() {
			changed = append(changed, e)
		}
	}
	if len(changed) == 0 {
		return
	}
	s.section("Changed", s.ink.bold)
	shown := changed[:s.options.limit(changesShown, len(changed))]
	what, names := make([]string, len(shown)), make([]string, len(shown))
	for i, e := range shown {
		what[i], names[i] = counts(e.changes()), s.options.name(visible(e.name), min(48, s.options.width()/2))
		if what[i] == "" {
			what[i] = "done"
		}
	}
	whatWidth, nameWidth := column(20, what...), column(48, names...)
	for i, e := range shown {
		line := "  " + pad(what[i], whatWidth) + "   " + pad(names[i], nameWidth) + "  " + padLeft(elapsed(e.duration()), 6)
		if o := e.outcome(); o != schema.Succeeded && o != schema.Unchanged {
			line += "  " + s.ink.amber("then "+outcomeWord(o))
		}
		s.line(line + s.behind(e))
	}
	if rest := changed[len(shown):]; len(rest) > 0 {
		s.linef("  and %s%s", amount(len(rest), "more environment"), joined(": ", counts(sumOf(rest))))
	}
}

// total returns the line that sums the run up.
func (s *summary) total() string {
	if s.report.Command.Previews() {
		return s.planTotal()
	}
	count := map[schema.Outcome]int{}
	for _, e := range s.environments {
		count[e.outcome()]++
	}
	done := "deployed"
	if s.report.Command == schema.CommandDestroy {
		done = "destroyed"
	}
	kinds := []struct {
		word  string
		n     int
		paint func(string) string
	}{
		{done, count[schema.Succeeded], s.ink.green},
		{"unchanged", count[schema.Unchanged], plain},
		{"failed", count[schema.Failed], s.ink.alarm},
		{"blocked", count[schema.Blocked], s.ink.amber},
		{"interrupted", count[schema.Interrupted], s.ink.amber},
		{"held", count[schema.Held], s.ink.amber},
		{"deferred", count[schema.Deferred], s.ink.amber},
		{s.unfinished(), count[""], s.ink.amber},
		{"not started", count[schema.NotStarted], s.ink.amber},
	}
	var parts []string
	for _, kind := range kinds {
		switch {
		case kind.n == 0:
		case len(parts) == 0:
			parts = append(parts, kind.paint(amount(kind.n, "environment")+" "+kind.word))
		default:
			parts = append(parts, kind.paint(number(kind.n)+" "+kind.word))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "Nothing to do"
	}
	if sum := sumOf(s.environments); !sum.Empty() {
		text += ": " + fmt.Sprintf("+%d ~%d -%d", sum.Add, sum.Change, sum.Remove)
	}
	if s.report.Duration > 0 {
		text += " in " + elapsed(s.report.Duration)
	}
	return text
}

func plain(s string) string { return s }
