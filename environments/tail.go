package environments

import "github.com/bitops-engine/bitops/environments/process"

const (
	tailLines   = 20       // how many of a program's last lines a failure shows
	longestTail = 16 << 10 // from how many bytes on a line is not for people
)

// tail is the last lines of a stream. Of a long line it holds no part: what hides secrets works on whole lines, so half
// of a secret at a cut would be shown.
type tail struct {
	lines []string
	long  bool // the line under way came in pieces
}

func (t *tail) add(l process.Line) {
	text := l.Text
	if t.long || len(text) > longestTail {
		text = "(a very long line; the log has it)"
	}
	if t.long = l.Partial; t.long {
		return
	}
	if len(t.lines) == tailLines {
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, text)
}
