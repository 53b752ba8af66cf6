package schema

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// HCL's parser calls itself for each level, and a stack that is full ends the program.
func TestDeepExpressionsAreProblems(t *testing.T) {
	nest := func(open, middle, end string, levels int) string {
		return strings.Repeat(open, levels) + middle + strings.Repeat(end, levels)
	}
	const many = 100_000
	for name, text := range map[string]string{
		"parentheses":        "${" + nest("(", "1", ")", many) + "}",
		"lists":              "${" + nest("[", "1", "]", many) + "}",
		"objects":            "${" + nest("{a=", "1", "}", many) + "}",
		"functions":          "${" + nest("max(", "1", ")", many) + "}",
		"templates":          nest("${\"", "x", "\"}", many),
		"negations":          "${" + strings.Repeat("!", many) + "true}",
		"minus signs":        "${" + strings.Repeat("- ", many) + "1}",
		"conditions":         "${" + strings.Repeat("true ? 1 : ", many) + "1}",
		"template ifs":       nest("%{ if true }", "x", "%{ endif }", many),
		"what never closes":  "${" + strings.Repeat("(", many),
		"indexes of indexes": "${" + nest("a[", "0", "]", many) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := ParseTemplate(text, Position{File: "f", Line: 3, Column: 5})
			if len(problems) != 1 || !strings.Contains(problems.Error(), "f:3:5: the expression is nested more than") {
				t.Errorf("problems: %.300v", problems)
			}
		})
	}
	for name, text := range map[string]string{
		"a long list":          "${[" + strings.Repeat("[1], (2), {}, ", many/100) + "]}",
		"many conditions":      "${[" + strings.Repeat("true ? 1 : 2, ", 5000) + "]}",
		"many directives":      strings.Repeat("%{ if true }x%{ endif }", 2000),
		"text that only looks": strings.Repeat("(((((-----?????", many/100) + "${1}",
		"as deep as can be":    "${" + nest("(", "1", ")", deepest-1) + "}",
		"conditions in a row":  "${" + strings.Repeat("true ? 1 : ", conditionsPerLevel*(deepest-2)) + "1}",
	} {
		t.Run(name, func(t *testing.T) {
			e, problems := ParseTemplate(text, Position{})
			if len(problems) > 0 {
				t.Fatalf("problems: %.300v", problems)
			}
			if _, err := e.Evaluate(world()); err != nil {
				t.Errorf("%.300v", err)
			}
		})
	}
}

func TestDeepJSON(t *testing.T) {
	for text, want := range map[string]bool{
		strings.Repeat("[", 2000): true, strings.Repeat(`{"a":`, 2000): true, strings.Repeat("[]", 2000): false,
		`"` + strings.Repeat("[", 2000) + `"`: false, `"\"` + strings.Repeat("[", 2000) + `"`: false,
	} {
		if got := TooDeepJSON([]byte(text)); got != want {
			t.Errorf("%.20s...: %v", text, got)
		}
	}
}

func BenchmarkTooDeep(b *testing.B) {
	text := []byte(strings.Repeat("resource \"a\" \"b\" { input = (var.x ? 1 : 2) }\n", 10))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		TooDeep(text, hclsyntax.LexConfig)
	}
}

func TestTagsThatMeanNothingAreProblems(t *testing.T) {
	for yaml, want := range map[string]string{
		"!secret db/password":  "6:14: the YAML tag !secret means nothing",
		"!env HOME":            "the YAML tag !env means nothing",
		"!!binary aGVsbG8=":    "the YAML tag !!binary means nothing",
		"!custom {a: 1}":       "the YAML tag !custom means nothing",
		"[a, !vault [b]]":      "the YAML tag !vault means nothing",
		"{a: !!set {b: null}}": "the YAML tag !!set means nothing",
		".nan":                 ".nan is no number",
		"[-.INF]":              "-.INF is no number",
		"'!secret x'":          "",
		"'.nan'":               "",
		"!!str 12":             "",
		"!!int '12'":           "",
	} {
		_, problems := load(t, "bitops:\n  environments:\n    e:\n      path: .\n      inputs:\n          x: "+yaml+"\n")
		text := ""
		if len(problems) > 0 {
			text = problems.Error()
		}
		if want == "" && text != "" || !strings.Contains(text, want) {
			t.Errorf("%s: %q, want %q", yaml, text, want)
		}
	}
}
