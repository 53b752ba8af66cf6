package view

import (
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/bitops-engine/bitops/schema"
)

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
