package schema

import (
	"encoding/json"
	"testing"
)

func TestExpressionsSurviveJSON(t *testing.T) {
	for _, text := range []string{
		`a text`, `"${outputs.a.x}"`, `"x ${outputs.a.x} <&> y"`, `"5"`, `5`, `1.5e3`, `true`, `null`, `[1, "${outputs.a.x}", [], {}]`,
		`{b: "${outputs.a.x}", a: {c: ["%{ for x in outputs.a.l }${x}%{ endfor }"]}}`, `"012345678901"`, `"$${x}"`, `""`,
	} {
		was, problems := input(t, text)
		if problems.HasErrors() {
			t.Fatalf("%s: %v", text, problems)
		}
		written, err := json.Marshal(was)
		if err != nil {
			t.Fatal(err)
		}
		var is Expression
		if err := json.Unmarshal(written, &is); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		again, err := json.Marshal(is)
		if err != nil || string(again) != string(written) {
			t.Errorf("%s became %s, %v", written, again, err)
		}
		if len(is.References()) != len(was.References()) {
			t.Errorf("%s refers to %v, not to %v", written, is.References(), was.References())
		}
		scope := &Scope{Environment: "b", Outputs: func(Reference) (Values, bool) {
			return Values{"x": Text("X"), "l": Text("L")}, false
		}}
		a, errA := was.Evaluate(scope)
		b, errB := is.Evaluate(scope)
		if a.String() != b.String() || (errA == nil) != (errB == nil) {
			t.Errorf("%s is %v (%v), and was %v (%v)", written, b, errB, a, errA)
		}
	}
}

func TestADamagedExpression(t *testing.T) {
	var e Expression
	for _, text := range []string{`"${outputs."`, `"${nosuch()}"`, `{`} {
		if err := json.Unmarshal([]byte(text), &e); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
