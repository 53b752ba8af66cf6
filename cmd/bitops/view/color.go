package view

import (
	"hash/fnv"
	"io"
	"os"
	"strings"

	"github.com/muesli/termenv"
	"golang.org/x/term"
)

// ColorAllowed reports whether what is written to w may be coloured: w is a terminal that is not dumb, NO_COLOR is not
// set in environ (a list of NAME=value), and wanted, which stands for what flags and the manifest say.
func ColorAllowed(w io.Writer, environ []string, wanted bool) bool {
	if !wanted || !isTerminal(w) {
		return false
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if name == "NO_COLOR" && value != "" || name == "TERM" && value == "dumb" {
			return false
		}
	}
	return true
}

// Width returns how many columns the terminal has that w writes to, or 0 when it is none.
func Width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ink colours text, or leaves it as it is: colour only repeats what the words say.
type ink struct{ color bool }

// text returns one line of foreign text as it may be shown. Its own colours stay only where colour is allowed.
func (k ink) text(s string) string { return printable(s, k.color) }

func (k ink) bold(s string) string  { return k.style(s, termenv.Style.Bold) }
func (k ink) faint(s string) string { return k.style(s, termenv.Style.Faint) }
func (k ink) red(s string) string   { return k.paint(s, termenv.ANSIRed) }
func (k ink) green(s string) string { return k.paint(s, termenv.ANSIGreen) }
func (k ink) amber(s string) string { return k.paint(s, termenv.ANSIYellow) }

// alarm is for what must not be overlooked.
func (k ink) alarm(s string) string { return k.bold(k.red(s)) }

// byName colours s with a colour that belongs to a name and is the same in every run.
func (k ink) byName(s, name string) string {
	colors := []termenv.ANSIColor{
		termenv.ANSICyan, termenv.ANSIMagenta, termenv.ANSIBlue, termenv.ANSIGreen, termenv.ANSIYellow,
		termenv.ANSIBrightCyan, termenv.ANSIBrightMagenta, termenv.ANSIBrightBlue,
	}
	hash := fnv.New32a()
	hash.Write([]byte(name))
	return k.paint(s, colors[hash.Sum32()%uint32(len(colors))])
}

func (k ink) paint(s string, c termenv.Color) string {
	return k.style(s, func(t termenv.Style) termenv.Style { return t.Foreground(c) })
}

func (k ink) style(s string, with func(termenv.Style) termenv.Style) string {
	if !k.color || s == "" {
		return s
	}
	return with(termenv.ANSI.String(s)).String()
}
