package command

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/bitops-engine/bitops/environments/process"
)

// paged writes a text to standard output. Where a person is at a terminal and the text is longer than that, it goes through their
// pager, and paged reports it. A pager that is not there is no error: the text is written plainly.
func (g *global) paged(ctx context.Context, write func(io.Writer) error) (read bool, err error) {
	tty, line := g.redrawable(), g.pager()
	if tty == nil || line == "" || !g.interactive() || !inForeground(tty) {
		return false, write(g.Out)
	}
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return false, err
	}
	_, height, err := term.GetSize(int(tty.Fd()))
	if err == nil && height > 0 && bytes.Count(text.Bytes(), []byte("\n")) >= height {
		pager := process.Pager{Line: line, Env: g.pagerEnviron(), TTY: tty, Text: bytes.NewReader(text.Bytes()), Stopped: stop}
		if read, err = pager.Show(ctx); read {
			return true, context.Cause(ctx)
		}
		if err != nil {
			g.log.Debug("no pager", "error", err)
		}
	}
	_, err = g.Out.Write(text.Bytes())
	return false, err
}

// pager returns the command line of the person's pager, "" for none. As for git, an empty variable and cat mean none.
func (g *global) pager() string {
	for _, name := range []string{"BITOPS_PAGER", "PAGER"} {
		if !g.isSet(name) {
			continue
		}
		if line := g.variable(name); line != "cat" {
			return line
		}
		return ""
	}
	return "less"
}

func (w *World) isSet(variable string) bool {
	return slices.ContainsFunc(w.Environ, func(entry string) bool { return strings.HasPrefix(entry, variable+"=") })
}

// pagerEnviron returns the caller's variables, and as git does, what makes less end by itself on a short text, show colours and leave
// the text on the screen.
func (g *global) pagerEnviron() []string {
	environ := slices.Clone(g.Environ)
	for _, preset := range []string{"LESS=FRX", "LV=-c"} {
		if name, _, _ := strings.Cut(preset, "="); !g.isSet(name) {
			environ = append(environ, preset)
		}
	}
	return environ
}

// stop stops this process until a shell continues it. Where none would, it does nothing.
func stop() {
	if canContinue() {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
		time.Sleep(10 * time.Millisecond) // it stops during this, and wakes up continued
	}
}
