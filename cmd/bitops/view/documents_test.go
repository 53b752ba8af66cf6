package view_test

import (
	"bytes"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

func TestProblems(t *testing.T) {
	at := schema.Position{File: "bitops.config.yaml", Line: 4, Column: 7}
	ps := schema.Problems{
		schema.Errorf(at, "unknown key %q", "depend_on").WithHint("did you mean %q?", "depends_on"),
		schema.Warningf(schema.Position{File: "net\x1b[1mwork/terraform/bitops.config.yaml", Line: 2}, "unknown key %q", "cli.foo"),
		schema.Errorf(schema.Position{}, "the environments wait for each other:\na -> b -> a"),
	}
	for _, test := range []struct {
		name     string
		problems schema.Problems
		color    bool
		prefix   string
	}{
		{"problems", ps, false, ""},
		{"problems-color", ps, true, ""},
		{"problems-below", ps[:1], false, "../../"},
		{"problems-warnings", ps[1:2], false, ""},
		{"problems-none", nil, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.Problems(&out, test.problems, test.color, test.prefix); err != nil {
				t.Fatal(err)
			}
			golden(t, test.name, out.Bytes())
		})
	}
}

var values = schema.Values{
	"vpc_id":   schema.Text("vpc-0a1b"),
	"token":    {Data: cty.StringVal("s3cret"), Sensitive: true},
	"subnets":  {Data: cty.ListVal([]cty.Value{cty.StringVal("a<b"), cty.StringVal("\x1b[31m\u202e\u009b")})},
	"replicas": {Data: cty.NumberIntVal(3)},
	"endpoint": {Data: cty.UnknownVal(cty.String)},
}

func TestOutputs(t *testing.T) {
	for name, show := range map[string]func(*bytes.Buffer) error{
		"outputs":               func(b *bytes.Buffer) error { return view.Outputs(b, values) },
		"outputs-json":          func(b *bytes.Buffer) error { return view.OutputsJSON(b, values, false) },
		"outputs-json-revealed": func(b *bytes.Buffer) error { return view.OutputsJSON(b, values, true) },
		"outputs-none":          func(b *bytes.Buffer) error { return view.OutputsJSON(b, nil, false) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := show(&out); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

func TestOutputRaw(t *testing.T) {
	for name, want := range map[string]string{"vpc_id": "vpc-0a1b", "token": "s3cret", "replicas": "3"} {
		var out bytes.Buffer
		if err := view.OutputRaw(&out, values[name]); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", name, out.String(), err)
		}
	}
	if err := view.OutputRaw(&bytes.Buffer{}, values["endpoint"]); err == nil {
		t.Error("a value that is not known was written")
	}
}
