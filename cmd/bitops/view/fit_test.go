package view

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

func TestNamesAreCutInTheMiddle(t *testing.T) {
	g, ascii := glyphsOf(false), glyphsOf(true)
	for name, c := range map[string]struct {
		g     glyphs
		name  string
		width int
		want  string
	}{
		"a name that fits stays":             {g, "backend/terraform", 17, "backend/terraform"},
		"a longer one keeps both ends":       {g, "backend/terraform", 10, "backe…form"},
		"two columns a character are two":    {g, "環境-データベース/helm", 12, "環境-…/helm"},
		"none is cut in half":                {g, "環境環境環境", 6, "環…境"},
		"combined characters stay together":  {g, "ae\u0301e\u0301e\u0301e\u0301b", 4, "ae\u0301…b"},
		"ASCII terminals get ASCII":          {ascii, "backend/terraform", 10, "back..form"},
		"almost no room shows that it is so": {g, "backend", 2, "…"},
	} {
		if got := c.g.name(c.name, c.width); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestWordsAreNeverCut(t *testing.T) {
	g := glyphsOf(false)
	for name, c := range map[string]struct {
		text  string
		width int
		want  string
	}{
		"a text that fits stays":             {"waiting for redis", 17, "waiting for redis"},
		"the last word goes":                 {"waiting for redis", 16, "waiting for…"},
		"a word that just fits stays":        {"waiting for redis", 12, "waiting for…"},
		"and one that just does not is gone": {"waiting for redis", 11, "waiting…"},
		"a first word that is too long":      {"module.net.aws_vpc.main: creating", 16, "module.n…c.main:"},
		"no room at all":                     {"waiting", 1, ""},
	} {
		if got := g.words(c.text, c.width); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Whatever a name or a text is, it fits, and of a text only whole words are shown unless its first one is too long.
func TestFits(t *testing.T) {
	letters := rapid.StringOfN(rapid.SampledFrom([]rune("ab /.-é環境👩🏽\u0301")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		g := glyphsOf(rapid.Bool().Draw(t, "ascii"))
		text, width := letters.Draw(t, "text"), rapid.IntRange(0, 30).Draw(t, "width")
		for what, got := range map[string]string{"name": g.name(text, width), "words": g.words(text, width)} {
			if uniseg.StringWidth(got) > width {
				t.Fatalf("%s: %q is wider than %d", what, got, width)
			}
		}
		got, cut := strings.CutSuffix(g.words(text, width), g.cut)
		cut = cut && got+g.cut != text
		first, _, _ := strings.Cut(strings.TrimLeft(text, " "), " ")
		if cut && uniseg.StringWidth(first) <= width-uniseg.StringWidth(g.cut) && got != "" && !strings.HasPrefix(text, got+" ") {
			t.Fatalf("%q of %q ends in a word", got, text)
		}
	})
}

func TestLinesHang(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a line that fits stays":               {"  short", "  short"},
		"words go to the next line":            {"  a line that is too long for it", "  a line that is too|    long for it"},
		"columns stay together where they fit": {"  ok    backend/tf   +1 ~0 -0", "  ok    backend/tf|    +1 ~0 -0"},
		"a word that is too long stays whole":  {"logs: .bitops/runs/20261126-185023-220e7e", "logs:|    .bitops/runs/20261126-185023-220e7e"},
		"and so does a command":                {"resume it: `bitops apply --resume` now", "resume it:|    `bitops apply --resume`|    now"},
		"colours take no room":                 {"\x1b[31m  a line that is \x1b[0m red", "\x1b[31m  a line that is \x1b[0m red"},
		"a lone backtick is a word's":          {"it` is a line that is too long", "it` is a line that is|    too long"},
	} {
		if got := strings.Join(hung(c.text, 22, 4), "|"); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Lines hang within the width but for words that are longer, and say the same.
func TestLinesHangWithinTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab  /.-環`")), 1, 120, -1).Draw(t, "text")
		width, indent := rapid.IntRange(20, 60).Draw(t, "width"), rapid.IntRange(0, 8).Draw(t, "indent")
		var words []string
		for _, line := range hung(text, width, indent) {
			words = append(words, strings.Fields(line)...)
			if rest := strings.TrimLeft(line, " "); uniseg.StringWidth(line) > width && strings.Contains(rest, " ") && !strings.Contains(rest, "`") {
				t.Fatalf("%q is wider than %d", line, width)
			}
		}
		if got, want := strings.Join(words, " "), strings.Join(strings.Fields(text), " "); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

func TestColumnsGoBelowOnANarrowTerminal(t *testing.T) {
	for width, want := range map[int]string{
		0:   "20261126-143000  apply  running  backend\n",
		100: "20261126-143000  apply  running  backend\n",
		40:  "20261126-143000  apply  running  backend\n",
		39:  "20261126-143000  apply\n    running  backend\n",
	} {
		var out strings.Builder
		s := &screen{w: &out, width: width}
		s.columns([]string{"20261126-143000", "apply", "running", "backend"}, 2, 4)
		if s.flush(); out.String() != want {
			t.Errorf("%d: %q", width, out.String())
		}
	}
}
