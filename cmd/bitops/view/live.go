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

// heading counts the steps, and says how long the run takes: as much of that as fits.
func (l *live) heading(now time.Time, width int) string {
	p := l.run
	counts := []string{
		number(len(p.running)) + " running", number(p.waiting()) + " waiting",
		number(p.done) + " of " + number(p.total) + " done", number(len(p.failed)) + " failed",
	}
	if p.stopping != "" {
		counts[0] = "stopping" + l.glyphs.between + counts[0]
	}
	short := []string{counts[0], counts[2]}
	if len(p.failed) > 0 {
		short = append(short, counts[3])
	}
	spent := ticking(now.Sub(p.begun))
	full, brief := spent, spent
	if left, known := l.timeLeft(now); known {
		full, brief = spent+", about "+about(left)+" left", spent+", "+about(left)+" left"
	}
	left, right := "", ""
	for _, form := range [][2]string{
		{strings.Join(counts, l.glyphs.between), full},
		{strings.Join(counts, l.glyphs.between), brief},
		{strings.Join(short, l.glyphs.between), full},
		{strings.Join(short, l.glyphs.between), brief},
		{strings.Join(short, l.glyphs.between), spent},
		{strings.Join(short[1:], l.glyphs.between), spent},
	} {
		left, right = form[0], form[1]
		if uniseg.StringWidth(left)+uniseg.StringWidth(right)+len("--  -- ") <= width {
			break
		}
	}
	fill := max(2, width-uniseg.StringWidth(left)-uniseg.StringWidth(right)-len("--   "))
	begin := strings.Repeat(l.glyphs.line, 2)
	text := l.ink.bold(left)
	if before, ok := strings.CutSuffix(left, counts[3]); ok && len(p.failed) > 0 {
		text = l.ink.bold(before) + l.ink.alarm(counts[3])
	}
	return l.ink.faint(begin) + " " + text + " " + l.ink.faint(strings.Repeat(l.glyphs.line, fill)) + " " + right
}

// timeLeft estimates, at most once a second, and less often for many steps.
func (l *live) timeLeft(now time.Time) (time.Duration, bool) {
	p := l.run
	if l.estimate == nil || p.stopping != "" {
		return 0, false
	}
	pause := l.pause()
	if since := now.Sub(l.asked); since >= pause && l.askedFor != p.changed || since >= 10*pause || l.asked.IsZero() {
		ended, running := make(map[schema.StepName]bool, len(p.steps)), make(map[schema.StepName]time.Duration, len(p.running))
		for name, s := range p.steps {
			if s.ended {
				ended[name] = true
			}
		}
		for _, s := range p.running {
			running[s.name] = max(0, now.Sub(s.begun))
		}
		l.left, l.known = l.estimate(ended, running)
		l.asked, l.askedFor = now, p.changed
	}
	return max(0, l.left-now.Sub(l.asked)), l.known
}

// pause is how long what is known of the whole graph is shown before it is looked at again: the more steps, the longer.
func (l *live) pause() time.Duration {
	return time.Second + time.Duration(len(l.run.steps))*5*time.Millisecond
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

// waiting says for which running step most others wait. It counts anew as often as timeLeft does.
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

// ticking returns a duration as a clock shows it that is looked at again and again: 8s, 1m03s, 1h02m.
func ticking(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
}

// about returns a duration as precise as an estimate is: 3s, 40s, 4m, 1h10m.
func about(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%ds", max(1, (d+time.Second/2)/time.Second))
	case d < 85*time.Second:
		return fmt.Sprintf("%ds", d.Round(5*time.Second)/time.Second)
	case d < time.Hour-30*time.Second:
		return fmt.Sprintf("%dm", d.Round(time.Minute)/time.Minute)
	default:
		d = d.Round(5 * time.Minute)
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
}
