package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// formsOf returns the strings by which a value is recognised, or none if it is not to be masked.
func formsOf(value string) []string {
	value = strings.TrimSpace(value)
	switch strings.ToLower(value) {
	case "true", "false", "null":
		return nil
	}
	if len(value) < minValue {
		return nil
	}
	forms := []string{value}
	forms = append(forms, linesOf(value)...)
	forms = append(forms, quotedForms(value)...)
	forms = append(forms, urlForms(value)...)
	forms = append(forms, base64Forms(value)...)
	forms = slices.DeleteFunc(forms, func(s string) bool { return len(s) < minValue })
	slices.Sort(forms)
	return slices.Compact(forms)
}

// linesOf returns the lines of a value that has several, since output is shown line by line.
func linesOf(value string) []string {
	if !strings.ContainsAny(value, "\r\n") {
		return nil
	}
	var lines []string
	for _, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.TrimSpace(line); len(line) >= minLine {
			lines = append(lines, line)
		}
	}
	return lines
}

// quotedForms returns the value as it looks between the quotes of several languages.
func quotedForms(value string) []string {
	quoted := strconv.Quote(value)
	ascii := strconv.QuoteToASCII(value)
	return []string{
		quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1],
		jsonForm(value, true), jsonForm(value, false), asciiOnly(jsonForm(value, false)),
		jsonForm(jsonForm(value, false), false), // JSON inside a JSON string
		hclEscapes.Replace(value),
		strings.ReplaceAll(value, `'`, `'\''`), // a shell's trace (set -x)
		strings.ReplaceAll(value, `'`, `''`),   // YAML
	}
}

// hclEscapes is what terraform does to strings it prints (hclwrite.TokensForValue).
var hclEscapes = strings.NewReplacer(
	`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{",
)

// jsonForm returns the inside of the JSON string: html tells whether <, > and & are escaped, as encoding/json does
// by default and terraform too.
func jsonForm(value string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(value); err != nil {
		return "" // a string can always be encoded
	}
	text := strings.TrimSuffix(b.String(), "\n")
	return text[1 : len(text)-1]
}

// asciiOnly escapes in a JSON string what is not ASCII, as Python does by default.
func asciiOnly(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

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

// base64Forms returns the value in base64. Base64 turns three bytes into four characters, so inside a longer text
// the value looks different for each of the three places in a group where it can begin. Characters that it shares
// with a neighbour are left out; where it ends the text, the last one and the padding belong to it.
func base64Forms(value string) []string {
	var forms []string
	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		for before := range 3 {
			padded := alphabet.EncodeToString(append(make([]byte, before), value...))
			begin := (before*8 + 5) / 6          // the first character without a bit of what is before
			end := (before + len(value)) * 8 / 6 // the last one without a bit of what is after
			atEnd := strings.TrimRight(padded, "=")
			forms = append(forms, padded[begin:end], atEnd[begin:], padded[begin:])
			if before == 0 {
				forms = append(forms, wrapped(padded, 76)...) // base64(1), MIME
				forms = append(forms, wrapped(padded, 64)...) // openssl, PEM
			}
		}
	}
	return forms
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
