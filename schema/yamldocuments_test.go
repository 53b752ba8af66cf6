package schema

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadYAMLDocuments(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []any
	}{
		"nothing":                    {"", nil},
		"comments and empty ones":    {"---\n# only this\n---\n---\nnull\n", nil},
		"several":                    {"a: 1\n---\n# Source: x\n- b\n", []any{map[string]any{"a": 1}, []any{"b"}}},
		"a key twice":                {"a: 1\nb: {c: 1, c: 2}\na: 3\n", []any{map[string]any{"a": 3, "b": map[string]any{"c": 2}}}},
		"keys that are no texts":     {"1: {true: x}\n", []any{map[string]any{"1": map[string]any{"true": "x"}}}},
		"anchors":                    {"a: &x {b: 1}\nc: {<<: *x, d: 2}\n", []any{map[string]any{"a": map[string]any{"b": 1}, "c": map[string]any{"b": 1, "d": 2}}}},
		"a line of dashes in a text": {"a: |\n  ---\n  b\n", []any{map[string]any{"a": "---\nb\n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadYAMLDocuments([]byte(test.text))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%#v, %v; want %#v", got, err, test.want)
			}
		})
	}
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for _, c := range "bcdefghij" {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 9) + "x]\n"
	}
	for _, text := range []string{"a: [", "a: b: c", "\x00", bomb} {
		if _, err := ReadYAMLDocuments([]byte(text)); err == nil {
			t.Errorf("%.40q is read", text)
		}
	}
}
