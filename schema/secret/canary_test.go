package secret_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/schema/secret"
	"github.com/bitops-engine/bitops/schema/terminal"
)

// quote.py reads secrets and prints how programs write them: Python's own functions, and bash for the forms of shells.
const quote = `
import base64, binascii, html, json, shlex, subprocess, sys, urllib.parse, xml.sax.saxutils

shell = r'''
v=$1
printf '%q\0' "$v"
declare -p v; printf '\0'
export v; export -p | grep -A99 ' v='; printf '\0'
printf '%s\0' "${v@Q}"
set | grep -A99 '^v='; printf '\0'
{ set -x; : "$v"; set +x; } 2>&1; printf '\0'
printf '%s' "$v" | base64; printf '\0'
printf '%s' "$v" | od -An -v -tx1 | tr -d ' \n'; printf '\0'
'''

def forms(v):
    b = v.encode()
    yield from subprocess.run(['bash', '-c', shell, 'sh', v], stdout=subprocess.PIPE).stdout.decode().split('\0')[:-1]
    for locale in ['C', 'C.UTF-8']:
        yield from subprocess.run(['bash', '-c', "printf '%q\\0' \"$1\"; set -x; : \"$1\"", 'sh', v], env={'LC_ALL': locale},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode('utf-8', 'replace').split('\0')
    dash = subprocess.run(['sh', '-xc', ': "$1"', 'sh', v], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    yield dash.stdout.decode('utf-8', 'replace')
    yield shlex.quote(v)
    yield repr(v)
    yield json.dumps(v)
    yield json.dumps(v, ensure_ascii=False)
    yield json.dumps(json.dumps(v, ensure_ascii=False), ensure_ascii=False)
    yield html.escape(v)
    yield html.escape(v, quote=False)
    yield xml.sax.saxutils.escape(v)
    yield xml.sax.saxutils.quoteattr(v)
    yield v.encode('ascii', 'xmlcharrefreplace').decode() if not set(v) & set('&<>"\'\t\r\n') else ''
    yield urllib.parse.quote(v)
    yield urllib.parse.quote_plus(v)
    yield b.hex()
    yield b.hex().upper()
    for before in range(3):
        for after in range(3):
            inner = base64.b64encode(b'x' * before + b + b'y' * after)
            yield inner.decode()
            yield base64.urlsafe_b64encode(b'x' * before + b + b'y' * after).decode()
            for outer in range(3):
                yield base64.b64encode(b'z' * outer + inner).decode()
    yield base64.encodebytes(b).decode()

print(json.dumps([list(filter(None, forms(v))) for v in json.load(sys.stdin)]))
`

// corpus returns how real programs write each of the secrets.
func corpus(t *testing.T, secrets []string) [][]string {
	t.Helper()
	for _, program := range []string{"python3", "bash", "sh", "od", "base64"} {
		testkit.Tool(t, program)
	}
	script := filepath.Join(t.TempDir(), "quote.py")
	if err := os.WriteFile(script, []byte(quote), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(secrets)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", script)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(in)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var forms [][]string
	if err := json.Unmarshal(out, &forms); err != nil || len(forms) != len(secrets) {
		t.Fatalf("%d of %d, %v", len(forms), len(secrets), err)
	}
	return forms
}

// canaries are secrets with everything in them that anything escapes.
var canaries = []string{
	"hunter22", "correct-horse-9", "it's a secret", `a"b\c$d` + "`e`", "p@ss:w/rd?&<x>", "~#!tilde=~x", "tab\tand more",
	"two lines\nof a key", "pässwörd€😀", "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA75mFx0qT\n/+ab==\n-----END KEY-----",
	"both'kinds\"of quotes", "esc\x1b[31mape-and-\x01control", "{\"json\": \"x y\", 'n': 12}", "spaces  and\\backslashes\\",
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
}

// What programs make of a secret is not readable, whatever colours are in it, however it is wrapped and cut.
func TestCanaries(t *testing.T) {
	all := corpus(t, canaries)
	rapid.Check(t, func(t *rapid.T) {
		which := rapid.IntRange(0, len(canaries)-1).Draw(t, "which")
		form := rapid.SampledFrom(all[which]).Draw(t, "form")
		redactor := secret.Redactor{}
		redactor.Add("another-one", canaries[which], "hunt-the-prefix")
		text := rapid.StringMatching(`[ .=:]{0,4}`).Draw(t, "before") + form + rapid.StringMatching(`[ .;]{0,4}`).Draw(t, "after")
		if rapid.Bool().Draw(t, "wrapped") {
			text = wrap(text, rapid.IntRange(1, 90).Draw(t, "width"), rapid.StringMatching(` {0,3}`).Draw(t, "indent"))
		}
		if rapid.Bool().Draw(t, "coloured") {
			text = coloured(t, text)
		}
		stream := redactor.Stream()
		var lines []string
		for line := range strings.SplitSeq(text, "\n") {
			var out strings.Builder
			for line != "" {
				n := rapid.IntRange(1, len(line)).Draw(t, "cut")
				out.WriteString(stream.Write(line[:n]))
				line = line[n:]
			}
			lines = append(lines, out.String()+stream.Line(""))
		}
		checkUnreadable(t, canaries[which], form, strings.Join(lines, "\n"))
		checkUnreadable(t, canaries[which], form, redactor.String(text))
	})
}

func wrap(text string, width int, indent string) string {
	var b strings.Builder
	for i, r := range []rune(text) {
		if i > 0 && i%width == 0 {
			b.WriteString("\n" + indent)
		}
		b.WriteRune(r)
	}
	return b.String()
}

func coloured(t *rapid.T, text string) string {
	sequences := []string{"\x1b[1;31m", "\x1b[m\x1b[K", "\x1b]8;;https://x\x1b\\", "\x07", "\x1b(B", "\u009b1m", "\u200b", "\x00", "\r"}
	runes := []rune(text)
	before := map[int]string{}
	for range rapid.IntRange(1, 6).Draw(t, "sequences") {
		before[rapid.IntRange(0, len(runes)).Draw(t, "at")] = rapid.SampledFrom(sequences).Draw(t, "sequence")
	}
	var b strings.Builder
	for i, r := range runes {
		b.WriteString(before[i] + string(r))
	}
	return b.String()
}

// checkUnreadable wants no 8 bytes of a secret, or of what was made of it, to be readable in a text.
func checkUnreadable(t *rapid.T, value, form, text string) {
	plain := squeezed(strings.ReplaceAll(text, secret.Mask, "\x00"))
	for _, hidden := range []string{squeezed(value), squeezed(form)} {
		for i := range len(hidden) {
			part := hidden[i:min(len(hidden), i+8)]
			if len(part) == 8 && strings.Contains(plain, part) && strings.Contains(squeezed(value), part) {
				t.Fatalf("%q of %q is readable in %q", part, value, text)
			}
		}
	}
}

func squeezed(text string) string {
	return strings.NewReplacer("\n", "", "\r", "", " ", "", "\t", "", "\u200b", "", "\a", "").Replace(terminal.Strip(text))
}
