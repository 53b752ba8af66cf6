package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"
)

// values draws values of every type that JSON can carry.
func values(text *rapid.Generator[string]) *rapid.Generator[cty.Value] {
	leaf := rapid.Custom(func(t *rapid.T) cty.Value {
		switch rapid.IntRange(0, 4).Draw(t, "leaf") {
		case 0:
			return cty.StringVal(text.Draw(t, "text"))
		case 1:
			return cty.NumberIntVal(rapid.Int64().Draw(t, "int"))
		case 2:
			return cty.MustParseNumberVal(fmt.Sprintf("%d.%d", rapid.IntRange(-999, 999).Draw(t, "whole"), rapid.Uint32().Draw(t, "part")))
		case 3:
			return cty.BoolVal(rapid.Bool().Draw(t, "bool"))
		}
		return cty.NullVal(rapid.SampledFrom([]cty.Type{cty.String, cty.Number, cty.List(cty.String), cty.DynamicPseudoType}).Draw(t, "null"))
	})
	return rapid.Custom(func(t *rapid.T) cty.Value { return nested(t, leaf, text, 3) })
}

func nested(t *rapid.T, leaf *rapid.Generator[cty.Value], text *rapid.Generator[string], depth int) cty.Value {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 || kind < 2 {
		return leaf.Draw(t, "leaf")
	}
	size := rapid.IntRange(0, 3).Draw(t, "size")
	switch kind {
	case 2, 3:
		fields := map[string]cty.Value{}
		for range size {
			fields[rapid.SampledFrom([]string{"a", "é", "b.c", text.Draw(t, "secret name")}).Draw(t, "name")] = nested(t, leaf, text, depth-1)
		}
		return cty.ObjectVal(fields)
	case 4:
		items := make([]cty.Value, size)
		for i := range items {
			items[i] = nested(t, leaf, text, depth-1)
		}
		return cty.TupleVal(items)
	}
	if size == 0 {
		return rapid.SampledFrom([]cty.Value{
			cty.ListValEmpty(cty.Bool), cty.MapValEmpty(cty.String), cty.SetValEmpty(cty.Number),
		}).Draw(t, "empty")
	}
	items := make([]cty.Value, size)
	fields := map[string]cty.Value{}
	for i := range items {
		items[i] = cty.StringVal(text.Draw(t, "item"))
		fields[fmt.Sprint("k", i)] = items[i]
	}
	return rapid.SampledFrom([]cty.Value{cty.ListVal(items), cty.SetVal(items), cty.MapVal(fields)}).Draw(t, "collection")
}

func TestValuesSurviveJSON(t *testing.T) {
	all := values(rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		v := Value{Data: all.Draw(t, "value"), Sensitive: rapid.Bool().Draw(t, "sensitive")}
		text, err := v.MarshalRevealed()
		if err != nil {
			t.Fatal(err)
		}
		var again Value
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again.Sensitive != v.Sensitive || !again.Data.RawEquals(v.Data) {
			t.Fatalf("%#v became %#v by way of %s", v.Data, again.Data, text)
		}
	})
}

// TestSensitiveValuesAreNeverShown puts the same word into every text of a value, and looks for it wherever a value is
// written.
func TestSensitiveValuesAreNeverShown(t *testing.T) {
	all := values(rapid.Just(secretText))
	rapid.Check(t, func(t *rapid.T) {
		v := Value{Data: all.Draw(t, "value"), Sensitive: true}
		type holder struct {
			V  Value
			P  *Value
			M  map[string]Value
			L  []Value
			A  any
			Vs Values
		}
		h := holder{v, &v, map[string]Value{"m": v}, []Value{v}, v, Values{"x": v}}
		var shown strings.Builder
		for _, any := range []any{v, &v, h, &h, h.Vs, []any{v}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10v", "%U"} {
				fmt.Fprintf(&shown, verb, any)
			}
			text, err := json.Marshal(any)
			if err != nil {
				t.Fatal(err)
			}
			shown.Write(text)
		}
		shown.WriteString(v.String() + v.GoString())
		for _, form := range []string{secretText, fmt.Sprintf("%x", secretText), fmt.Sprintf("%X", secretText)} {
			if strings.Contains(shown.String(), form) {
				t.Fatalf("%q is in %s", form, shown.String())
			}
		}
	})
}

func TestValueDocuments(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"terraform's", `{"sensitive":false,"type":["list","string"],"value":["a"]}`, `["a"]`},
		{"without a type", `{"value":{"a":[1,true]}}`, `{"a":[1,true]}`},
		{"of a sensitive one that was left out", `{"sensitive":true,"type":"string"}`, "(sensitive)"},
		{"of one that is not known", `{"type":"string"}`, "(known after apply)"},
		{"of nothing", `{}`, "(known after apply)"},
		{"of null", `{"type":"string","value":null}`, "null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v Value
			if err := json.Unmarshal([]byte(c.text), &v); err != nil || v.String() != c.want {
				t.Errorf("got %v, %v; want %s", v, err, c.want)
			}
		})
	}
	for _, wrong := range []string{`[]`, `{"type":"strin","value":1}`, `{"type":"number","value":"x"}`, `{"value":`} {
		var v Value
		if err := json.Unmarshal([]byte(wrong), &v); err == nil {
			t.Errorf("%s is read as %v", wrong, v)
		}
	}
}

func TestSecrets(t *testing.T) {
	vs := Values{
		"open": Text("open"),
		"a":    {Data: cty.ObjectVal(map[string]cty.Value{"x": cty.StringVal("one"), "y": cty.TupleVal([]cty.Value{cty.NumberIntVal(42)})}), Sensitive: true},
		"b":    {Data: cty.NullVal(cty.String), Sensitive: true},
		"c":    {Sensitive: true},
		"d":    {Data: cty.MapVal(map[string]cty.Value{"k": cty.StringVal("two")}), Sensitive: true},
	}
	if got := strings.Join(vs.Secrets(), " "); got != "one 42 two" {
		t.Error(got)
	}
}
