package view

import (
	"strings"
	"unicode/utf8"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// printable returns one line of foreign text as it may be shown: escape sequences are gone, every other control
// character and everything that turns the direction of the text is written out (`\x07`, `\u202e`), bytes that are not
// UTF-8 are replaced. Tabs stay. With colors, sequences that only set colours stay too, and end with the line.
func printable(s string, colors bool) string {
	if terminal.IsHarmless(s) {
		return s
	}
	var b strings.Builder
	painted := false
	for s != "" {
		n, _ := terminal.Sequence(s)
		switch {
		case n > 0 && colors && terminal.SetsColors(s[:n]):
			b.WriteString(s[:n])
			painted = true
		case n == 0:
			var r rune
			r, n = utf8.DecodeRuneInString(s)
			terminal.WriteRune(&b, r)
		}
		s = s[n:]
	}
	if painted {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// visible returns a name with nothing in it left out or taken for anything else: where text goes without its escape
// sequences, a name shows them, for two names must not look the same.
func visible[T ~string](name T) string { return terminal.Visible(string(name)) }

// lines returns foreign text as printable lines, without empty ones at its end.
func lines(s string, colors bool) []string {
	all := strings.Split(strings.TrimRight(s, "\r\n"), "\n")
	for i, line := range all {
		all[i] = printable(afterReturn(line), colors)
	}
	return all
}

// afterReturn returns what a terminal leaves of a line that was written over: programs draw progress so.
func afterReturn(line string) string {
	line = strings.TrimRight(line, "\r")
	return line[strings.LastIndexByte(line, '\r')+1:]
}
