package terminal_test

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema/terminal"
)

func TestStrip(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"as it is, \x07 and \r and \xff":     "as it is, \x07 and \r and \xff",
		"\x1b[31mred\x1b[0m and \x1b]0;t\ag": "red and g",
		"\x1b":                               "",
		"a\x1b[12":                           "a[12",
		"\u009b31mred\u009d0;t\u009c, é":     "red, é",
		"\u0090":                             "",
		"\xc2":                               "\xc2",
	} {
		if got := terminal.Strip(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestSequence(t *testing.T) {
	endless := "\x1b]0;" + strings.Repeat("x", terminal.LongestSequence)
	for text, want := range map[string]struct {
		length int
		whole  bool
	}{
		"":                   {0, true},
		"text":               {0, true},
		"\x1b[1;31mred":      {7, true},
		"\x1b[1;3":           {1, false},
		"\x1b[1;\x1b[m":      {1, true},
		"\x1b":               {1, false},
		"\x1b(":              {1, false},
		"\x1b(B":             {3, true},
		"\x1b]0;title":       {1, false},
		"\x1b]0;title\x1b\\": {11, true},
		"\x1b]0;title\u009c": {11, true},
		"\u009b31m":          {5, true},
		"\u009b31":           {2, false},
		"\u0085":             {0, true},
		endless:              {1, true},
	} {
		length, whole := terminal.Sequence(text)
		if length != want.length || whole != want.whole {
			t.Errorf("%.20q: %d %t, want %d %t", text, length, whole, want.length, want.whole)
		}
	}
}

// Cut anywhere, the beginning of a whole sequence is either that or says that more could come.
func FuzzSequence(f *testing.F) {
	for _, seed := range []string{"\x1b[1;31mred", "\x1b]0;t\a", "\u009d0;x\u009c", "\x1b(B", "\x1bP\x1b\\", "\x1b[\x1b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		length, _ := terminal.Sequence(s)
		if length < 0 || length > len(s) {
			t.Fatalf("%q: %d", s, length)
		}
		for cut := range length {
			begun, whole := terminal.Sequence(s[:cut])
			if cut > 1 && whole && begun != length {
				t.Fatalf("%q: %d of %d bytes are said to be whole", s[:cut], begun, length)
			}
		}
	})
}
