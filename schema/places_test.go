package schema

import (
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// TestExpressionPositions marks the place that a problem must name with «.
func TestExpressionPositions(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"plain", "x: a ${«bad.y} b"},
		{"plain, after letters that are not ASCII", "é日本: äöü𝛑 ${«bad.y}"},
		{"plain over two lines", "x: one\n  two ${«bad.y}"},
		{"plain over lines with an empty one between", "x: one\n\n\n  two ${«bad.y}"},
		{"single-quoted", "x: 'a ${«bad.y}'"},
		{"single-quoted, with quotes in it", "x: 'it''s ''${«bad.y}'"},
		{"single-quoted over lines", "x: 'a\n\n  b   \n  c ${«bad.y}'"},
		{"double-quoted", `x: "a ${«bad.y}"`},
		{"double-quoted, with escapes before it", `x: "\"\t\x41\u00e9\U0001F600\\ é ${«bad.y}"`},
		{"double-quoted over lines", "x: \"a\n  b\n\n  c ${«bad.y}\""},
		{"double-quoted, with an escaped line break", "x: \"a \\\n   b ${«bad.y}\""},
		{"double-quoted, with a line break as an escape after one that is folded", "x: \"a\n\n  \\n${«bad.y}\""},
		{"a literal block", "x: |\n  a\n  b ${«bad.y}\n"},
		{"a literal block that begins with empty lines", "x: |\n\n\n  b ${«bad.y}\n"},
		{"a literal block, stripped, with a comment behind", "x: |- # why\n    b ${«bad.y}"},
		{"a literal block with more indentation inside", "x: |\n  a\n    é ${«bad.y}\n"},
		{"a literal block whose indentation is given", "x: |2\n    a\n  b ${«bad.y}\n"},
		{"a folded block", "x: >\n  a\n  b ${«bad.y}\n"},
		{"a folded block with paragraphs", "x: >-\n  a\n  b\n\n  c\n\n\n  d ${«bad.y}\n"},
		{"a folded block with lines that keep their breaks", "x: >\n  a\n    b\n    c\n  d ${«bad.y}\n"},
		{"behind an anchor and a tag", "x: &name !!str \"a ${«bad.y}\""},
		{"inside a flow mapping", "x: {y: [1, 'a ${«bad.y}']}"},
		{"by way of an alias, where it is written", "x: &a '${«bad.y}'\nz: 1\n"},
		{"with Windows line ends", "x: |\r\n  a\r\n  b ${«bad.y}\r\n"},
		{"a template that does not parse", "x: 'é ${1 +«}'"},
		{"a bracket that is not closed", "x: é ${f(«"},
		{"a function that does not exist", "x: >\n  a\n  b ${1 + «nofunc(1)}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _, _ := strings.Cut(c.text, "«")
			at := positionOf([]byte(before), len(before), "f")
			text := strings.Replace(c.text, "«", "", 1)
			var target struct {
				X Expression `yaml:"x"`
				O Expression `yaml:"é日本"`
				Z Expression `yaml:"z"`
			}
			_, problems := decodeText([]byte(text), "f", SeverityError, &target)
			if len(problems) != 1 || problems[0].Position != at {
				t.Errorf("%q: want one problem at %v, got:\n%v", text, at, problems)
			}
		})
	}
}

// TestPlacesOfAnyText writes random texts in every style and checks that each byte is found again.
func TestPlacesOfAnyText(t *testing.T) {
	styles := []yaml.Style{0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle}
	pieces := []string{"a", "b", "é", "日", "😀", " ", "  ", "\n", "\n\n", "'", "\"", "\\", ": ", " #", "-", "\t", "${x}"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 30).Draw(t, "pieces"), "")
		written, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Value: "key"},
			{Kind: yaml.ScalarNode, Value: text, Style: rapid.SampledFrom(styles).Draw(t, "style")},
		}})
		if err != nil {
			t.Skip(err)
		}
		root, problem := parseYAML(written, "f")
		if problem != nil {
			t.Skip(problem)
		}
		scalar := root.Content[1]
		places := newDecoder(written, "f", SeverityError, root).placesOf(scalar)
		if strings.TrimSpace(scalar.Value) != "" && places.at == nil {
			t.Fatalf("lost its way in %q", written)
		}
		lines := strings.Split(string(written), "\n")
		for i, r := range scalar.Value {
			if strings.ContainsRune(" \n\t\"\\", r) {
				continue // may be written otherwise
			}
			at := places.of(i)
			if got := []rune(lines[at.Line-1])[at.Column-1]; got != r && got != '\\' {
				t.Fatalf("in %q, byte %d is %q, not what is at %v: %q", written, i, r, at, got)
			}
		}
	})
}

func ExampleProblems() {
	_, problems := decodeText([]byte("x: |\n  one\n  ${uper(2)}\n"), "bitops.config.yaml", SeverityError, &struct {
		X Expression `yaml:"x"`
	}{})
	fmt.Println(problems)
	// Output: bitops.config.yaml:3:5: there is no function "uper" (did you mean "upper"?)
}
