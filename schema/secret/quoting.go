package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// quotedForms returns the value as it looks between the quotes of several languages, and as shells and XML escape it.
func quotedForms(value string) []string {
	quoted := strconv.Quote(value)
	ascii := strconv.QuoteToASCII(value)
	text := jsonForm(value, false)
	forms := []string{
		quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1],
		jsonForm(value, true), text, asciiOnly(text),
		strings.ReplaceAll(text, "/", `\/`), // PHP
		jsonForm(text, false),               // JSON inside a JSON string
		hclEscapes.Replace(value),
		strings.ReplaceAll(value, `'`, `''`), // YAML, SQL
		strings.ReplaceAll(value, `"`, `""`), // CSV
		pythonForm(value, false), pythonForm(value, true),
	}
	return append(append(forms, shellForms(value)...), xmlForms(value)...)
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

// pythonForm returns the inside of Python's repr: in single quotes, in which it escapes a quote only when there are
// quotes of both kinds.
func pythonForm(value string, escapeQuote bool) string {
	var b strings.Builder
	for _, r := range value {
		switch {
		case r == '\\' || r == '\'' && escapeQuote:
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n', r == '\r', r == '\t':
			b.WriteString(map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`}[r])
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// shellForms returns the value as shells and programs quote it for a shell.
func shellForms(value string) []string {
	return []string{
		strings.ReplaceAll(value, `'`, `'\''`),  // bash's trace (set -x), set, ${v@Q}
		strings.ReplaceAll(value, `'`, `'"'"'`), // Python's shlex.quote, dash's trace
		escaped(value, isSpecialInQuotes),       // declare -p, export -p
		escaped(value, isSpecialInBash),         // printf %q
		escaped(value, isSpecialInRuby),         // Shellwords.escape
		ansiC(value, false), ansiC(value, true),
	}
}

// escaped puts a backslash before each byte that is special.
func escaped(value string, special func(value string, i int) bool) string {
	var b strings.Builder
	for i := range len(value) {
		if special(value, i) {
			b.WriteByte('\\')
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

func isSpecialInQuotes(value string, i int) bool { return strings.IndexByte("\"$`\\", value[i]) >= 0 }

func isSpecialInBash(value string, i int) bool {
	switch value[i] {
	case '#':
		return i == 0
	case '~':
		return i == 0 || value[i-1] == ':' || value[i-1] == '='
	}
	return strings.IndexByte("\t !\"$&'()*,;<>?[\\]^`{|}", value[i]) >= 0
}

func isSpecialInRuby(value string, i int) bool {
	c := value[i]
	return !isAlphanumeric(c) && strings.IndexByte("_-.,:+/@\n", c) < 0 && c < utf8.RuneSelf
}

// ansiC returns the inside of $'...', which shells print of values with control characters; bytes tells whether what is
// not ASCII is escaped byte by byte, as in the locale C.
func ansiC(value string, bytes bool) string {
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c == '\\' || c == '\'':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == 0x1b:
			b.WriteString(`\E`)
		case c >= 7 && c <= 13:
			b.WriteByte('\\')
			b.WriteByte("abtnvfr"[c-7])
		case c < ' ' || c == 0x7f || c >= utf8.RuneSelf && bytes:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// xmlForms returns the value as text of XML and HTML. Encoders differ in how they write quotes.
func xmlForms(value string) []string {
	if !strings.ContainsAny(value, `&<>"'`) && isASCII(value) {
		return nil
	}
	var forms []string
	for _, quotes := range [][2]string{ // what becomes of " and '
		{`"`, `'`},           // text of an element
		{`&quot;`, `'`},      // text of an attribute, JavaScript
		{`&quot;`, `&#x27;`}, // Python
		{`&quot;`, `&#39;`},  // Ruby, JavaScript
		{`&quot;`, `&#039;`}, // PHP
		{`&quot;`, `&apos;`}, // Java, .NET
		{`&#34;`, `&#39;`},   // Go
	} {
		form := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, quotes[0], `'`, quotes[1],
			"\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;").Replace(value)
		forms = append(forms, form, entities(form, "&#%d;"), entities(form, "&#x%x;"), entities(form, "&#x%X;"))
	}
	return forms
}

// entities writes what is not ASCII as character references.
func entities(text, format string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
