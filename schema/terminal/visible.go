package terminal

import (
	"strconv"
	"strings"
	"unicode"
)

// Visible returns a name on one line, with nothing in it left out or obeyed: control characters and what turns the
// direction of the text are written out (`\n`, `\x1b`, `\u202e`), so that two names never look the same. Bytes that are
// not UTF-8 are replaced. Tabs stay.
func Visible(name string) string {
	if IsHarmless(name) {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		WriteRune(&b, r)
	}
	return b.String()
}

// IsHarmless reports whether a text is printable ASCII and tabs.
func IsHarmless(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\t') || c > '~' {
			return false
		}
	}
	return true
}

// WriteRune writes a character as Visible shows it.
func WriteRune(b *strings.Builder, r rune) {
	if r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
		return
	}
	b.WriteRune(r) // U+FFFD for a byte that is not UTF-8
}
