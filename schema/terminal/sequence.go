// Package terminal knows what in a text is for a terminal and not for a person: control sequences.
package terminal

import "strings"

// Escape begins most control sequences.
const Escape = "\x1b"

// LongestSequence is up to how many bytes a control sequence is taken for one. A terminal would wait for the end of a
// longer one too, but what follows an introducer without an end must not vanish.
const LongestSequence = 4 << 10

// Sequence returns the length of the control sequence that s begins with, or 0 if it begins with none. Of a sequence
// without an end only the introducing character counts, so that nothing a person could read is lost. Whole is false
// when more text could make the sequence longer.
//
// It knows the sequences of ECMA-48: CSI, the control strings (OSC, DCS, SOS, PM, APC) and ESC with one final byte; each
// introduced by ESC or by its C1 character in UTF-8.
func Sequence(s string) (length int, whole bool) {
	lead, kind := introduction(s)
	if lead == 0 {
		return 0, true
	}
	begin, find := 2, shortSequence
	switch kind {
	case 0: // ESC at the end
		return lead, false
	case '[':
		find = controlSequence
	case ']', 'P', 'X', '^', '_':
		find = controlString
	default:
		begin = lead
	}
	body := s[begin:min(len(s), begin+LongestSequence)]
	n, settled := find(body)
	if n == 0 {
		return lead, settled || len(body) == LongestSequence
	}
	return begin + n, true
}

// introduction returns the length of the character that introduces a sequence at the beginning of s, 0 if there is none,
// and the kind of the sequence: the byte behind ESC.
func introduction(s string) (length int, kind byte) {
	switch {
	case s == Escape:
		return 1, 0
	case strings.HasPrefix(s, Escape):
		return 1, s[1]
	case len(s) >= 2 && s[0] == 0xC2 && strings.IndexByte("\x90\x98\x9b\x9d\x9e\x9f", s[1]) >= 0:
		return 2, s[1] - 0x40 // C1 is ESC and a byte in 7 bits
	}
	return 0, 0
}

// controlSequence returns the length of parameters, intermediates and the final byte of a CSI sequence, or 0; and whether
// that is settled.
func controlSequence(s string) (length int, settled bool) {
	i := span(s, '0', '?')
	i += span(s[i:], ' ', '/')
	if i == len(s) {
		return 0, false
	}
	if s[i] >= '@' && s[i] <= '~' {
		return i + 1, true
	}
	return 0, true
}

// controlString returns the length of a string up to and with its terminator, or 0; and whether that is settled.
func controlString(s string) (length int, settled bool) {
	end := 0
	for _, terminator := range []string{"\a", Escape + `\`, "\u009c"} {
		if at := strings.Index(s, terminator); at >= 0 && (end == 0 || at+len(terminator) < end) {
			end = at + len(terminator)
		}
	}
	return end, end > 0
}

// shortSequence returns the length of what follows ESC in a sequence such as `ESC ( B`, or 0; and whether that is settled.
func shortSequence(s string) (length int, settled bool) {
	i := span(s, ' ', '/')
	if i == len(s) {
		return 0, false
	}
	if s[i] >= '0' && s[i] <= '~' {
		return i + 1, true
	}
	return 0, true
}

// span returns how many bytes at the beginning of s lie between low and high.
func span(s string, low, high byte) int {
	i := 0
	for i < len(s) && s[i] >= low && s[i] <= high {
		i++
	}
	return i
}

// Strip returns a text without control sequences. Everything else of it stays as it is.
func Strip(s string) string {
	if !strings.Contains(s, Escape) && !strings.Contains(s, "\xc2") {
		return s
	}
	var b strings.Builder
	for s != "" {
		n, _ := Sequence(s)
		if n == 0 {
			n = 1 + max(0, nextIntroducer(s[1:]))
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// nextIntroducer returns how many bytes of s come before the next that can begin a sequence.
func nextIntroducer(s string) int {
	if at := strings.IndexAny(s, "\x1b\u0090\u0098\u009b\u009d\u009e\u009f"); at >= 0 {
		return at
	}
	return len(s)
}

// SetsColors reports whether a control sequence is a plain "select graphic rendition".
func SetsColors(sequence string) bool {
	parameters, ok := strings.CutPrefix(sequence, Escape+"[")
	parameters, m := strings.CutSuffix(parameters, "m")
	return ok && m && strings.Trim(parameters, "0123456789;:") == ""
}
