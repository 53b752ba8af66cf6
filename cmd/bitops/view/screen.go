package view

import (
	"bytes"
	"fmt"
	"io"
)

// A screen collects lines and writes them in one go, so that nothing comes between the lines of one event. After the
// first error of its writer it writes nothing more.
type screen struct {
	w   io.Writer
	buf bytes.Buffer
	err error
}

// line adds a line of text, made inert.
func (s *screen) line(text string) {
	s.raw(inert(text) + "\n")
}

func (s *screen) linef(format string, args ...any) { s.line(fmt.Sprintf(format, args...)) }

// blank adds an empty line.
func (s *screen) blank() { s.raw("\n") }

// raw adds text that is exactly what the reader expects, markup for a CI system for instance.
func (s *screen) raw(text string) { s.buf.WriteString(text) }

// flush writes what was collected.
func (s *screen) flush() {
	if s.err == nil && s.buf.Len() > 0 {
		_, s.err = s.w.Write(s.buf.Bytes())
	}
	s.buf.Reset()
}
