package view

import (
	"strings"
	"time"
)

// minutely says once a minute what runs, where nothing can be drawn over: in a pipe, in CI, on a dumb terminal.
type minutely struct {
	last time.Time // when it said so last, or the run began
}

// silence is the longest time without a sign of life, and tick how often there is an opportunity to end it.
const (
	silence = time.Minute
	tick    = time.Second
)

// namedRunning is how many running steps are named.
const namedRunning = 3

// line returns what there is to say now, "" for nothing.
func (m *minutely) line(now time.Time, p *progress, k ink) string {
	if p.begun.IsZero() {
		return ""
	}
	if m.last.IsZero() {
		m.last = p.begun
	}
	if now.Sub(m.last) <= silence-tick || len(p.running) == 0 {
		return ""
	}
	m.last = now
	var names []string
	for _, s := range longestFirst(p.running) {
		names = append(names, visible(s.name)+" "+ticking(now.Sub(s.begun)))
	}
	text := strings.Join(firstOf(names, namedRunning), ", ")
	return "  " + k.faint(pad("running", labels)) + "  " + text
}
