package view

import (
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// Problems shows every problem: where, what, and what to do about it, and at the end how many there are. The prefix
// comes before each file name, to make it one from where the person stands: "../", or "".
func Problems(w io.Writer, ps schema.Problems, color bool, prefix string) error {
	out, k := &screen{w: w, width: Width(w)}, ink{color}
	warnings := 0
	for _, p := range ps {
		severity := k.alarm("error")
		if p.Severity == schema.SeverityWarning {
			warnings++
			severity = k.amber("warning")
		}
		at := ""
		if p.File != "" {
			at = k.bold(visible(prefix+p.Position.String())) + ": "
		}
		message := lines(p.Message, false)
		out.line(at + severity + ": " + message[0])
		for _, more := range message[1:] {
			out.line("    " + more)
		}
		for i, hint := range lines(p.Hint, false) {
			if i == 0 && hint != "" {
				hint = k.faint("hint:") + " " + hint
			}
			if hint != "" {
				out.line("    " + hint)
			}
		}
	}
	if len(ps) > 0 {
		out.line(tallyOf(len(ps), warnings))
	}
	out.flush()
	return out.err
}

// tallyOf returns how many problems there are, and how many of them stop nothing.
func tallyOf(all, warnings int) string {
	switch warnings {
	case 0:
		return amount(all, "problem")
	case all:
		return amount(all, "warning")
	}
	return amount(all-warnings, "problem") + " and " + amount(warnings, "warning")
}
