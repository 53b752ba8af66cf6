package secret_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema/secret"
)

func ExampleRedactor() {
	var r secret.Redactor
	r.Add("hunter22")
	fmt.Println(r.String("login with hunter22 (aHVudGVyMjI=)"))
	// Output: login with *** (***)
}

func redactor(values ...string) *secret.Redactor {
	r := new(secret.Redactor)
	r.Add(values...)
	return r
}

func TestString(t *testing.T) {
	key := "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n  75mFx0qT\nab\n-----END KEY-----\n"
	for name, c := range map[string]struct {
		secrets    []string
		text, want string
	}{
		"nothing is known":                    {nil, "abcdef", "abcdef"},
		"every occurrence":                    {[]string{"hunter2"}, "a hunter2 b hunter2", "a *** b ***"},
		"neighbours are two":                  {[]string{"hunter2"}, "hunter2hunter2", "******"},
		"the longest wins":                    {[]string{"abcd", "abcdefgh"}, "abcdefgh abcde", "*** ***e"},
		"the shorter one inside too":          {[]string{"cdef", "abcdefgh"}, "abcdefgh", "***"},
		"overlapping ones are one":            {[]string{"abcdXY", "XYef"}, "-abcdXYef-", "-***-"},
		"one that overlaps itself":            {[]string{"abab"}, "-ababab-", "-***-"},
		"one inside of one that goes on":      {[]string{"cdef", "abcdefgh"}, "abcdefg abcdefgh", "ab***g ***"},
		"a failed longer one hides no other":  {[]string{"abcdefgh", "cdez"}, "abcdez", "ab***"},
		"space around a value does not count": {[]string{" hunter2\n"}, "'hunter2'", "'***'"},
		"short values are not masked":         {[]string{"", "1", "no", "abc", " ab \n"}, "1 no abc ab", "1 no abc ab"},
		"four bytes are enough":               {[]string{"abcd"}, "abcd", "***"},
		"true, false and null are not masked": {[]string{"true", "False", "NULL"}, "true False NULL", "true False NULL"},
		"bytes that are not UTF-8":            {[]string{"ab\xff\xfecd"}, "\xffab\xff\xfecd\xfe", "\xff***\xfe"},
		"each line of several that is long":   {[]string{key}, "  MIIEpAIBAAKCAQEA\n75mFx0qT ab", "  ***\n*** ab"},
		"all lines at once":                   {[]string{key}, key, "***\n"},
		"in JSON":                             {[]string{"a\"b\\c\nd<e"}, `{"p":"a\"b\\c\nd\u003ce"}`, `{"p":"***"}`},
		"in JSON that leaves < alone":         {[]string{"a\"b\\c\nd<e"}, `a\"b\\c\nd<e`, "***"},
		"in JSON in JSON":                     {[]string{"a\"b\\c\nd<e"}, `{"p":"{\"q\":\"a\\\"b\\\\c\\nd<e\"}"}`, `{"p":"{\"q\":\"***\"}"}`},
		"in JSON as Python writes it":         {[]string{"pässwörd😀"}, `"p\u00e4ssw\u00f6rd\ud83d\ude00"`, `"***"`},
		"in Go syntax":                        {[]string{"pa\x01ss"}, strconv.Quote("pa\x01ss"), `"***"`},
		"in HCL":                              {[]string{"a${b}%{c}\"\n"}, `"a$${b}%%{c}\""`, `"***"`},
		"in a shell's trace":                  {[]string{"it's a secret"}, `echo 'it'\''s a secret'`, "echo '***'"},
		"in YAML":                             {[]string{"it's a secret"}, `p: 'it''s a secret'`, "p: '***'"},
		"in a query":                          {[]string{"a b/c&d"}, "?p=a+b%2Fc%26d&q", "?p=***&q"},
		"percent-encoded in lower case":       {[]string{"a b/c&d"}, "a%20b%2fc%26d", "***"},
		"percent-encoded but for slashes":     {[]string{"a b/c&d"}, "a%20b/c%26d", "***"},
		"in the user part of a URL":           {[]string{"p@ss:w/rd"}, url.UserPassword("u", "p@ss:w/rd").String(), "u:***"},
		"in base64 with padding":              {[]string{"hunter22"}, "aHVudGVyMjI=.", "***."},
		"in base64 without":                   {[]string{"hunter22"}, "aHVudGVyMjI.", "***."},
		"in base64 of a line":                 {[]string{"hunter22"}, base64.StdEncoding.EncodeToString([]byte("hunter22\n")), "***K"},
		"a text that ends with half a secret": {[]string{"hunter22"}, "hunter2", "hunter2"},
		"a text shorter than any secret":      {[]string{"hunter22"}, "hu", "hu"},
		"a mask in the text is text":          {[]string{"hunter22"}, "*** hunter22", "*** ***"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := redactor(c.secrets...).String(c.text); got != c.want {
				t.Errorf("%q became %q, want %q", c.text, got, c.want)
			}
			stream := redactor(c.secrets...).Stream()
			var got strings.Builder
			for i := range len(c.text) {
				got.WriteString(stream.Write(c.text[i : i+1]))
			}
			if got.WriteString(stream.Flush()); got.String() != c.want {
				t.Errorf("%q became %q as a stream, want %q", c.text, got.String(), c.want)
			}
		})
	}
}

func TestBase64AtEveryAlignment(t *testing.T) {
	encodings := []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding}
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(rapid.ByteRange('!', 0xff), 8, 40)
		value := string(bytes.Draw(t, "value"))
		before := rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "before")
		after := rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "after")
		text := rapid.SampledFrom(encodings).Draw(t, "encoding").EncodeToString([]byte(string(before) + value + string(after)))

		r := redactor(value)
		if strings.TrimSpace(value) != value {
			t.Skip("a value that is trimmed")
		}
		got := r.String(text)
		// What stays readable holds bits of the value at most in one character on each side.
		head := text[:(len(before)*8+5)/6]
		tail := text[(len(before)+len(value))*8/6:]
		if len(after) == 0 {
			tail = ""
		}
		rest, ok := strings.CutPrefix(got, head+secret.Mask)
		if !ok || !strings.HasSuffix(tail, strings.TrimPrefix(rest, secret.Mask)) && rest != tail {
			t.Fatalf("%q became %q; expected %q, a mask, at most %q", text, got, head, tail)
		}
	})
}

func TestWrappedBase64(t *testing.T) {
	value := strings.Repeat("0123456789abcdef", 20)
	for _, width := range []int{64, 76} {
		text := base64.StdEncoding.EncodeToString([]byte(value))
		var wrapped []string
		for text != "" {
			n := min(width, len(text))
			wrapped = append(wrapped, text[:n])
			text = text[n:]
		}
		for line := range strings.SplitSeq(redactor(value).String(strings.Join(wrapped, "\n")), "\n") {
			if line != secret.Mask {
				t.Errorf("width %d: %q is readable", width, line)
			}
		}
	}
}

func TestTextWithoutSecretsIsUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r secret.Redactor
		r.Add(rapid.SliceOf(rapid.StringMatching(`[a-m]{4,12}!`)).Draw(t, "secrets")...)
		text := string(rapid.SliceOf(rapid.ByteRange(0, '/')).Draw(t, "text")) + rapid.StringMatching(`[a-m ]{0,40}`).Draw(t, "words")
		text = strings.ReplaceAll(text, "!", "")
		stream := r.Stream()
		if got := r.String(text); got != text {
			t.Fatalf("%q became %q", text, got)
		}
		if got := stream.Write(text) + stream.Flush(); got != text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestAddWhileInUse(t *testing.T) {
	var r secret.Redactor
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				value := fmt.Sprintf("secret-%d-%d.", i, j)
				r.Add(value)
				if got := r.String("a " + value); got != "a ***" {
					t.Errorf("%q became %q", value, got)
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		if got := r.String(fmt.Sprintf("secret-%d-0.secret-%d-99.", i, i)); got != "******" {
			t.Errorf("an early value is lost: %q", got)
		}
	}
}
