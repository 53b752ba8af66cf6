package secret

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// urlForms returns the value percent-encoded. Encoders differ in what they leave alone.
func urlForms(value string) []string {
	forms := []string{url.QueryEscape(value), url.PathEscape(value), url.UserPassword("", value).String()[1:]}
	for _, keep := range []string{
		"",                 // RFC 3986, curl --data-urlencode, jq @uri
		"/",                // Python's quote
		"!*'()",            // JavaScript's encodeURIComponent
		"!*'();/?:@&=+$,#", // JavaScript's encodeURI
	} {
		forms = append(forms, percentEncode(value, keep, upperHex), percentEncode(value, keep, lowerHex))
	}
	return forms
}

const (
	upperHex = "0123456789ABCDEF"
	lowerHex = "0123456789abcdef"
)

// percentEncode encodes every byte but RFC 3986's unreserved ones and those to keep.
func percentEncode(value, keep, digits string) string {
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		if isAlphanumeric(c) || strings.IndexByte("-._~"+keep, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// encodedForms returns the value in hex, in base64, and in base64 of base64, as in a Kubernetes secret of a kubeconfig.
func encodedForms(value string) []string {
	digits := hex.EncodeToString([]byte(value))
	forms := append(base64Forms(value), digits, strings.ToUpper(digits))
	for before := range 3 {
		inner, _ := base64At(base64.StdEncoding, value, before)
		for again := range 3 {
			core, _ := base64At(base64.StdEncoding, inner, again)
			forms = append(forms, core)
		}
	}
	return forms
}

// base64Forms returns the value in base64.
func base64Forms(value string) []string {
	var forms []string
	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			core, end := base64At(alphabet, value, before)
			forms = append(forms, core, core+end, strings.TrimRight(core+end, "="))
			if before == 0 {
				forms = append(forms, wrapped(core+end, 76)...) // base64(1), MIME
				forms = append(forms, wrapped(core+end, 64)...) // openssl, PEM
			}
		}
	}
	return forms
}

// base64At returns the value in base64 when so many bytes come before it. Base64 turns three bytes into four characters,
// so inside a longer text the value looks different for each of the three places in a group where it can begin. The core
// is without the characters that it shares with a neighbour; where it ends the text, the end belongs to it too.
func base64At(alphabet *base64.Encoding, value string, before int) (core, end string) {
	padded := alphabet.EncodeToString(append(make([]byte, before), value...))
	first := (before*8 + 5) / 6           // the first character without a bit of what is before
	last := (before + len(value)) * 8 / 6 // behind the last one without a bit of what is after
	return padded[first:last], padded[last:]
}

// wrapped returns the lines that a long text is broken into.
func wrapped(text string, width int) []string {
	if len(text) <= width {
		return nil
	}
	var lines []string
	for line := range slices.Chunk([]byte(text), width) {
		if len(line) >= minLine {
			lines = append(lines, string(line))
		}
	}
	return lines
}
