package schema

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// crane is a tool that has a key of every kind.
const crane = `
crane:
  type: object
  properties:
    cli:
      type: object
      properties:
        file: {type: string, parameter: file, default: default.yaml, export_env: CRANE_FILE, variables: [OLD_CRANE_FILE]}
        vars: {type: string, parameter: vars}
        set: {type: list, parameter: set, dash_type: "-"}
        labels: {type: object, parameter: labels, export_env: CRANE_LABELS}
        wait: {type: boolean, parameter: wait, default: true, export_env: CRANE_WAIT}
        forks: {type: integer, parameter: forks, aliases: [options.parallel, old.forks]}
        ratio: {type: number, parameter: ratio}
        mode: {type: string, parameter: mode, enum: [up, down]}
        type: {type: string, parameter: type}
        default: {type: string, parameter: default}
        gone: {type: string, parameter: gone, enabled: false}
    options:
      type: object
      properties:
        name: {type: string, required: true, default: crane}
        fetch:
          type: object
          properties:
            cluster-name: {type: string}
`

// resolve reads a configuration of the crane, with variables as NAME=value.
func resolve(t *testing.T, schema, config string, variables ...string) (*ToolValues, Problems) {
	t.Helper()
	s, problems := ParseToolSchema([]byte(schema), "crane.schema.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	root := repository(t, "-- readme --\n")
	if config != "" {
		root = repository(t, "-- net/crane/bitops.config.yaml --\n"+config+"\n")
	}
	return s.Resolve(Directory{Root: root, Name: "net/crane"}, func(name string) string {
		for _, v := range variables {
			if n, value, _ := strings.Cut(v, "="); n == name {
				return value
			}
		}
		return ""
	})
}

func TestToolValues(t *testing.T) {
	for _, c := range []struct {
		name, config string
		variables    []string
		path, want   string
		from         string
	}{
		{"nothing says anything", "", nil, "cli.mode", "", ""},
		{"the default", "", nil, "cli.file", "default.yaml", "default"},
		{"the configuration beats the default", "crane: {cli: {file: a}}", nil, "cli.file", "a", "net/crane/bitops.config.yaml:1:21"},
		{
			"a variable beats the configuration", "crane: {cli: {file: a}}",
			[]string{"BITOPS_CRANE_FILE=b"},
			"cli.file", "b", "variable BITOPS_CRANE_FILE",
		},
		{"the export_env name overrides too (was: only an undocumented one did)", "crane: {cli: {file: a}}", []string{"CRANE_FILE=b"}, "cli.file", "b", "variable CRANE_FILE"},
		{"with BITOPS_ before it", "crane: {cli: {wait: true}}", []string{"BITOPS_CRANE_WAIT=no"}, "cli.wait", "false", "variable BITOPS_CRANE_WAIT"},
		{"and names of other versions, last", "", []string{"OLD_CRANE_FILE=c", "CRANE_FILE=b"}, "cli.file", "b", "variable CRANE_FILE"},
		{"an empty variable counts as unset", "crane: {cli: {file: a}}", []string{"BITOPS_CRANE_FILE=", "CRANE_FILE="}, "cli.file", "a", "net/crane/bitops.config.yaml:1:21"},
		{"a dash is an underscore in a variable", "", []string{"BITOPS_CRANE_CLUSTER_NAME=x"}, "options.fetch.cluster-name", "x", "variable BITOPS_CRANE_CLUSTER_NAME"},
		{"false is a value (was: ignored, so nothing could override a true default)", "crane: {cli: {wait: false}}", nil, "cli.wait", "false", "net/crane/bitops.config.yaml:1:21"},
		{"the text false is false (was: true)", `crane: {cli: {wait: "false"}}`, nil, "cli.wait", "false", "net/crane/bitops.config.yaml:1:21"},
		{"0 is a value", "crane: {cli: {forks: 0}}", nil, "cli.forks", "0", "net/crane/bitops.config.yaml:1:22"},
		{"an empty text is a value", `crane: {cli: {file: ""}}`, nil, "cli.file", "", "net/crane/bitops.config.yaml:1:21"},
		{"required and empty is not missing", `crane: {options: {name: ""}}`, nil, "options.name", "", "net/crane/bitops.config.yaml:1:25"},
		{"a key with nothing behind it is absent", "crane: {cli: {file: }}", nil, "cli.file", "default.yaml", "default"},
		{"a group with nothing behind it is absent", "crane: {cli: }", nil, "cli.file", "default.yaml", "default"},
		{"a tool with nothing behind it is absent", "crane:", nil, "cli.file", "default.yaml", "default"},
		{"the name of an older version", "crane: {options: {parallel: 3}}", nil, "cli.forks", "3", "net/crane/bitops.config.yaml:1:29"},
		{"in a group of its own", "crane: {old: {forks: 4}}", nil, "cli.forks", "4", "net/crane/bitops.config.yaml:1:22"},
		{"today's name beats it", "crane: {cli: {forks: 1}, options: {parallel: 3}}", nil, "cli.forks", "1", "net/crane/bitops.config.yaml:1:22"},
		{"a number in quotes is a number", `crane: {cli: {forks: "12"}}`, nil, "cli.forks", "12", "net/crane/bitops.config.yaml:1:22"},
		{"a large number keeps its digits", `crane: {cli: {ratio: 1000000000}}`, nil, "cli.ratio", "1000000000", "net/crane/bitops.config.yaml:1:22"},
		{"a fraction", `crane: {cli: {ratio: 0.25}}`, nil, "cli.ratio", "0.25", "net/crane/bitops.config.yaml:1:22"},
		{"a word of several is taken in any case", `crane: {cli: {mode: UP}}`, nil, "cli.mode", "up", "net/crane/bitops.config.yaml:1:21"},
		{"a number where a text is wanted stays as written", `crane: {cli: {file: 012}}`, nil, "cli.file", "012", "net/crane/bitops.config.yaml:1:21"},
		{"a mapping where a text is wanted is JSON", "crane: {cli: {vars: {b: [1, x], a: 012, 3: <&>}}}", nil, "cli.vars", `{"3":"<&>","a":"012","b":[1,"x"]}`, "net/crane/bitops.config.yaml:1:21"},
		{"a date in it stays as written", "crane: {cli: {labels: {d: 2024-01-02}}}", nil, "cli.labels", `{"d":"2024-01-02"}`, "net/crane/bitops.config.yaml:1:23"},
		{"an object in a variable", "", []string{`CRANE_LABELS={"a": 1}`}, "cli.labels", `{"a":1}`, "variable CRANE_LABELS"},
		{"an alias of YAML", "crane: {cli: {file: &f x, vars: *f}}", nil, "cli.vars", "x", "net/crane/bitops.config.yaml:1:33"},
		{"a merge key of YAML", "crane: {options: &o {name: n}, cli: {<<: {file: m}}}", nil, "cli.file", "m", "net/crane/bitops.config.yaml:1:49"},
		{"a key called type", "crane: {cli: {type: t}}", nil, "cli.type", "t", "net/crane/bitops.config.yaml:1:21"},
		{"a key called default", "crane: {cli: {default: d}}", nil, "cli.default", "d", "net/crane/bitops.config.yaml:1:24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, problems := resolve(t, crane, c.config, c.variables...)
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			if got := v.Text(c.path); got != c.want || v.From(c.path) != c.from {
				t.Errorf("%s is %q from %q, want %q from %q", c.path, got, v.From(c.path), c.want, c.from)
			}
			if v.Has(c.path) != (c.from != "") {
				t.Errorf("Has(%s) is %v", c.path, v.Has(c.path))
			}
		})
	}
}

func TestToolConfigurationProblems(t *testing.T) {
	for _, c := range []struct {
		name, config string
		variables    []string
		want         string
	}{
		{"none", "crane: {cli: {file: x}}", nil, ""},
		{"an empty file", " ", nil, ""},
		{"a wrong type has a place (was: traceback)", "crane:\n  cli:\n    forks: many\n    wait: [x]\n    ratio: {}\n    labels: x\n", nil, `net/crane/bitops.config.yaml:3:12: cli.forks must be a whole number, not "many"
net/crane/bitops.config.yaml:4:11: cli.wait must be true or false, not a list
net/crane/bitops.config.yaml:5:12: cli.ratio must be a number, not a mapping
net/crane/bitops.config.yaml:6:13: cli.labels must be a mapping, not "x"`},
		{"a wrong variable has its name", "", []string{"BITOPS_CRANE_FORKS=many"}, `variable BITOPS_CRANE_FORKS: cli.forks must be a whole number, not "many"`},
		{"a word that is none of several", "crane: {cli: {mode: left}}", nil, `net/crane/bitops.config.yaml:1:21: cli.mode cannot be "left" (one of up, down)`},
		{"a group that is none", "crane: {cli: x}", nil, `net/crane/bitops.config.yaml:1:14: cli must be a mapping, not "x"`},
		{"a file that is no mapping", "- crane", nil, `net/crane/bitops.config.yaml:1:1: the file must be a mapping, not a list`},
		{"a file that is no YAML", "crane: {", nil, `net/crane/bitops.config.yaml:1:1: is not valid YAML: did not find expected node content`},
		{"a key given twice", "crane: {cli: {file: a, file: b}}", nil, `net/crane/bitops.config.yaml:1:24: warning: key "file" is given twice, and the last one counts; first in line 1`},
		{"an empty entry of a list", "crane: {cli: {set: [a, ]}}\n", nil, ""},
		{"an entry that is null", "crane: {cli: {set: [a, ~]}}\n", nil, "net/crane/bitops.config.yaml:1:24: an entry of cli.set is empty"},
		{"unknown keys are warnings with a place and a suggestion", "cranes: {}\ncrane:\n  cli: {fork: 1, zzz: 2}\n  optionz: {}\n", nil, `net/crane/bitops.config.yaml:1:1: warning: unknown key "cranes" (did you mean "crane"?)
net/crane/bitops.config.yaml:3:9: warning: unknown key "fork" (did you mean "forks"?)
net/crane/bitops.config.yaml:3:18: warning: unknown key "zzz" (known: file, vars, set, labels, wait, forks, ratio, mode, type, default)
net/crane/bitops.config.yaml:4:3: warning: unknown key "optionz" (did you mean "options"?)`},
		{"a key that is not enabled is unknown", "crane: {cli: {gone: x}}", nil, `net/crane/bitops.config.yaml:1:15: warning: unknown key "gone" (known: file, vars, set, labels, wait, forks, ratio, mode, type, default)`},
		{"anchors that hold themselves", "crane: {cli: {vars: &a [*a]}}", nil, `net/crane/bitops.config.yaml:1:25: anchor "a" contains itself`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, problems := resolve(t, crane, c.config, c.variables...); problems.Error() != c.want {
				t.Errorf("got\n%s\nwant\n%s", problems, c.want)
			}
		})
	}
}

func TestARequiredKeyWithoutAValue(t *testing.T) {
	const schema = "crane: {properties: {options: {properties: {name: {required: true}}}}}"
	for config, want := range map[string]string{
		"":                      "net/crane/bitops.config.yaml: options.name is required and has no value (set it, or the variable BITOPS_CRANE_NAME)",
		"crane:\n  options: {}": "net/crane/bitops.config.yaml:2:3: options.name is required and has no value (set it, or the variable BITOPS_CRANE_NAME)",
	} {
		if _, problems := resolve(t, schema, config); problems.Error() != want {
			t.Errorf("got\n%s\nwant\n%s", problems, want)
		}
	}
	if _, problems := resolve(t, schema, "", "BITOPS_CRANE_NAME=x"); len(problems) > 0 {
		t.Error(problems)
	}
}

// Every value is one argument, in the order of the schema.
func TestToolArguments(t *testing.T) {
	for _, c := range []struct {
		name, config string
		want         []string
	}{
		{"nothing but defaults", "", []string{"--file=default.yaml", "--wait"}},
		{
			"a text with spaces is one argument (was: became a second playbook)", `crane: {cli: {vars: "a=1 b='2 3'"}}`,
			[]string{"--file=default.yaml", "--vars=a=1 b='2 3'", "--wait"},
		},
		{
			"lists reach the command line (was: dropped)", "crane: {cli: {set: [a=1, 2, true, {x: y}], vars: [p, q r]}}",
			[]string{"--file=default.yaml", "--vars=p", "--vars=q r", "-set=a=1", "-set=2", "-set=true", `-set={"x":"y"}`, "--wait"},
		},
		{
			"a text where a list is wanted is a list of one (was: split into characters)", "crane: {cli: {set: abc}}",
			[]string{"--file=default.yaml", "-set=abc", "--wait"},
		},
		{
			"objects reach the command line (was: dropped)", "crane: {cli: {labels: {b: 1, a: {c: null}}}}",
			[]string{"--file=default.yaml", `--labels={"a":{"c":null},"b":1}`, "--wait"},
		},
		{"false and an empty text are no argument", `crane: {cli: {wait: off, file: "", set: ["", x]}}`, []string{"-set=x"}},
		{"0 is one", `crane: {cli: {wait: 0, forks: 0, file: ""}}`, []string{"--forks=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, problems := resolve(t, crane, c.config)
			if got := v.Arguments("cli"); len(problems) > 0 || !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q; problems %v", got, c.want, problems)
			}
			if got := v.Arguments("options"); len(got) > 0 {
				t.Errorf("options gives %q", got)
			}
		})
	}
}

func TestToolValuesByType(t *testing.T) {
	v, _ := resolve(t, crane, `crane: {cli: {set: [a, b], vars: x y, forks: "7", wait: "yes"}}`)
	if !v.Flag("cli.wait") || v.Flag("cli.mode") || v.Integer("cli.forks") != 7 || v.Integer("cli.file") != 0 {
		t.Error("flags or integers are wrong")
	}
	if got := [][]string{v.List("cli.set"), v.List("cli.vars"), v.List("cli.mode")}; !reflect.DeepEqual(got, [][]string{{"a", "b"}, {"x y"}, nil}) {
		t.Errorf("lists %q", got)
	}
	if at := v.Position("cli.forks").String(); at != "net/crane/bitops.config.yaml:1:46" {
		t.Errorf("forks is at %s", at)
	}
	listed, _ := resolve(t, crane, "", `BITOPS_CRANE_SET=["a b", c]`)
	if got := listed.List("cli.set"); !slices.Equal(got, []string{"a b", "c"}) {
		t.Errorf("a list in a variable is %q", got)
	}
}

func TestToolExports(t *testing.T) {
	v, _ := resolve(t, crane, "crane: {cli: {wait: false, labels: {a: 1}}}")
	want := map[string]string{
		"CRANE_FILE": "default.yaml", "BITOPS_CRANE_FILE": "default.yaml", "CRANE_WAIT": "false", "BITOPS_CRANE_WAIT": "false",
		"CRANE_LABELS": `{"a":1}`, "BITOPS_CRANE_LABELS": `{"a":1}`,
	}
	if got := v.Exports(); !maps.Equal(got, want) {
		t.Errorf("exports %q, want %q", got, want)
	}
}

func TestToolSchemaProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an empty one", "", "s: a schema has exactly one key at its root: the name of its tool"},
		{"two tools", "a: {}\nb: {}", "s: a schema has exactly one key at its root: the name of its tool"},
		{"an unknown type", "a: {properties: {b: {type: bolean}}}", `s:1:18: b cannot have the type "bolean" (one of string, boolean, integer, number, list, object)`},
		{"an unknown attribute", "a: {properties: {b: {typ: list}}}", `s:1:22: warning: unknown key "typ" (did you mean "type"?)`},
		{"a default of another type", "a: {properties: {b: {type: integer, default: x}}}", `s:1:46: default: b must be a whole number, not "x"`},
		{"a default that is not allowed", "a: {properties: {b: {default: x, enum: [y]}}}", `s:1:31: default: b cannot be "x" (one of y)`},
		{"types of other spellings", "a: {properties: {b: {type: Bool}, c: {type: int}, d: {type: array}, e: {type: dict}, f: {type: str}}}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, problems := ParseToolSchema([]byte(c.text), "s"); problems.Error() != c.want {
				t.Errorf("got\n%s\nwant\n%s", problems, c.want)
			}
		})
	}
}

func TestToolJSONSchema(t *testing.T) {
	s, _ := ParseToolSchema([]byte(crane), "s")
	text, err := s.JSONSchema()
	if err != nil || !json.Valid(text) {
		t.Fatalf("error %v in\n%s", err, text)
	}
	golden(t, "crane.schema.json", string(text))
}

func FuzzToolConfiguration(f *testing.F) {
	f.Add("crane: {cli: {vars: {a: 1}, set: [x], labels: {b: &x [1, *x]}, <<: {file: ~}}}")
	f.Add("crane: {cli: {labels: {? {a: b} : c, 0x1: 1e999, d: .inf, e: 1_000}}}")
	f.Fuzz(func(t *testing.T, config string) {
		if strings.Contains(config, "\n-- ") {
			t.Skip()
		}
		v, problems := resolve(t, crane, config)
		if problems.HasErrors() {
			return
		}
		for _, arg := range v.Arguments("cli") {
			if text, ok := strings.CutPrefix(arg, "--labels="); ok && !json.Valid([]byte(text)) {
				t.Errorf("%q gives labels that are no JSON: %s", config, text)
			}
		}
	})
}
