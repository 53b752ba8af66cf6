package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/bitops-engine/bitops/schema"
)

// Estimate returns how long a run still takes, given the steps that have ended and how long the running ones have run.
// Known is false when too little is known for that.
type Estimate func(ended map[schema.StepName]bool, running map[schema.StepName]time.Duration) (left time.Duration, known bool)

// live composes the rows of the region that shows a run while it runs.
type live struct {
	ink      ink
	glyphs   glyphs
	run      *progress
	usual    map[schema.StepName]time.Duration
	estimate Estimate

	left     time.Duration // what estimate said
	known    bool
	asked    time.Time     // when
	askedFor int           // and for which of run.changed
	waitsOn  *stepProgress // for which most others wait
	waits    int           // how many
	counted  time.Time     // when that was counted
	waitsFor int           // and for which of run.changed
}

// mostRows is how high the region gets on the highest terminal.
const mostRows = 12

// rows returns the region as it is now, on a terminal of this size: a heading, failures, what runs, longest first, and what
// waits. No row is wider than the terminal is less one column.
func (l *live) rows(now time.Time, width, height int) []string {
	limit := min(mostRows, height/2)
	if limit < 1 || l.run.begun.IsZero() {
		return nil
	}
	width = max(width, 20) - 1
	rows := []string{l.heading(now, width)}
	rest := limit - 1
	var waits []string
	if text := l.waiting(now, width); text != "" && rest > 2 {
		waits = []string{text}
		rest--
	}
	failures := l.failures(width, min(3, rest/3))
	rows = append(rows, failures...)
	rows = append(rows, l.running(now, width, rest-len(failures))...)
	return append(rows, waits...)
}

// failures shows failed steps, the first ones, which caused the others.
func (l *live) failures(width, limit int) []string {
	var rows []string
	for _, s := range l.run.failed[:min(limit, len(l.run.failed))] {
		name := l.glyphs.name(cell(s.name), min(40, width*2/5))
		rest := width - len("  FAILED  ") - uniseg.StringWidth(name) - 2
		text := l.glyphs.words(cell(printable(s.error, false)), rest)
		rows = append(rows, "  "+l.ink.alarm("FAILED")+"  "+name+joined("  ", text))
	}
	return rows
}

// running shows the running steps, the longest first, as many as there is room for.
func (l *live) running(now time.Time, width, limit int) []string {
	all := l.run.running
	if len(all) == 0 || limit < 1 {
		return nil
	}
	sorted := longestFirst(all)
	more := ""
	if len(sorted) > limit {
		sorted = sorted[:limit-1]
		more = l.ink.faint("  and " + number(len(all)-len(sorted)) + " more")
	}
	names := make([]string, len(sorted))
	for i, s := range sorted {
		names[i] = cell(s.name)
	}
	column := column(max(12, min(40, width*2/5)), names...)
	var rows []string
	for i, s := range sorted {
		rows = append(rows, l.row(s, names[i], column, now, width))
	}
	if more != "" {
		rows = append(rows, more)
	}
	return rows
}

func longestFirst(running []*stepProgress) []*stepProgress {
	sorted := slices.Clone(running)
	slices.SortStableFunc(sorted, func(a, b *stepProgress) int { return a.begun.Compare(b.begun) })
	return sorted
}

// shortestUsual is below what nothing is said of how long a step usually takes: it ends before that is read.
const shortestUsual = 5 * time.Second

// row shows one running step: its name, how long it has run, what it does, and how long it usually takes.
func (l *live) row(s *stepProgress, name string, column int, now time.Time, width int) string {
	name = pad(l.glyphs.name(name, column), column)
	spent := padLeft(ticking(now.Sub(s.begun)), 6)
	usual := ""
	if d := l.usual[s.name]; d >= shortestUsual && width >= 60 {
		usual = "usually " + about(d)
	}
	rest := width - 2 - column - 2 - uniseg.StringWidth(spent) - 2
	room := rest
	if usual != "" {
		room -= uniseg.StringWidth(usual) + 2
	}
	doing := l.glyphs.words(strings.TrimSpace(cell(printable(afterReturn(s.doing), false))), room)
	if usual != "" {
		doing = pad(doing, room) + "  " + l.ink.faint(usual)
	}
	return strings.TrimRight("  "+name+"  "+spent+"  "+doing, " ")
}

// waiting says for which running step most others wait. It counts again as often as timeLeft estimates.
func (l *live) waiting(now time.Time, width int) string {
	over := l.waitsOn == nil || l.waitsOn.ended
	if l.waitsFor != l.run.changed && (over || now.Sub(l.counted) >= l.pause()) {
		l.waitsOn, l.waits = l.run.behind()
		l.waitsFor, l.counted = l.run.changed, now
	}
	if l.waitsOn == nil {
		return ""
	}
	text := fmt.Sprintf("+%s wait for ", number(l.waits))
	if l.waits == 1 {
		text = "+1 waits for "
	}
	return "  " + l.ink.faint(text+l.glyphs.name(cell(l.waitsOn.name), width-2-len(text)))
}

// cell returns foreign text as it may stand in a row: on one line, without anything that moves the cursor.
func cell[T ~string](text T) string { return strings.ReplaceAll(visible(text), "\t", " ") }
