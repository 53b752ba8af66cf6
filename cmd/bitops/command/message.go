package command

import (
	"fmt"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
)

// say writes a message to standard error. What is in it may be foreign, so it is made harmless.
func (w *World) say(format string, args ...any) {
	_, _ = fmt.Fprintf(messages{w}, format, args...)
}

// print writes a message to standard output, as say does to standard error.
func (w *World) print(format string, args ...any) {
	_ = view.Message(w.Out, fmt.Sprintf(format, args...))
}

// messages is a writer whose every Write is a message on standard error, which can be on the terminal that shows a run.
type messages struct{ world *World }

// Write implements io.Writer.
func (m messages) Write(text []byte) (n int, err error) {
	write := func() { err = view.Message(m.world.Err, string(text)) }
	if shown := m.world.screen.Load(); shown != nil {
		shown.aside(write)
	} else {
		write()
	}
	return len(text), err
}
