package command

import (
	"fmt"
	"io"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
)

// say writes a message to standard error. What is in it may be foreign, so it is made harmless.
func (w *World) say(format string, args ...any) {
	_ = view.Message(w.Err, fmt.Sprintf(format, args...))
}

// print writes a message to standard output, as say does to standard error.
func (w *World) print(format string, args ...any) {
	_ = view.Message(w.Out, fmt.Sprintf(format, args...))
}

// messages is a writer whose every Write is a message.
type messages struct{ w io.Writer }

// Write implements io.Writer.
func (m messages) Write(text []byte) (int, error) { return len(text), view.Message(m.w, string(text)) }
