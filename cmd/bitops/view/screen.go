package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// A screen collects lines and writes them in one go, so that nothing comes between the lines of one event. After the
// first error of its writer it writes nothing more.
type screen struct {
	w    io.Writer
	buf  bytes.Buffer
	err  error
	held bool // flush waits: a region is drawn below the lines

	width int // of the terminal, beyond which words go to the next line; 0 when there is none
}

// line adds a line of text, made inert. On a terminal that is too narrow for it, words go to further lines, which stand a
// little to the right.
func (s *screen) line(text string) {
	s.hanging(text, len(text)-len(strings.TrimLeft(text, " "))+2)
}

// hanging is line with so many spaces before further lines.
func (s *screen) hanging(text string, indent int) {
	if s.width <= 0 {
		s.whole(text)
		return
	}
	for _, line := range hung(text, max(s.width, 40), indent) {
		s.whole(line)
	}
}

// columns adds a line of columns. On a terminal that is too narrow for it, only so many are on the line, and the others below.
func (s *screen) columns(words []string, first, indent int) {
	line := strings.TrimRight(strings.Join(words, "  "), " ")
	if s.width <= 0 || shownWidth(line) <= s.width {
		s.whole(line)
		return
	}
	s.hanging(strings.TrimRight(strings.Join(words[:first], "  "), " "), indent)
	s.hanging(strings.Repeat(" ", indent)+strings.Join(words[first:], "  "), indent)
}

// whole adds a line as it is, however long: what a tool printed, or a command that a person copies.
func (s *screen) whole(text string) {
	s.raw(inert(text) + "\n")
}

func (s *screen) linef(format string, args ...any) { s.line(fmt.Sprintf(format, args...)) }

// blank adds an empty line.
func (s *screen) blank() { s.raw("\n") }

// raw adds text that is exactly what the reader expects, markup for a CI system for instance.
func (s *screen) raw(text string) { s.buf.WriteString(text) }

// flush writes what was collected.
func (s *screen) flush() {
	if s.held {
		return
	}
	if s.err == nil && s.buf.Len() > 0 {
		_, s.err = s.w.Write(s.buf.Bytes())
	}
	s.buf.Reset()
}
