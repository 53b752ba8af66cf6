package schema

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// FuzzManifest checks that no text makes the decoder panic, hang or contradict itself.
func FuzzManifest(f *testing.F) {
	for _, pattern := range []string{"../docs/examples/*/bitops.config.yaml", "testdata/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	for _, seed := range []string{
		"", "bitops:", "bitops: {environments: {a: {inputs: {x: '${outputs.b.c}'}}}}", "bitops: &a {<<: *a}", "&a [*a]",
		"bitops: {environments: {a: &x {depends_on: [b]}, b: *x, c: {<<: [*x, *x], env: {A: 1}}}}",
		"bitops:\n  environments:\n    a:\n      inputs:\n        x: |2-\n            ${nofunc(\n            1)}\n        y: >+\n\n         ${x}\n",
		"bitops: {timeout: !!float 1e3, parallelism: 0x10, logging: {level: !!null x}}", "\xef\xbb\xbfbitops: {}", "a: b\r\n\tc: d",
		"? [a]\n: b", "--- |\n  x\n...\n--- y", "%YAML 1.1\n---\nbitops: {}", "bitops: !!binary aGk=", "{? bitops : }",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		var doc manifestDocument
		_, problems := decodeText([]byte(text), "f", SeverityError, &doc)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		lines := len(lineStarts([]byte(text))) + 1
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
				t.Errorf("a problem is nowhere: %+v", p)
			}
		}
		if problems.HasErrors() {
			return
		}
		for _, env := range doc.Bitops.Environments {
			for _, in := range env.Value.Inputs {
				_ = in.Value.References()
				if _, err := json.Marshal(in.Value); err != nil {
					t.Errorf("input %s: %v", in.Key, err)
				}
			}
		}
	})
}

// large numbers make functions such as format fill the memory, in bitops as in any program with them.
var largeNumber = regexp.MustCompile(`[0-9]{4}|[0-9]e|range|setproduct|pow`)

// FuzzExpression evaluates templates with outputs of every kind, some of them sensitive, and checks that no error tells a
// sensitive value and that whatever is made from one is sensitive.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"${outputs.network.secret}", "x ${outputs.a.list[0]} y", "${[for k, v in outputs.a.map : upper(v) if v != null]}",
		"${outputs.a.secret == outputs.b.text ? 1 : outputs.c.later}", "%{ for x in outputs.a.list ~} ${x} %{ endfor }",
		"${outputs.a.map[outputs.a.secret]}", "${jsondecode(outputs.a.secret)}", "${outputs.a.list.*.x}", "${steps[\"a/b\"].outputs.text}",
		"${ {(outputs.a.secret) = outputs.a.later} }", "${try(tonumber(outputs.a.text), outputs.a.secret)}", "$${x} %%{y}",
		"${merge(outputs.a.map, {x = outputs.a.secret})...}", "${format(\"%s\", outputs.a.secret)}", "${replace(outputs.a.text, \"/x/\", outputs.a.secret)}",
		"${templatefile(1)}", "${<<A\nx\nA\n}", "${can(outputs.a.secret.b)}", "${zipmap(outputs.a.list, outputs.a.list)}", "${outputs.a}",
	} {
		f.Add(seed, "plain", "hunter2-s3cret")
	}
	f.Fuzz(func(t *testing.T, template, text, secret string) {
		if largeNumber.MatchString(template+text+secret) || len(template) > 500 {
			t.Skip()
		}
		e, problems := ParseTemplate(template, Position{"f", 1, 1})
		if problems != nil {
			return
		}
		values := Values{
			"text": Text(text), "secret": {Data: cty.StringVal(secret), Sensitive: true}, "later": {}, "null": {Data: cty.NullVal(cty.String)},
			"list": {Data: cty.ListVal([]cty.Value{cty.StringVal(text), cty.StringVal("")})}, "n": {Data: cty.NumberIntVal(7)},
			"map": {Data: cty.MapVal(map[string]cty.Value{"k": cty.StringVal(text)})}, "bool": {Data: cty.True},
		}
		scope := &Scope{Environment: "e", Outputs: func(r Reference) (Values, bool) { return values, r.Environment == "open" }}
		v, err := e.Evaluate(scope)
		canary := len(secret) > 7 && !strings.Contains(template+text, secret)
		if err != nil {
			if canary && strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
			return
		}
		if canary && !v.Sensitive && strings.Contains(v.String(), secret) {
			t.Errorf("%q gives %v, which is not sensitive", template, v)
		}
	})
}
