package view

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable returns one line of foreign text as it may be shown: escape sequences are gone, every other control
// character and everything that turns the direction of the text is written out (`\x07`, `\u202e`), bytes that are not
// UTF-8 are replaced. Tabs stay. With colors, sequences that only set colours stay too, and end with the line.
func printable(s string, colors bool) string {
	if harmless(s) {
		return s
	}
	var b strings.Builder
	painted := false
	for s != "" {
		n := escapeSequence(s)
		switch {
		case n > 0 && colors && setsColors(s[:n]):
			b.WriteString(s[:n])
			painted = true
		case n == 0:
			var r rune
			r, n = utf8.DecodeRuneInString(s)
			writeRune(&b, r)
		}
		s = s[n:]
	}
	if painted {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// Plain returns text without escape sequences, for files. Everything else of it stays as it is.
func Plain(s string) string {
	if !strings.Contains(s, escape) {
		return s
	}
	var b strings.Builder
	for s != "" {
		n := escapeSequence(s)
		if n == 0 {
			n = strings.IndexByte(s, escape[0])
			if n < 0 {
				n = len(s)
			}
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// visible returns a name with nothing in it left out or taken for anything else: where text goes without its escape
// sequences, a name shows them, for two names must not look the same.
func visible[T ~string](name T) string {
	if harmless(string(name)) {
		return string(name)
	}
	var b strings.Builder
	for _, r := range string(name) {
		writeRune(&b, r)
	}
	return b.String()
}

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

func harmless(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

func writeRune(b *strings.Builder, r rune) {
	if r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
		return
	}
	b.WriteRune(r) // U+FFFD for a byte that is not UTF-8
}

const escape = "\x1b"

// escapeSequence returns the length of the terminal control sequence that s begins with, or 0. Of a sequence without an
// end only the introducing character counts: nothing a person could read is lost.
func escapeSequence(s string) int {
	if !strings.HasPrefix(s, escape) {
		return 0
	}
	if len(s) == 1 {
		return 1
	}
	n := 0
	switch s[1] {
	case '[':
		n = controlSequence(s[2:])
	case ']', 'P', 'X', '^', '_':
		n = controlString(s[2:])
	default:
		return 1 + shortSequence(s[1:])
	}
	if n == 0 {
		return 1
	}
	return 2 + n
}

// controlSequence returns the length of parameters, intermediates and the final byte of a CSI sequence, or 0.
func controlSequence(s string) int {
	i := span(s, '0', '?')
	i += span(s[i:], ' ', '/')
	if i < len(s) && s[i] >= '@' && s[i] <= '~' {
		return i + 1
	}
	return 0
}

// controlString returns the length of a string up to and with its terminator, or 0.
func controlString(s string) int {
	end := 0
	for _, terminator := range []string{"\a", escape + `\`} {
		if at := strings.Index(s, terminator); at >= 0 && (end == 0 || at+len(terminator) < end) {
			end = at + len(terminator)
		}
	}
	return end
}

// shortSequence returns the length of what follows ESC in a sequence such as `ESC ( B`, or 0.
func shortSequence(s string) int {
	i := span(s, ' ', '/')
	if i < len(s) && s[i] >= '0' && s[i] <= '~' {
		return i + 1
	}
	return 0
}

// span returns how many bytes at the beginning of s lie between low and high.
func span(s string, low, high byte) int {
	i := 0
	for i < len(s) && s[i] >= low && s[i] <= high {
		i++
	}
	return i
}

// setsColors reports whether a sequence is a plain "select graphic rendition".
func setsColors(sequence string) bool {
	parameters, ok := strings.CutPrefix(sequence, escape+"[")
	parameters, m := strings.CutSuffix(parameters, "m")
	return ok && m && strings.Trim(parameters, "0123456789;:") == ""
}
