package secret

import "strings"

// Holds reports whether a text, such as JSON, holds a known secret. One that looks like a common word, as the password
// postgres does, counts only where it is a value: in quotes, behind = or :, before @ and the like. In postgres://db it is
// the name of something else.
//
// Only what is to be done with a whole text depends on this. String hides every occurrence.
func (r *Redactor) Holds(text string) bool {
	for _, f := range r.patterns.Load().all(text) {
		if !isCommon(text[f.begin:f.end]) || isValue(text, f) {
			return true
		}
	}
	return false
}

// Appears reports whether a secret is in a text, in clear, as Holds sees it.
func Appears(text, value string) bool {
	for begin := 0; value != ""; {
		at := strings.Index(text[begin:], value)
		if at < 0 {
			break
		}
		at += begin
		if !isCommon(value) || isValue(text, span{at, at + len(value)}) {
			return true
		}
		begin = at + 1
	}
	return false
}

// isCommon reports whether a value could be a word or a small number: up to 11 letters of one case, or digits.
func isCommon(value string) bool {
	const longest = 11
	return len(value) <= longest && (consistsOf(value, 'a', 'z') || consistsOf(value, 'A', 'Z') || consistsOf(value, '0', '9'))
}

func consistsOf(value string, low, high byte) bool {
	for i := range len(value) {
		if value[i] < low || value[i] > high {
			return false
		}
	}
	return true
}

// isValue reports whether a part of a text is a value in it, and not a piece of a longer word or address.
func isValue(text string, part span) bool {
	begins := part.begin == 0 || strings.IndexByte("\"'`=: ,;([{>\t\r\n", text[part.begin-1]) >= 0
	ends := part.end == len(text) || strings.IndexByte("\"'`@& ,;)]}<\\\t\r\n", text[part.end]) >= 0
	return begins && ends
}
