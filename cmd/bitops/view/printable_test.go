package view

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for _, test := range []struct{ name, in, plain, colored string }{
		{"plain text stays", "a\tb c", "a\tb c", "a\tb c"},
		{"letters of all languages stay", "naïve 日本 שלום", "naïve 日本 שלום", "naïve 日本 שלום"},
		{"colours stay where allowed, and end with the line", "\x1b[1;31mred", "red", "\x1b[1;31mred\x1b[0m"},
		{"cursor movement goes", "a\x1b[2J\x1b[1;1Hb", "ab", "ab"},
		{"private sequences ending in m are no colours", "\x1b[>4;2mx\x1b[?25mx", "xx", "xx"},
		{"titles go", "a\x1b]0;title\ab\x1b]2;x\x1b\\c", "abc", "abc"},
		{"of hyperlinks the text stays", "\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link", "link"},
		{"the text behind an open title stays", "a\x1b]0;title", "a]0;title", "a]0;title"},
		{"device control strings go", "a\x1bPq#0\x1b\\b", "ab", "ab"},
		{"character set selection goes", "\x1b(0lqk\x1b(B", "lqk", "lqk"},
		{"a lone escape goes", "a\x1b", "a", "a"},
		{"an unfinished sequence leaves its text", "a\x1b[12\x1b[1mb", "a[12b", "a[12\x1b[1mb\x1b[0m"},
		{"eight-bit sequences go", "a\u009b31mb\u009d0;x\u009cc", "abc", "abc"},
		{"other eight-bit controls are written out", "a\u0085b\u009b", `a\u0085b`, `a\u0085b`},
		{"other controls are written out", "a\x07\x08\x00\x7f\r", `a\a\b\x00\x7f\r`, `a\a\b\x00\x7f\r`},
		{"direction marks are written out", "a\u202eb\u2066", `a\u202eb\u2066`, `a\u202eb\u2066`},
		{"line separators are written out", "a\u2028b\nc", `a\u2028b\nc`, `a\u2028b\nc`},
		{"what is not UTF-8 is replaced", "a\xffb\x9b31m", "a\ufffdb\ufffd31m", "a\ufffdb\ufffd31m"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := printable(test.in, false); got != test.plain {
				t.Errorf("without colours: %q, want %q", got, test.plain)
			}
			if got := printable(test.in, true); got != test.colored {
				t.Errorf("with colours: %q, want %q", got, test.colored)
			}
		})
	}
}

func TestNamesStayApart(t *testing.T) {
	if got := visible("a\x1b[1mb"); got != `a\x1b[1mb` {
		t.Errorf("got %q", got)
	}
}

func TestLinesShowWhatATerminalLeaves(t *testing.T) {
	got := lines("10%\r100%\r\nnext\r\n\n", false)
	if want := "100%|next"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

var colors = regexp.MustCompile(`\x1b\[[0-9;:]*m`)

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b[31mred\x1b[0m", "\x1b]0;t\a", "\x1b", "\u009b1m", "\xff\x1bP\x9c", "\x1b[\x1b[31m1m", "\u202e", "\u009d0;x\u009c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain := printable(s, false)
		for _, text := range []string{plain, colors.ReplaceAllString(printable(s, true), ""), visible(s)} {
			if !utf8.ValidString(text) {
				t.Fatalf("%q became %q, which is not UTF-8", s, text)
			}
			for _, r := range text {
				if r != '\t' && unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
					t.Fatalf("%q became %q, which holds %q", s, text, r)
				}
			}
		}
		if again := printable(plain, false); again != plain {
			t.Fatalf("%q became %q, and that %q", s, plain, again)
		}
		if inert := inert(plain); isCommand(inert) {
			t.Fatalf("%q is still a command", inert)
		}
	})
}
