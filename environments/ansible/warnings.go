package ansible

import (
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// warnings finds ansible's warnings in what it prints on standard error. They are wrapped there, at words:
//
//	[WARNING]: provided hosts list is empty, only localhost is available. Note
//	that the implicit localhost does not match 'all'
//
// It belongs to one program.
type warnings struct {
	tell func(schema.Warning)
	text string // of the warning under way
	last string // its last line
}

// wrappedAt is where ansible wraps what it prints into a pipe (Display._set_column_width in lib/ansible/utils/display.py).
const wrappedAt = 79

var warningLine = regexp.MustCompile(`^\[(?:WARNING|DEPRECATION WARNING)\]: *(.*)`)

// line takes one line. A warning is told when the next line does not belong to it, or by end.
func (w *warnings) line(line string) {
	line = strings.TrimRight(line, " ")
	word, _, _ := strings.Cut(line, " ")
	m := warningLine.FindStringSubmatch(line)
	switch {
	case m != nil:
		w.end()
		w.text = m[1]
	case w.text != "" && line != "" && len(w.last)+1+len(word) > wrappedAt:
		w.text += " " + line
	default:
		w.end()
	}
	w.last = line
}

// end tells the warning under way.
func (w *warnings) end() {
	if w.text != "" {
		w.tell(schema.Warning{Text: w.text})
	}
	w.text = ""
}
