package terraform

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// echo declares one variable of each kind and shows as JSON what arrived.
const echo = `
variable "str"    { type = string }
variable "num"    { type = number }
variable "yes"    { type = bool }
variable "list"   { type = list(string) }
variable "map"    { type = map(number) }
variable "obj"    { type = object({ name = string, ports = optional(list(number), [1]) }) }
variable "any"    { type = any }
variable "free"   {}
output "all" {
  value = jsonencode([var.str, var.num, var.yes, var.list, var.map, var.obj, var.any, var.free])
}`

// Every value must arrive as it is, whichever way it goes.
func TestValuesKeepTheirTypes(t *testing.T) {
	tests := map[string]struct {
		values map[string]string
		want   string
	}{
		"values of the declared types": {
			map[string]string{
				"str": `"x"`, "num": `1.5`, "yes": `false`, "list": `["a","b"]`, "map": `{"a":1}`,
				"obj": `{"name":"n","ports":[80]}`, "any": `{"deep":[1,"2",null]}`, "free": `["l"]`,
			},
			`["x",1.5,false,["a","b"],{"a":1},{"name":"n","ports":[80]},{"deep":[1,"2",null]},["l"]]`,
		},
		"texts that look like something else": {
			map[string]string{
				"str": `"[\"a\"]"`, "num": `"7"`, "yes": `"true"`, "list": `["${x}","%{if}","null","\b\f\n\\b\"$${"]`, "map": `{"${k}":2}`,
				"obj": `{"name":"{}"}`, "any": `"true"`, "free": `"[\"a\"]"`,
			},
			`["[\"a\"]",7,true,["${x}","%{if}","null","\b\f\n\\b\"$${"],{"${k}":2},{"name":"{}","ports":[1]},"true","[\"a\"]"]`,
		},
		"values of other types": {
			map[string]string{
				"str": `true`, "num": `12345678901234567890`, "yes": `true`, "list": `[]`, "map": `{}`,
				"obj": `{"name":"ü€😀","ports":null,"more":1}`, "any": `5`, "free": `5`,
			},
			`["true",12345678901234567890,true,[],{},{"name":"ü€😀","ports":[1]},5,5]`,
		},
		"other things without a type": {
			map[string]string{
				"str": `"null"`, "num": `0`, "yes": `true`, "list": `[""]`, "map": `{"a b":-1}`,
				"obj": `{"name":""}`, "any": `[]`, "free": `{"a":null}`,
			},
			`["null",0,true,[""],{"a b":-1},{"name":"","ports":[1]},[],{"a":null}]`,
		},
	}
	for name, test := range tests {
		want, err := schema.FromJSON([]byte(test.want))
		check(t, err)
		received := func(t *testing.T, s *story) {
			t.Helper()
			got, err := schema.FromJSON([]byte(s.Apply().Outputs["all"].Data.AsString()))
			check(t, err)
			if !got.Data.RawEquals(want.Data) {
				t.Errorf("terraform received\n%s, want\n%s", got, want)
			}
		}
		t.Run(name+" as inputs", func(t *testing.T) {
			s := tellReal(t, map[string]string{"main.tf": echo})
			s.Inputs = values(t, test.values)
			s.Inputs["undeclared"] = schema.Text("is left out")
			received(t, s)
		})
		t.Run(name+" as offered values", func(t *testing.T) {
			s := tellReal(t, map[string]string{"main.tf": echo})
			s.Offered = values(t, test.values)
			s.Offered["undeclared"] = schema.Text("is left out")
			received(t, s)
		})
	}
}

func TestNull(t *testing.T) {
	files := map[string]string{"main.tf": `
variable "str" {
  type    = string
  default = "the default"
}
output "str" { value = var.str == null ? "null" : var.str }`}
	null := schema.Values{"str": {Data: cty.NullVal(cty.DynamicPseudoType)}}
	s := tellReal(t, files)
	s.Inputs = null
	output(t, s.Apply().Outputs, "str", "null")
	s = tellReal(t, files)
	s.Offered = null
	output(t, s.Apply().Outputs, "str", "the default")
}

// What sets a variable, from the weakest to the strongest; each step adds one.
func TestWhoWins(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf": `variable "free" {}` + "\n" + `variable "text" { type = string }` + "\n" +
			`output "all" { value = "${jsonencode(var.free)} ${var.text}" }`,
		"bitops.config.yaml": "terraform:\n  cli: {var-file: conf/x.tfvars}\n",
		"conf/x.tfvars":      "",
	})
	says := func(want string) {
		t.Helper()
		output(t, s.Apply().Outputs, "all", want)
	}
	s.Offered = values(t, map[string]string{"free": `["offered"]`, "text": `"offered"`})
	says(`["offered"] offered`)
	s.Variables["TF_VAR_free"], s.Variables["TF_VAR_text"] = "variable", "variable"
	says(`"variable" variable`)
	delete(s.Variables, "TF_VAR_free")
	s.Write(map[string]string{"terraform.tfvars": "free = \"file\"\ntext = \"file\""})
	says(`"file" file`)
	s.Write(map[string]string{"x.auto.tfvars.json": `{"free": "auto", "text": "auto"}`})
	says(`"auto" auto`)
	s.Write(map[string]string{"conf/x.tfvars": "free = \"configured\"\ntext = \"configured\""})
	says(`"configured" configured`)
	s.Variables["TF_VAR_FILE"] = "y.tfvars"
	s.Write(map[string]string{"y.tfvars": "free = \"named\"\ntext = \"named\""})
	says(`"named" named`)
	s.Inputs = values(t, map[string]string{"free": `"input"`, "text": `"input"`})
	says(`"input" input`)
}

// A generated *.tf file counts: the module is read when the step runs.
func TestVariablesOfGeneratedFiles(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `output "late" { value = var.late }`})
	s.AfterSync = func(dir string) {
		s.T.Helper()
		writeFile(t, dir+"/generated.tf", `variable "late" {}`)
	}
	s.Inputs = schema.Values{"late": schema.Text("arrives")}
	output(t, s.Apply().Outputs, "late", "arrives")
}

func TestUnknownValuesAreRefused(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": `variable "a" {}`}).fake(version1)
	unknown := schema.Values{"a": {Data: cty.UnknownVal(cty.String)}}
	s.Inputs = unknown
	_, err := s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "input a: the value is not known yet")
	s.Inputs, s.Offered = nil, unknown
	_, err = s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "offered value a: the value is not known yet")
}

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{"", "a", "${x}", "$${x}", "$$${", "%{if true}", "\\b\b\f\u2028", `"\"`, "\x00\xff", "<&>"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, key, text string) {
		object := cty.ObjectVal(map[string]cty.Value{"k" + key: cty.TupleVal([]cty.Value{cty.StringVal(text), cty.True})})
		v := schema.Value{Data: object}
		written, ok := asVariable(structured, v)
		if !ok {
			t.Fatal("no text")
		}
		parsed, diagnostics := hclsyntax.ParseExpression([]byte(written), "x", hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Fatalf("%s: %v", written, diagnostics)
		}
		read, diagnostics := parsed.Value(nil)
		if diagnostics.HasErrors() {
			t.Fatalf("%s: %v", written, diagnostics)
		}
		reveal, err := v.Reveal()
		check(t, err)
		want, err := schema.FromJSON(reveal) // as JSON has it: without bytes that are no text
		check(t, err)
		if !read.RawEquals(want.Data) {
			t.Errorf("%q is read as %#v, want %#v", written, read, want.Data)
		}
	})
}

func TestSecretValuesAreInPrivateFiles(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": `variable "a" {}`})
	s.fake(version1 + `for a in "$@"; do case $a in -var-file=*) stat -c '%a %n' "${a#-var-file=}";; esac; done
[ "$1" = output ] && echo '{}'; exit 0`)
	s.Inputs = schema.Values{"a": schema.Text("x")}
	s.Apply()
	log := s.Texts(schema.EventOutputLine)
	if !strings.HasPrefix(log, "600 ") || !strings.HasSuffix(log, "inputs.tfvars.json") {
		t.Errorf("log %q", log)
	}
}

func TestTheCallersVariables(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""}).fake(version1 + `[ "$1" = output ] && { echo '{}'; exit; }; env; exit 0`)
	s.Variables = s.Variables.With(environments.Variables{
		"TF_DATA_DIR": "/somewhere", "TF_CLI_ARGS_plan": "-parallelism=3", "TF_PLUGIN_CACHE_DIR": "/cache",
	})
	s.Apply()
	log := s.Texts(schema.EventOutputLine)
	contains(t, "variables", log, "TF_CLI_ARGS_plan=-parallelism=3", "TF_PLUGIN_CACHE_DIR=/cache", "TF_INPUT=0", "TF_IN_AUTOMATION=1")
	lacks(t, "variables", log, "TF_DATA_DIR")
	contains(t, "notices", s.Texts(schema.EventNotice), "TF_DATA_DIR is not passed on")
}
