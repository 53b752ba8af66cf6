package schema

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"
)

const secretText = "hunter2-s3cret"

// world is a scope with outputs of every kind.
func world() *Scope {
	network := Values{
		"vpc_id": Text("vpc-1"),
		"count":  {Data: cty.NumberIntVal(3)},
		"on":     {Data: cty.True},
		"cidrs":  {Data: cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})},
		"map":    {Data: cty.ObjectVal(map[string]cty.Value{"k": cty.StringVal("v")})},
		"null":   {Data: cty.NullVal(cty.String)},
		"secret": {Data: cty.StringVal(secretText), Sensitive: true},
		"a.b":    Text("dotted"),
		"later":  {},
	}
	return &Scope{
		Environment: "prod/app", Path: "envs/app", Tags: []string{"web", "prod"},
		Outputs: func(r Reference) (Values, bool) {
			switch {
			case r.Environment == "open" || r.Step == "open/terraform":
				return Values{"known": Text("yes")}, true
			case r.Step != "":
				return Values{"x": Text("of " + string(r.Step))}, false
			}
			return network, false
		},
	}
}

// TestExpressions evaluates inputs as they stand in a manifest.
func TestExpressions(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"a plain text", "hello", `"hello"`},
		{"a number", "12", `12`},
		{"a fraction", "1.50", `1.5`},
		{"a number in hexadecimal", "0x10", `16`},
		{"a number with underscores", "1_000", `1000`},
		{"an id with a leading zero stays text", "012345678901", `"012345678901"`},
		{"an octal of YAML 1.1 stays text", "0755", `"0755"`},
		{"zero and a fraction below one are numbers", "[0, 0.5, -0.25]", `[0,0.5,-0.25]`},
		{"infinity in quotes is a text", "'.inf'", `".inf"`},
		{"a tag of YAML's own says the type", "!!str 12", `"12"`},
		{"a date stays text", "2024-01-31", `"2024-01-31"`},
		{"true", "true", `true`},
		{"yes is a text, as in YAML 1.2", "yes", `"yes"`},
		{"a number in quotes is a text", `"12"`, `"12"`},
		{"null", "~", `null`},
		{"a list of all kinds", "[1, a, true, ~, [x], {y: z}]", `[1,"a",true,null,["x"],{"y":"z"}]`},
		{"one expression keeps the type of a list", "'${outputs.network.cidrs}'", `["a","b"]`},
		{"one expression keeps the type of a number", "'${outputs.network.count + 1}'", `4`},
		{"one expression keeps the type of a bool", "'${!outputs.network.on}'", `false`},
		{"text around an expression makes a text", "'n=${outputs.network.count}'", `"n=3"`},
		{"expressions inside lists and objects", "[a, {b: '${outputs.network.map.k}'}]", `["a",{"b":"v"}]`},
		{"a name in brackets", `'${outputs["network"]["a.b"]}'`, `"dotted"`},
		{"a step", `'${steps["db/terraform"].outputs.x}'`, `"of db/terraform"`},
		{"all outputs of a step", `'${keys(steps["db/terraform"].outputs)}'`, `["x"]`},
		{"the environment", "'${environment.name} ${environment.path} ${join(\",\", environment.tags)}'", `"prod/app envs/app web,prod"`},
		{"an escaped dollar is none", "'$${outputs.network.vpc_id}'", `"${outputs.network.vpc_id}"`},
		{"a loop", "'${[for c in outputs.network.cidrs : upper(c)]}'", `["A","B"]`},
		{"a condition over directives", "'%{ if outputs.network.on }yes%{ else }no%{ endif }'", `"yes"`},
		{"a null output", "'${outputs.network.null}'", `null`},
		{"try finds a way round", "'${try(tonumber(outputs.network.vpc_id), 7)}'", `7`},
		{"a sensitive value", "'${outputs.network.secret}'", `(sensitive)`},
		{"a text built from a sensitive value", "'x ${upper(outputs.network.secret)}'", `(sensitive)`},
		{"an object with a sensitive value deep inside", "{a: [1, '${outputs.network.secret}']}", `(sensitive)`},
		{"an output that is not known yet", "'${outputs.network.later}'", `(known after apply)`},
		{"an output that may yet come", "'${outputs.open.later}'", `(known after apply)`},
		{"a known output of an environment with others to come", "'${outputs.open.known}'", `"yes"`},
		{"a known output beside an unknown one of the same environment", "'${outputs.open.known == \"yes\" ? \"known\" : outputs.open.later}'", `"known"`},
		{"the same of a step", "'${steps[\"open/terraform\"].outputs.known == \"yes\" ? 1 : steps[\"open/terraform\"].outputs.later}'", `1`},
		{"all outputs where others may come", "'${length(outputs.open)}'", `(known after apply)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, problems := input(t, c.yaml)
			if problems != nil {
				t.Fatal(problems)
			}
			v, err := e.Evaluate(world())
			if got := v.String(); err != nil || got != c.want {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

// TestFailingExpressions checks what is said of an expression that cannot be evaluated, and that no sensitive value is
// part of it, however it is used.
func TestFailingExpressions(t *testing.T) {
	var all strings.Builder
	for _, yaml := range []string{
		"'${tonumber(outputs.network.vpc_id)}'",
		"'${outputs.network.absent}'",
		"'${outputs.network.cidrs[7]}'",
		"'a ${outputs.network.map}'",
		"'${1 / 0}'",
		"'${ {a = [tonumber(\"1e99999999\")]} }'",
		"['ok', '${parseint(\"zz\", 10)}', {b: '${jsondecode(\"{\")}'}]",
		"'${tonumber(outputs.network.secret)}'",
		"'${parseint(outputs.network.secret, 10)}'",
		"'${parseint(upper(outputs.network.secret), 10)}'",
		"'${jsondecode(outputs.network.secret)}'",
		"'${regex(outputs.network.secret, \"x\")}'",
		"'${regex(\"x\", outputs.network.secret)}'",
		"'${regex(\"[${outputs.network.secret}\", \"x\")}'",
		"'${base64decode(outputs.network.secret)}'",
		"'${outputs.network.map[outputs.network.secret]}'",
		"'${outputs.network.cidrs[outputs.network.secret]}'",
		"'${tobool(outputs.network.secret)}'",
		"'${outputs.network.secret + 1}'",
		"'${outputs.network.secret ? 1 : 2}'",
		"'${-outputs.network.secret}'",
		"'${outputs.network.secret.field}'",
		"'${[for x in outputs.network.secret : x]}'",
		"'${ {for x in [1, 2] : outputs.network.secret => x} }'",
		"'${cidrsubnet(outputs.network.secret, 8, 1)}'",
		"'${format(\"%d\", outputs.network.secret)}'",
		"'${index(outputs.network.cidrs, outputs.network.secret)}'",
		"'${outputs.network[outputs.network.secret]}'",
		"'${lookup(outputs.network.map, outputs.network.secret)}'",
		"'${substr(outputs.network.secret, -1, \"x\")}'",
		"'%{ for x in outputs.network.secret }%{ endfor }'",
		"'${outputs.network.cidrs.*[outputs.network.secret]}'",
	} {
		e, problems := input(t, yaml)
		if problems != nil {
			t.Fatalf("%s: %v", yaml, problems)
		}
		v, err := e.Evaluate(world())
		if err == nil {
			all.WriteString(yaml + "\n\tno error: " + v.String() + "\n")
			continue
		}
		for _, text := range []string{secretText, strings.ToUpper(secretText), "hunter", "s3cret"} {
			if strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error tells the secret: %v", yaml, err)
			}
		}
		all.WriteString(yaml + "\n\t" + strings.ReplaceAll(err.Error(), "\n", "\n\t") + "\n")
	}
	golden(t, "failing_expressions.txt", all.String())
}

func TestReferences(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"an output", "'${outputs.network.vpc_id}'", "outputs.network.vpc_id"},
		{"a name with a slash", `'${outputs["prod/network"].vpc_id}'`, `outputs["prod/network"].vpc_id`},
		{"a name with a dot", `'${outputs["a.b"]["c.d"]}'`, `outputs["a.b"]["c.d"]`},
		{"names that begin with a digit", `'${outputs["2048"]["3x"]}'`, `outputs["2048"]["3x"]`},
		{"a name with a dash", `'${outputs.my-net.my-id}'`, `outputs.my-net.my-id`},
		{"letters that are not ASCII", `'${outputs.größe.日本}'`, `outputs.größe.日本`},
		{"all outputs", "'${outputs.network}'", "outputs.network"},
		{"a step", `'${steps["network/terraform"].outputs.x.y[0]}'`, `steps["network/terraform"].outputs.x`},
		{"all outputs of a step", `'${steps["network/terraform"].outputs}'`, `steps["network/terraform"].outputs`},
		{"in the order they are written, loops and lists included", "[{b: '${outputs.b.x}'}, '${[for y in outputs.a.x : y]} ${outputs.c.x}']", "outputs.b.x outputs.a.x outputs.c.x"},
		{"the environment itself is none", "'${environment.name}'", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, problems := input(t, c.yaml)
			if problems != nil {
				t.Fatal(problems)
			}
			var got []string
			for _, r := range e.References() {
				got = append(got, r.String())
				again, problems := ParseTemplate("${"+r.String()+"}", Position{})
				if refs := again.References(); problems != nil || len(refs) != 1 || refs[0].String() != r.String() {
					t.Errorf("%s read again is %v, %v", r, refs, problems)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whatever is read without HCL, HCL reads in the same way.
func TestOutputTraversalIsHCLs(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "b-c", "_d", "é", "0", "7z", "-", "for", "if", "in", "true", "null", "outputs", ".", ".", ".", "*", "[0]", `["x"]`,
		" ", "\n", "}", "${", "%{", "$", "~", "(", "/", "\u200d", "#",
	})
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		text := "${outputs." + strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "") + "}"
		got := outputTraversal(text)
		if got == nil {
			return
		}
		read++
		template, diags := hclsyntax.ParseTemplate([]byte(text), "f", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%s: %v", text, diags)
		}
		if _, whole := template.(*hclsyntax.TemplateWrapExpr); !whole || len(check(template, places{})) > 0 {
			t.Fatalf("%s: HCL finds more in it: %T", text, template)
		}
		all := template.Variables()
		if len(all) != 1 || len(all[0]) != len(got) || all[0].RootName() != got.RootName() ||
			all[0].SourceRange().Start != got.SourceRange().Start {
			t.Fatalf("%s: %v, HCL says %v", text, got, all)
		}
		for i := 1; i < len(got); i++ {
			mine, _ := step(got, i)
			if name, ok := step(all[0], i); !ok || name != mine {
				t.Fatalf("%s: name %d is %q, HCL says %q", text, i, mine, name)
			}
		}
	})
	if read == 0 {
		t.Error("none was read")
	}
}

func TestOutputTraversalLeavesTheRest(t *testing.T) {
	for text, names := range map[string]int{
		"${outputs.a.b}": 3, "${outputs.a}": 2, "${outputs.b-c.for.x}": 4,
		"${outputs.a.b}x": 0, "x${outputs.a.b}": 0, "${outputs.a.b}${outputs.c.d}": 0, "${outputs.a.b": 0, "${outputs.}": 0,
		"${outputs.a..b}": 0, "${outputs.a.0}": 0, "${outputs.a.*}": 0, "${outputs.a[0]}": 0, "${outputs.a.b }": 0, "${outputs.a.b\n}": 0,
		"${outputs.é.b}": 0, "${outputs.a.b + 1}": 0, "${steps.a.outputs}": 0, "${outputs}": 0, "$${outputs.a.b}": 0, "${~outputs.a.b}": 0,
	} {
		if got := len(outputTraversal(text)); got != names {
			t.Errorf("%s: %d names, want %d", text, got, names)
		}
	}
}
