package view

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/bitops-engine/bitops/schema"
)

// Whatever bitops prints may be read by a CI system that obeys certain lines, so every line is made inert, wherever it is
// printed:
//
//	::set-output …      GitHub Actions, at the beginning of a line
//	##[error]…          GitHub Actions and Azure Pipelines, anywhere; ##vso[…] and ##teamcity[…] too
//	section_start:…     GitLab, with control characters, which printable has removed

// hashCommand matches the beginning of a command anywhere in a line.
var hashCommand = regexp.MustCompile(`##(\w*)\[`)

// isCommand reports whether a CI system would obey a line instead of showing it.
func isCommand(line string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") ||
		strings.Contains(line, "##") && hashCommand.MatchString(line)
}

// inert returns a line that looks the same to a person and is no command.
func inert(line string) string {
	if !isCommand(line) {
		return line
	}
	line = hashCommand.ReplaceAllString(line, "##$1 [")
	if at := strings.Index(line, "::"); at >= 0 && strings.TrimSpace(line[:at]) == "" {
		line = line[:at] + ": :" + line[at+2:]
	}
	return line
}

// inertJSON returns a JSON document that means the same, and holds no command and nothing that a terminal obeys. Those are
// always within strings.
func inertJSON(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("##"), []byte(`#\u0023`))
	if bytes.IndexFunc(text, obeyedInJSON) < 0 {
		return text
	}
	var out bytes.Buffer
	for _, r := range string(text) {
		if obeyedInJSON(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}

// obeyedInJSON reports whether encoding/json leaves a character as it is that a terminal obeys.
func obeyedInJSON(r rune) bool {
	return r >= 0x7f && unicode.In(r, unicode.Cc, unicode.Bidi_Control)
}

// Message writes what bitops has to say, for a person.
func Message(w io.Writer, text string) error {
	out := &screen{w: w, width: Width(w)}
	for _, line := range lines(text, false) {
		out.line(line)
	}
	out.flush()
	return out.err
}

// Log writes the text of a log. A return, by which programs draw progress, begins a new line.
func Log(w io.Writer, r io.Reader) error {
	out := &screen{w: w}
	from := bufio.NewReader(r)
	for out.err == nil {
		text, err := from.ReadString('\n')
		if text, ended := strings.CutSuffix(text, "\n"); ended || text != "" {
			for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r"), "\r") {
				out.line(printable(line, false))
			}
			out.flush()
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	return out.err
}

// LogLines writes the text of a log that arrives in pieces, as Log does. Nothing is shown of a line before it is whole.
type LogLines struct {
	out    *screen
	prefix string
	torn   string
}

// NewLogLines returns LogLines that write to w, each line with the name of its step in front unless that is "".
func NewLogLines(w io.Writer, step schema.StepName) *LogLines {
	l := &LogLines{out: &screen{w: w}}
	if step != "" {
		l.prefix = visible(step) + " | "
	}
	return l
}

// Add takes the next piece of the log. The error is the first one of the writer.
func (l *LogLines) Add(text string) error {
	lines := strings.Split(l.torn+text, "\n")
	l.torn = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		l.line(line)
	}
	l.out.flush()
	return l.out.err
}

// Close writes a last line that has no end.
func (l *LogLines) Close() {
	if l.torn != "" {
		l.line(l.torn)
	}
	l.torn = ""
	l.out.flush()
}

func (l *LogLines) line(line string) {
	for part := range strings.SplitSeq(strings.TrimSuffix(line, "\r"), "\r") {
		l.out.whole(l.prefix + printable(part, false))
	}
}

// inertLines makes every line of a document inert.
func inertLines(text string) string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = inert(line)
	}
	return strings.Join(all, "\n")
}
