package secret

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model redacts as the documentation says, with no thought for speed: hidden parts are the union of all occurrences
// of all forms, and parts that only touch stay two.
func model(values []string, text string) string {
	var forms []string
	for _, value := range values {
		forms = append(forms, formsOf(value)...)
	}
	var out strings.Builder
	end := 0 // of the hidden part
	for i := range len(text) {
		longest := 0
		for _, form := range forms {
			if strings.HasPrefix(text[i:], form) {
				longest = max(longest, len(form))
			}
		}
		if longest > 0 && i >= end {
			out.WriteString(Mask)
		}
		if end = max(end, i+longest); i >= end {
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
		checkStream(t, r, text, got, func(n int) int { return rapid.IntRange(0, n).Draw(t, "cut") })
		for _, s := range secrets {
			if len(formsOf(s)) > 0 && strings.Contains(got, strings.TrimSpace(s)) {
				t.Fatalf("%q still contains %q", got, s)
			}
		}
	})
}

type fataler interface{ Fatalf(string, ...any) }

// checkStream cuts text into pieces and wants the same as from the whole, and no more held back than could matter.
func checkStream(t fataler, r *Redactor, text, want string, cut func(n int) int) {
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
		if len(stream.held) >= max(longest, 1) {
			t.Fatalf("%d bytes are held, the longest pattern has %d", len(stream.held), longest)
		}
		if n == 0 {
			out.WriteString(stream.Write(rest[:1]))
			rest = rest[1:]
		}
	}
	out.WriteString(stream.Flush())
	if out.String() != want {
		t.Fatalf("the stream of %q became %q, want %q", text, out.String(), want)
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
			found := 0
			set.each(s, func(begin, end int) { found = max(found, end-begin) })
			if (found == len(s)) != (i < known) {
				t.Errorf("with %q, %q matches %d bytes", all[:known], s, found)
			}
		}
	}
}

func TestStreamShowsWhatCannotBeASecret(t *testing.T) {
	r := new(Redactor)
	r.Add("hunter22", "aaaaaaaa")
	s := r.Stream()
	for _, step := range []struct{ piece, want string }{
		{"a line\n", "a line\n"},
		{"login h", "login "},
		{"unt", ""},
		{"ing\n", "hunting\n"},
		{"hunter2", ""},
		{"2", "***"},
		{"2\n", "2\n"},
		{"aaaaaaaa", "***"}, // it could go on, and then more of it would be hidden
		{"aaaaaaaaaaaaaaaaaaaaaa", ""},
		{"b", "b"},
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
		checkStream(t, r, text, want, func(int) int { return int(size) })
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
				s.Write(line)
			}
		})
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
