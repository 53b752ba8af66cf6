package view

import "github.com/bitops-engine/bitops/schema"

// streamed is a transcript that shows every line as it comes, with its step in front. A line is never broken by one of
// another step, because an event is a whole line.
type streamed struct {
	out   *screen
	ink   ink
	names int
}

func (s *streamed) begin(names int, _ map[schema.StepName]string) { s.names = names }

func (s *streamed) event(e schema.Event) {
	name := visible(e.Step)
	prefix := s.ink.byName(pad(name, s.names)+" |", name)
	for _, line := range inside(e, s.ink) {
		s.out.whole("  " + prefix + joined(" ", line))
	}
}

func (s *streamed) finish(_ schema.Event, status []string) {
	for _, line := range status {
		s.out.hanging(line, len(margin))
	}
}

func (s *streamed) close() {}
