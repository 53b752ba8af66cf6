package secret

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// A normal is a text in its normal form, in which a secret is found that was coloured, or wrapped at any width: without
// control sequences, white space, and characters that nothing shows. The values that are looked for have this form too
// (see formsOf).
type normal struct {
	text    string
	at      []int // the place of each byte in the original
	settled int   // up to here more text would not change how the original is read
}

// unseen are the characters that a normal form is without.
var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00, Hi: 0x20, Stride: 1}, // controls
		{Lo: 0x7f, Hi: 0x9f, Stride: 1},
		{Lo: 0xad, Hi: 0xad, Stride: 1}, // soft hyphen
		{Lo: 0x061c, Hi: 0x061c, Stride: 1},
		{Lo: 0x180e, Hi: 0x180e, Stride: 1},
		{Lo: 0x200b, Hi: 0x200f, Stride: 1}, // without a width
		{Lo: 0x2028, Hi: 0x202e, Stride: 1}, // separators, directions
		{Lo: 0x2060, Hi: 0x206f, Stride: 1},
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1},
	},
	LatinOffset: 3,
}

// isNormal reports whether a text is its own normal form, or would be without blanks. One with blanks need not be searched
// twice: it is not wrapped. It may say no of one that is normal.
func isNormal(s string) bool {
	i := 0
	for ; i+8 <= len(s) && isPrintable(s[i:i+8]); i += 8 {
	}
	for ; i < len(s); i++ {
		if doubtful[s[i]] {
			return false
		}
	}
	return true
}

// isPrintable reports whether all of eight bytes are printable ASCII, by looking at them at once: one below the first
// printable character borrows from the bit above it, one above the last carries into it.
func isPrintable(s string) bool {
	const ones = 0x0101010101010101
	v := uint64(first(s)) | uint64(first(s[4:]))<<32
	return ((v-ones*' ')|(v+ones)|v)&(ones*0x80) == 0
}

// doubtful are the bytes that unseen characters begin with, but for blanks.
var doubtful = func() (bytes [256]bool) {
	for _, r := range unseen.R16 {
		for c := rune(r.Lo); c <= rune(r.Hi); c++ {
			bytes[string(c)[0]] = true
		}
	}
	bytes['\t'], bytes[' '] = false, false
	return bytes
}()

// normalise returns the normal form of a text.
func normalise(s string) normal {
	n := normal{at: make([]int, 0, len(s)), settled: len(s)}
	text := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		plain := i
		for plain < len(s) && s[plain] > ' ' && s[plain] < 0x7f {
			n.at = append(n.at, plain)
			plain++
		}
		if plain > i {
			text = append(text, s[i:plain]...)
			i = plain
			continue
		}
		length, shown, settled := unit(s[i:])
		if !settled {
			n.settled = min(n.settled, i)
		}
		for j := i; shown && j < i+length; j++ {
			text, n.at = append(text, s[j]), append(n.at, j)
		}
		i += length
	}
	n.text = string(text)
	return n
}

// unit returns the length of the control sequence or character that s begins with; whether the normal form
// has it, and whether that is so whatever follows.
func unit(s string) (length int, shown, settled bool) {
	if length, whole := terminal.Sequence(s); length > 0 {
		return length, false, whole
	}
	r, length := utf8.DecodeRuneInString(s)
	return length, !unicode.Is(unseen, r), length > 1 || utf8.FullRuneInString(s)
}

// whiteSpace is left out of a normal form.
const whiteSpace = " \t\n\r"

// trimEnd returns a text without the white space at its end.
func trimEnd(s string) string {
	if s != "" && s[len(s)-1] > ' ' { // nearly always; TrimRight takes as long as a search of the line
		return s
	}
	return strings.TrimRight(s, whiteSpace)
}

// cut takes off what is not settled.
func (n *normal) cut() {
	length, _ := slices.BinarySearch(n.at, n.settled)
	n.text, n.at = n.text[:length], n.at[:length]
}

// before returns the last place up to the byte i of the original at which no control sequence is cut.
func (n *normal) before(i int) int {
	at, found := slices.BinarySearch(n.at, i)
	switch {
	case found:
		return i
	case at == 0:
		return 0
	}
	return n.at[at-1] + 1
}

// original returns where in the original the spans of its normal form are. Short ones with white space in them are left
// out: words make them up by chance, as "are a" makes up area.
func (n *normal) original(s string, spans []span) []span {
	var found []span
	for _, f := range spans {
		begin, end := n.at[f.begin], n.at[f.end-1]+1
		if f.end-f.begin >= minLine || !strings.ContainsAny(s[begin:end], whiteSpace) {
			found = append(found, span{begin, end})
		}
	}
	return found
}

// normalForm returns the normal form of a value.
func normalForm(value string) string {
	if isNormal(value) && !strings.ContainsAny(value, " \t") {
		return value
	}
	return normalise(value).text
}
