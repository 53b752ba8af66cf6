package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// A screen collects lines and writes them in one go, so that nothing comes between the lines of one event. After the
// first error of its writer it writes nothing more.
type screen struct {
	w   io.Writer
	ci  CI
	buf bytes.Buffer
	err error
}

// line adds a line of text.
func (s *screen) line(text string) {
	if s.ci == GitHub {
		text = inert(text)
	}
	s.raw(text + "\n")
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

// isCommand reports whether GitHub Actions would obey a line instead of showing it: `::name::…` after any space, or the
// older `##[name]…` anywhere.
func isCommand(line string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") || strings.Contains(line, "##[")
}

// inert returns a line that looks the same to a person and is no command to GitHub Actions.
func inert(line string) string {
	if !isCommand(line) {
		return line
	}
	line = strings.ReplaceAll(line, "##[", "## [")
	if at := strings.Index(line, "::"); at >= 0 && strings.TrimSpace(line[:at]) == "" {
		line = line[:at] + ": :" + line[at+2:]
	}
	return line
}
