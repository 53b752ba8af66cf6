package secret

import "strings"

// A Stream redacts text that comes in pieces. A secret that straddles pieces is found, so the beginning of what may
// become one is held back: never more than the longest known form less a byte. What all calls return together is
// what Redactor.String makes of the whole text, provided that nothing was added meanwhile; a value added while its
// beginning has been shown is found from its next occurrence on. One goroutine uses a Stream.
type Stream struct {
	redactor *Redactor
	held     string // a suffix of the text so far
	masked   int    // so many bytes of held belong to a secret that is shown as *** already
}

// Stream returns a Stream that hides what r knows at the time of each Write.
func (r *Redactor) Stream() *Stream { return &Stream{redactor: r} }

// Write takes the next piece and returns what is safe to show now.
func (s *Stream) Write(piece string) string {
	p := s.redactor.patterns.Load()
	text := s.held + piece
	return s.show(p, text, p.open(text))
}

// Flush ends the text and returns what was held back. The Stream is then as new.
func (s *Stream) Flush() string {
	p := s.redactor.patterns.Load()
	return s.show(p, s.held, len(s.held))
}

// show returns what is to be shown of text up to the byte end, and holds the rest. No pattern that begins before end
// can become longer.
func (s *Stream) show(p *patterns, text string, end int) string {
	var out strings.Builder
	shown := s.masked
	p.each(text, func(from, to int) {
		if from >= end {
			return
		}
		if from >= shown {
			out.WriteString(text[shown:from])
			out.WriteString(Mask)
		}
		shown = max(shown, to)
	})
	if shown < end {
		out.WriteString(text[shown:end])
		shown = end
	}
	s.held, s.masked = strings.Clone(text[end:]), shown-end
	return out.String()
}
