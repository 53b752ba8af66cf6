package secret

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// model redacts as the documentation says, with no thought for speed: hidden parts are the union of all occurrences
// of all forms, in the text and in its normal form, and parts that only touch stay two.
func model(values []string, text string) string {
	var forms []string
	for _, value := range values {
		forms = append(forms, formsOf(value)...)
	}
	var normal normal
	if !isNormal(strings.TrimRight(text, whiteSpace)) {
		normal = normalise(text)
	}
	ends := make([]int, len(text)+1) // of what begins here
	for _, form := range forms {
		for i := range len(text) {
			if strings.HasPrefix(text[i:], form) {
				ends[i] = max(ends[i], i+len(form))
			}
		}
		for i := range len(normal.text) {
			if strings.HasPrefix(normal.text[i:], form) {
				begin, end := normal.at[i], normal.at[i+len(form)-1]+1
				if len(form) >= 8 || !strings.ContainsAny(text[begin:end], " \t\r\n") {
					ends[begin] = max(ends[begin], end)
				}
			}
		}
	}
	var out strings.Builder
	end := 0 // of the hidden part
	for i := range len(text) {
		if ends[i] > 0 && i >= end {
			out.WriteString(Mask)
			if strings.Contains(text[i:ends[i]], "\x1b") {
				out.WriteString("\x1b[0m")
			}
		}
		if end = max(end, ends[i]); i >= end {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// draw returns secrets over a small alphabet, so that they overlap, and a text full of them and of their beginnings.
func draw(t *rapid.T) (secrets []string, text string) {
	secrets = rapid.SliceOfN(rapid.StringMatching(`[ab\n"]{0,9}|[abc ]{4,20}|\PM{4,8}`), 1, 6).Draw(t, "secrets")
	for i := range rapid.IntRange(0, 3).Draw(t, "parts") { // of the others
		part := secrets[i%len(secrets)]
		begin := rapid.IntRange(0, len(part)).Draw(t, "begin")
		end := rapid.IntRange(begin, len(part)).Draw(t, "end")
		secrets = append(secrets, part[begin:end]+rapid.StringMatching(`[abc]{0,3}`).Draw(t, "more"))
	}
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return strings.Contains(s, "*") })
	var forms []string
	for _, s := range secrets {
		forms = append(forms, formsOf(s)...)
	}
	pieces := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		if len(forms) == 0 || rapid.Bool().Draw(t, "filler") {
			return rapid.StringMatching(`[abc\n" x]{0,5}`).Draw(t, "text")
		}
		form := rapid.SampledFrom(forms).Draw(t, "form")
		return form[:rapid.IntRange(0, len(form)).Draw(t, "length")]
	}), 0, 12).Draw(t, "pieces")
	return secrets, strings.Join(pieces, "")
}

func TestRedactorLikeTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets, text := draw(t)
		r := new(Redactor)
		for _, s := range secrets {
			r.Add(s)
		}
		got := r.String(text)
		if want := model(secrets, text); got != want {
			t.Fatalf("%q became %q, want %q", text, got, want)
		}
		checkStream(t, r, secrets, text, got, func(n int) int { return rapid.IntRange(0, n).Draw(t, "cut") })
		for _, s := range secrets {
			if len(formsOf(s)) > 0 && strings.Contains(got, strings.TrimSpace(s)) {
				t.Fatalf("%q still contains %q", got, s)
			}
		}
	})
}

type fataler interface{ Fatalf(string, ...any) }

// checkStream cuts text into pieces and wants the same as from the whole, and no more held back than could matter.
func checkStream(t fataler, r *Redactor, secrets []string, text, want string, cut func(n int) int) {
	longest := 0
	if p := r.patterns.Load(); p != nil {
		longest = p.longest
	}
	stream := r.Stream()
	var out strings.Builder
	for rest := text; rest != ""; {
		n := min(len(rest), cut(len(rest)))
		out.WriteString(stream.Write(rest[:n]))
		rest = rest[n:]
		if len(normalForm(stream.held)) > longest+terminal.LongestSequence {
			t.Fatalf("%q is held, the longest pattern has %d", stream.held, longest)
		}
		if n == 0 {
			out.WriteString(stream.Write(rest[:1]))
			rest = rest[1:]
		}
	}
	out.WriteString(stream.Flush())
	wrapped := strings.ContainsAny(text, " \t") && !isNormal(text)
	if out.String() != want && !wrapped { // of blanks, what comes later can decide whether they count
		t.Fatalf("the stream of %q became %q, want %q", text, out.String(), want)
	}
	for _, s := range secrets {
		for _, form := range formsOf(s) {
			if strings.Contains(out.String(), form) && !strings.Contains(form, Mask) {
				t.Fatalf("the stream of %q became %q, which holds %q", text, out.String(), form)
			}
		}
	}
	if s := (Stream{redactor: r}); *stream != s {
		t.Fatalf("after Flush: %+v", *stream)
	}
}

func TestOlderSetsDoNotChange(t *testing.T) {
	sets := []*patterns{nil}
	all := []string{"abcdefgh", "abcdxy", "abcd", "abcdefzz", "zzzzzz", "abcdef"}
	for _, s := range all {
		sets = append(sets, sets[len(sets)-1].with([]string{s}))
	}
	for known, set := range sets {
		for i, s := range all {
			found, _ := set.find(s, nil)
			if slices.Contains(found, span{0, len(s)}) != (i < known) {
				t.Errorf("with %q, %q matches %v", all[:known], s, found)
			}
		}
	}
}

func TestStreamShowsWhatCannotBeASecret(t *testing.T) {
	r := new(Redactor)
	r.Add("hunter22", "aaaaaaaa")
	s := r.Stream()
	for _, step := range []struct{ piece, want string }{
		{"a line.", "a line."},
		{"login h", "login "},
		{"unt", ""},
		{"ing.", "hunting."},
		{"hunter2", ""},
		{"2", "***"},
		{"2.", "2."},
		{"aaaaaaaa", "***"}, // it could go on, and then more of it would be hidden
		{"aaaaaaaaaaaaaaaaaaaaaa", ""},
		{".", "."},
		{"aaaa", ""},
	} {
		if got := s.Write(step.piece); got != step.want {
			t.Errorf("Write(%q) = %q, want %q", step.piece, got, step.want)
		}
	}
	if got := s.Flush(); got != "aaaa" {
		t.Errorf("Flush() = %q", got)
	}
}

func TestStreamOfLines(t *testing.T) {
	for name, c := range map[string]struct {
		secrets     []string
		lines, want string
	}{
		"a line that ends like a secret begins":     {[]string{"hunter22"}, "login h|next", "login h|next"},
		"one that the next line continues":          {[]string{"hunter22"}, "login hun|ter22 x", "login hun|*** x"},
		"with an indent":                            {[]string{"hunter22"}, "p: hun  |\t ter22 x", "p: hun  |*** x"},
		"over several lines":                        {[]string{"hunter22"}, "h|u|n|t|er|22.", "h|u|n|***|***|***."},
		"over an empty line":                        {[]string{"hunter22"}, "hun||  |ter22", "hun||  |***"},
		"less than half of one is shown":            {[]string{"hunter22-and-more"}, "login hunter2|x", "login hunter2|x"},
		"half of it is not":                         {[]string{"hunter22"}, "login hunt|x", "login ***|x"},
		"nor are eight bytes of one that is longer": {[]string{"hunter22-and-more"}, "login hunter22|and so on", "login ***|and so on"},
		"and what comes then is hidden, if it does": {[]string{"hunter22-and-more"}, "login hunter22|-and-mo|re!", "login ***|***|***!"},
		"two secrets":                               {[]string{"hunter22", "ter22abc"}, "hun|ter22|abc.", "hun|***|***."},
		"short lines of a key":                      {[]string{"-----BEGIN-----\nabc\ndef\n-----END-----"}, "-----BEGIN-----|abc|def|-----END-----|abc", "***|***|***|***|abc"},
		"in colours":                                {[]string{"hunter22"}, "\x1b[1mhu\x1b[mn|\x1b[1mter22", "\x1b[1mhu\x1b[mn|***\x1b[0m"},
	} {
		t.Run(name, func(t *testing.T) {
			r := new(Redactor)
			r.Add(c.secrets...)
			s := r.Stream()
			var got []string
			for line := range strings.SplitSeq(c.lines, "|") {
				got = append(got, s.Line(line))
			}
			if strings.Join(got, "|") != c.want {
				t.Errorf("%q, want %q", strings.Join(got, "|"), c.want)
			}
		})
	}
}

// However long a secret is, a Stream holds only so much of a line back.
func TestStreamHoldsABoundedTail(t *testing.T) {
	long := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz.", 10_000)
	r := new(Redactor)
	r.Add(long)
	s := r.Stream()
	var out strings.Builder
	for piece := range slices.Chunk([]byte("a "+long+" b"), 1000) {
		out.WriteString(s.Write(string(piece)))
		if len(s.held) > longestForm {
			t.Fatalf("%d bytes are held", len(s.held))
		}
	}
	out.WriteString(s.Line(""))
	if left := strings.ReplaceAll(out.String(), Mask, ""); left != "a  b" {
		t.Errorf("left: %.100q", left)
	}
	// A beginning that sequences make endless is withheld in the end.
	r.Add("hunter22")
	s = r.Stream()
	if got := s.Write("p: hunt" + strings.Repeat("\x1b[m", mostHeld)); got != "p: "+Mask+resetColors {
		t.Errorf("got %.100q", got)
	}
}

func FuzzStream(f *testing.F) {
	f.Add("abcd", "abcdefgh", "abcdefghabcdefg", uint8(3))
	f.Add("abab", "baba", "xabababax", uint8(1))
	f.Add("a\nlong line\n", "p@ss", "YSBsb25nIGxpbmU= a long line", uint8(5))
	f.Fuzz(func(t *testing.T, a, b, text string, size uint8) {
		r := new(Redactor)
		r.Add(a, b)
		want := model([]string{a, b}, text)
		if got := r.String(text); got != want {
			t.Fatalf("%q became %q, want %q", text, got, want)
		}
		checkStream(t, r, []string{a, b}, text, want, func(int) int { return int(size) })
	})
}

func BenchmarkString(b *testing.B) {
	line := "aws_iam_role.deployer[0]: Refreshing state... [id=deployer-7f3a9c21-prod-eu-west-1] (known after apply)\n"
	text := strings.Repeat(line, 10000)
	for name, count := range map[string]int{"50 secrets": 50, "5000 secrets": 5000} {
		r := new(Redactor)
		for i := range count {
			r.Add(randomValue(i))
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if len(r.String(text)) != len(text) {
					b.Fatal("a secret was found")
				}
			}
		})
		b.Run(name+" by line", func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				r.String(line)
			}
		})
		b.Run(name+" as a stream", func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			s := r.Stream()
			for b.Loop() {
				s.Line(line[:len(line)-1])
			}
		})
	}
}

// BenchmarkFlood redacts lines as cmd/bitops' benchmark of that name prints them. One of them takes that benchmark 2 µs of
// processor time, so that a tenth is 200 ns.
func BenchmarkFlood(b *testing.B) {
	r := new(Redactor)
	for i := range 50 {
		r.Add(randomValue(i))
	}
	var lines []string
	for i := range 1000 {
		lines = append(lines, fmt.Sprintf("%07d", i)+strings.Repeat("x", 92))
	}
	s, n := r.Stream(), 0
	for b.Loop() {
		s.Line(lines[n%len(lines)])
		n++
	}
}

func BenchmarkAdd(b *testing.B) {
	r, i := new(Redactor), 0
	for b.Loop() {
		r.Add(randomValue(i))
		i++
	}
}

// randomValue returns 32 characters that look like a token; the same ones for the same seed.
func randomValue(seed int) string {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+"
	value := make([]byte, 32)
	x := uint64(seed) + 1
	for i := range value {
		x = x*6364136223846793005 + 1442695040888963407
		value[i] = characters[x>>58]
	}
	return string(value)
}

func TestPrintableBytes(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			text := []byte("~ABCDEF ")
			text[at] = byte(c)
			if got := isPrintable(string(text)); got != (c >= ' ' && c < 0x7f) {
				t.Errorf("%q: %t", text, got)
			}
		}
	}
}
