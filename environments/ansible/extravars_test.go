package ansible

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// parseAll prints what ansible's own parser makes of the texts in a JSON list; null where it does not want one.
const parseAll = `
import json, sys
from ansible.parsing.splitter import parse_kv

def parsed(text):
    try:
        pairs = parse_kv(text)
    except Exception:
        return None
    pairs.pop("_raw_params", None)
    return pairs

print(json.dumps([parsed(text) for text in json.load(sys.stdin)]))
`

func TestPairsAreReadAsAnsibleReadsThem(t *testing.T) {
	texts := []string{
		"", "a=1", "a=1 b=2", "a=1   b= c=", `a="1 2" b='3 "4"'`, "a=b=c", `a\=b=c`, "a", "a b=1 c", "a={{ b }} c={{ d | default('x y') }}",
		`a="unclosed`, "a={{ b", `a=\n\t b=\x41é\u00e9`, "a=1\nb=2", "a='it''s'", `a=it's b=x`, `a="x\"y"`, "=a", "a=ü b=日本",
		`a="{{ 'x' }} y"`, "a={# no #} b={% if x %}1{% endif %}", `a='\'' b=2`, "a==1", " a=1 ", "a-b=1 c.d=2", `a=C:\\dir\\x`, `a=$HOME&;|`,
	}
	random := rapid.SliceOfN(rapid.StringMatching(`([a-c]=|[a-c]|"|'|\\|\{\{|\}\}|\{%|%\}| |=|[xyz]){0,14}`), 400, 400)
	texts = append(texts, random.Example(1)...)
	for i, want := range parsedByAnsible(t, texts) {
		got, err := splitPairs(texts[i])
		switch {
		case err != nil || want == nil:
			if err == nil && len(got) > 0 { // of one without pairs, nothing is lost
				t.Errorf("%q: %q, and ansible refuses it", texts[i], got)
			}
			if want != nil {
				t.Errorf("%q: %v, and ansible reads %q", texts[i], err, *want)
			}
		default:
			equal(t, texts[i], got, *want)
		}
	}
}

// parsedByAnsible asks the Python that ansible-playbook runs with.
func parsedByAnsible(t *testing.T, texts []string) []*map[string]string {
	t.Helper()
	requireTool(t, program)
	file, err := exec.LookPath(program)
	check(t, err)
	script, err := os.ReadFile(file)
	check(t, err)
	line, _, _ := strings.Cut(string(script), "\n")
	python := strings.Fields(strings.TrimPrefix(line, "#!"))
	in, err := json.Marshal(texts)
	check(t, err)
	cmd := exec.CommandContext(t.Context(), python[0], append(python[1:], "-c", parseAll)...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	check(t, err)
	var all []*map[string]string
	check(t, json.Unmarshal(out, &all))
	return all
}
