package secret

import (
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// mostHeld is how many bytes a Stream holds back at the most. What would need more is withheld.
const mostHeld = 128 << 10

// cloneFrom is how much memory a Stream may keep from being freed for a small tail, in bytes. To copy a tail at each line
// takes longer than to look through the line.
const cloneFrom = 4 << 10

// A Stream redacts text that comes in pieces, line by line. A secret that straddles pieces is found, so the beginning of
// what may become one is held back: at most as long as the longest known form, and up to the end of its line. There it
// is decided: half of a secret, or 8 bytes, are withheld (***), less is shown, and either way a secret that the next lines
// continue is found. So a value that is wrapped at any width is hidden but for a few bytes, and no line waits for another.
//
// A value that is added while its beginning has been shown is found from its next occurrence on. One goroutine uses a
// Stream.
type Stream struct {
	redactor *Redactor
	held     string // a suffix of the text so far
	done     int    // so many bytes of held are shown or hidden already
	fresh    bool   // those are of earlier lines
}

// Stream returns a Stream that hides what r knows at the time of each call.
func (r *Redactor) Stream() *Stream { return &Stream{redactor: r} }

// Write takes the next piece of a line, more of which is to come, and returns what is safe to show now.
func (s *Stream) Write(piece string) string {
	p, text := s.next(piece)
	found, open := p.begun(text, false)
	if len(text)-open > mostHeld {
		found, open = append(found, span{max(open, s.done), len(text)}), len(text)
	}
	return s.show(text, found, open, max(open, s.done))
}

// Line takes the rest of a line, without the line end, and returns the rest of what is to be shown of it.
func (s *Stream) Line(rest string) string {
	p, text := s.next(rest)
	found, open := p.begun(text, true)
	if from := open + p.withheld(text[open:]); from < len(text) {
		found = append(found, span{from, len(text)})
	}
	shown := s.show(text, found, open, len(text))
	s.done, s.fresh = len(s.held), true
	return shown
}

// next returns the patterns, and the text that they are to be looked for in when more of it comes. Of earlier lines that
// is nothing if a secret cannot go on.
func (s *Stream) next(piece string) (*patterns, string) {
	p := s.redactor.patterns.Load()
	if s.fresh && s.done == len(s.held) {
		if !p.continues(s.held, piece) {
			s.held, s.done, s.fresh = "", 0, false
			return p, piece
		}
		s.held += "\n"
		s.done++
	}
	return p, s.held + piece
}

// Flush ends the text and returns what was held back. The Stream is then as new.
func (s *Stream) Flush() string {
	found := s.redactor.patterns.Load().all(s.held)
	shown := s.show(s.held, found, len(s.held), len(s.held))
	*s = Stream{redactor: s.redactor}
	return shown
}

// show returns what is to be shown of text up to the byte end, and keeps what comes behind from.
func (s *Stream) show(text string, found []span, from, end int) string {
	shown, next := hide(text, found, s.done, end, s.fresh)
	s.fresh = s.fresh && next == s.done
	if s.held, s.done = text[from:], max(0, next-from); from > cloneFrom {
		s.held = strings.Clone(s.held)
	}
	return shown
}

// hide returns text[from:end] with every span replaced that begins there or reaches into it, and up to where the text is
// shown or hidden: a span can reach beyond end. Spans that overlap are one. Of one that begins before from, another ***
// is shown only on a fresh line. The spans need not be sorted.
func hide(text string, found []span, from, end int, fresh bool) (shown string, next int) {
	if len(found) == 0 {
		return text[from:end], end
	}
	slices.SortStableFunc(found, func(a, b span) int { return a.begin - b.begin })
	var out strings.Builder
	next = from
	for _, f := range found {
		if f.begin >= min(end, f.end) || f.end <= next {
			continue
		}
		if f.begin >= next || fresh && next == from {
			out.WriteString(text[next:max(next, f.begin)])
			out.WriteString(Mask)
			if strings.Contains(text[f.begin:f.end], terminal.Escape) {
				out.WriteString(resetColors) // some of those that were in there
			}
		}
		next = f.end
	}
	if next < end {
		out.WriteString(text[next:end])
		next = end
	}
	return out.String(), next
}

// resetColors is the control sequence that ends all colours.
const resetColors = terminal.Escape + "[0m"
