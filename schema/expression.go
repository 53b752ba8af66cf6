package schema

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"gopkg.in/yaml.v3"
)

// Expression is a value of the manifest before its references are known: any YAML value whose texts are HCL templates.
// A text that is nothing but one `${...}` keeps the type of what it refers to.
//
// It is immutable once decoded and safe for concurrent use.
type Expression struct {
	Position Position

	literal    cty.Value   // a scalar without a template
	template   string      // a text with one, as written; parsed again when it is evaluated: that is seldom, and costs memory
	references []Reference // of the template
	list       []Expression
	fields     Map[Expression]
	isList     bool
	isObject   bool
}

// Texts returns what is written of the expression itself, not of what it refers to: plain values, and the whole of a
// template. keys tells which fields of objects count, with all that is in them; nil is every one.
func (e Expression) Texts(keys func(string) bool) []string {
	var all []string
	for _, item := range e.list {
		all = append(all, item.Texts(keys)...)
	}
	for _, f := range e.fields {
		if keys != nil && keys(f.Key) {
			all = append(all, f.Value.Texts(nil)...)
		} else {
			all = append(all, f.Value.Texts(keys)...)
		}
	}
	switch {
	case e.isList || e.isObject || keys != nil:
	case e.template != "":
		all = append(all, e.template)
	default:
		if text, err := (Value{Data: e.literal}).Plain(); err == nil {
			all = append(all, text)
		}
	}
	return all
}

func (e *Expression) decodeNode(d *decoder, n *yaml.Node, key string) {
	e.Position = d.at(n)
	switch n.Kind {
	case yaml.MappingNode:
		e.isObject = true
		pairs, _ := d.pairs(n, key)
		e.fields = make(Map[Expression], len(pairs))
		for i, p := range pairs {
			e.fields[i].Key, e.fields[i].Position = p.key.Value, d.at(p.key)
			d.expression(p.value, &e.fields[i].Value, p.key.Value)
		}
	case yaml.SequenceNode:
		e.isList = true
		e.list = make([]Expression, len(n.Content))
		for i, item := range n.Content {
			d.expression(item, &e.list[i], key)
		}
	default:
		e.decodeScalar(d, n)
	}
}

func (d *decoder) expression(n *yaml.Node, e *Expression, key string) {
	d.enter(n, func(n *yaml.Node) { e.decodeNode(d, n, key) })
}

func (e *Expression) decodeScalar(d *decoder, n *yaml.Node) {
	switch {
	case n.ShortTag() == "!!str" && isTemplate(n.Value):
		d.later = append(d.later, func() Problems { return e.parse(n.Value, d.placesOf(n)) })
	case n.ShortTag() == "!!str":
		e.literal = cty.StringVal(n.Value)
	case n.ShortTag() == "!!float" && noNumber.MatchString(n.Value):
		d.errorf(n, "%s is no number that a tool can be given; put quotes around it to make it a text", n.Value)
	default:
		e.literal = plainValue(n)
	}
}

func isTemplate(text string) bool {
	return strings.Contains(text, "${") || strings.Contains(text, "%{")
}

// plainValue gives a plain YAML scalar the type it looks like. What has no type of its own stays text, and so does a
// number with a leading zero, which as a number would lose it: 012345678901 is the id of an account.
func plainValue(n *yaml.Node) cty.Value {
	switch tag := n.ShortTag(); {
	case tag == "!!null":
		return cty.NullVal(cty.DynamicPseudoType)
	case tag == "!!bool":
		b, _ := parseBool(n)
		return cty.BoolVal(b)
	case leadingZero.MatchString(n.Value):
	case tag == "!!int", tag == "!!float":
		if v, err := cty.ParseNumberVal(n.Value); err == nil {
			return v
		}
		var i int64
		if err := n.Decode(&i); err == nil { // 0x10, 0o17, 1_000
			return cty.NumberIntVal(i)
		}
	}
	return cty.StringVal(n.Value)
}

// noNumber matches YAML's infinities, and what is not a number.
var noNumber = regexp.MustCompile(`(?i)^[+-]?\.(inf|nan)$`)

var leadingZero = regexp.MustCompile(`^[+-]?0[0-9]`)

// largestExponent bounds numbers, as a power of two. Any that fits into a float64 is far below it; written in digits, one
// far above it fills the memory.
const largestExponent = 1 << 14

// outsize reports a number that nobody means.
func outsize(v cty.Value) bool {
	f := v.AsBigFloat()
	return f.IsInf() || abs(f.MantExp(nil)) > largestExponent
}

// ParseTemplate returns the expression that a text is. Problems are placed where the text begins.
func ParseTemplate(text string, at Position) (Expression, Problems) {
	e := Expression{Position: at, literal: cty.StringVal(text)}
	if !isTemplate(text) {
		return e, nil
	}
	problems := e.parse(text, places{start: at})
	return e, problems
}

// parse makes the expression a template. Mistakes that need no values to be seen are problems.
func (e *Expression) parse(text string, at places) Problems {
	traversals, problems, ok := traversalsOf(text, at)
	if !ok {
		return problems
	}
	e.template, e.Position = text, at.start
	for _, traversal := range traversals {
		reference, problem := parseReference(traversal, at)
		if problem != nil {
			if strings.Contains(text, "/"+traversal.RootName()+".") {
				problem.Hint = `a name with a slash is written like outputs["prod/backend"]`
			}
			problems = append(problems, *problem)
		} else if reference != nil {
			e.references = append(e.references, *reference)
		}
	}
	return problems
}

// traversalsOf returns what a template refers to, and what is wrong with it otherwise; ok is false when its syntax is.
func traversalsOf(text string, at places) (_ []hcl.Traversal, _ Problems, ok bool) {
	if traversal := outputTraversal(text); traversal != nil {
		return []hcl.Traversal{traversal}, nil, true
	}
	if TooDeep([]byte(text), hclsyntax.LexTemplate) {
		return nil, Problems{Errorf(at.start, "the expression is nested more than %d levels deep", deepest)}, false
	}
	template, diags := hclsyntax.ParseTemplate([]byte(text), at.start.File, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diagnostics(diags, at), false
	}
	return template.Variables(), check(template, at), true
}

// outputTraversal returns what HCL finds in a text that is nothing but `${outputs.name.name}`, with as many names as there
// are, and nil for any other. Nearly all are like this one, and HCL takes as long for it as for a file of terraform.
func outputTraversal(text string) hcl.Traversal {
	inside, opens := strings.CutPrefix(text, "${outputs.")
	inside, closes := strings.CutSuffix(inside, "}")
	if !opens || !closes {
		return nil
	}
	begin := hcl.Pos{Line: 1, Column: 3, Byte: 2}
	traversal := hcl.Traversal{hcl.TraverseRoot{Name: "outputs", SrcRange: hcl.Range{Start: begin, End: begin}}}
	for name := range strings.SplitSeq(inside, ".") {
		if !asciiIdentifier.MatchString(name) {
			return nil
		}
		traversal = append(traversal, hcl.TraverseAttr{Name: name})
	}
	return traversal
}

// check finds functions that do not exist and numbers that nobody means, before anything runs.
func check(template hclsyntax.Expression, at places) Problems {
	var problems Problems
	_ = hclsyntax.VisitAll(template, func(node hclsyntax.Node) hcl.Diagnostics {
		switch n := node.(type) {
		case *hclsyntax.FunctionCallExpr:
			if _, known := functions[n.Name]; !known {
				problems = append(problems, Errorf(at.of(n.NameRange.Start.Byte), "there is no function %q", n.Name).
					WithHint("%s", DidYouMean(n.Name, slices.Sorted(maps.Keys(functions)))))
			}
		case *hclsyntax.LiteralValueExpr:
			if n.Val.Type() == cty.Number && !n.Val.IsNull() && outsize(n.Val) {
				problems = append(problems, Errorf(at.of(n.SrcRange.Start.Byte), "a number is out of all proportion"))
			}
		}
		return nil
	})
	return problems
}

// diagnostics turns what HCL says about a template's syntax into problems.
func diagnostics(diags hcl.Diagnostics, in places) Problems {
	var problems Problems
	for _, diag := range diags {
		if diag.Severity != hcl.DiagError {
			continue
		}
		at := in.start
		if diag.Subject != nil {
			at = in.of(diag.Subject.Start.Byte)
		}
		problems = append(problems, Errorf(at, "%s: %s", lowerFirst(diag.Summary), oneLine(diag.Detail)))
	}
	return problems
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func oneLine(s string) string { return strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".") }

// Evaluate returns the expression's value in a scope. References to outputs that are not known yet give an unknown
// value; a value built from a sensitive one is sensitive. The error, which is Problems, holds nothing of sensitive values.
func (e Expression) Evaluate(scope *Scope) (Value, error) {
	var problems Problems
	marked := e.evaluate(scope, &problems)
	if err := problems.Err(); err != nil {
		return Value{}, err
	}
	data, marks := marked.UnmarkDeep()
	if holdsOutsize(data) {
		return Value{}, Problems{Errorf(e.Position, "a number is out of all proportion")}
	}
	return Value{Data: data, Sensitive: len(marks) > 0}, nil
}

func holdsOutsize(data cty.Value) bool {
	found := false
	_ = cty.Walk(data, func(_ cty.Path, v cty.Value) (bool, error) {
		found = found || v.Type() == cty.Number && v.IsKnown() && !v.IsNull() && outsize(v)
		return !found, nil
	})
	return found
}

func (e Expression) evaluate(scope *Scope, problems *Problems) cty.Value {
	switch {
	case e.isList:
		items := make([]cty.Value, len(e.list))
		for i := range e.list {
			items[i] = e.list[i].evaluate(scope, problems)
		}
		return cty.TupleVal(items)
	case e.isObject:
		fields := make(map[string]cty.Value, len(e.fields))
		for _, f := range e.fields {
			fields[f.Key] = f.Value.evaluate(scope, problems)
		}
		return cty.ObjectVal(fields)
	case e.template != "":
		template, diags := hclsyntax.ParseTemplate([]byte(e.template), e.Position.File, hcl.InitialPos)
		if diags.HasErrors() { // it had none when it was decoded
			*problems = append(*problems, diagnostics(diags, places{start: e.Position})...)
			return cty.DynamicVal
		}
		context, secret := scope.context(e.references)
		v, diags := template.Value(context)
		if diags.HasErrors() {
			*problems = append(*problems, e.failures(diags, secret)...)
			return cty.DynamicVal
		}
		return v
	case e.literal == cty.NilVal:
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return e.literal
}

// failures says what went wrong. HCL quotes values, so that where a sensitive one went in, only the kind of the failure
// and the function are told.
func (e Expression) failures(diags hcl.Diagnostics, secret bool) Problems {
	if !secret {
		return diagnostics(diags, places{start: e.Position})
	}
	var problems Problems
	for _, diag := range diags {
		if diag.Severity != hcl.DiagError {
			continue
		}
		what := lowerFirst(diag.Summary)
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](diag); ok {
			what = "function " + call.CalledFunctionName() + " refuses its arguments"
		}
		problems = append(problems, Errorf(e.Position, "%s", what).WithHint("a sensitive value is used here, so no more is told"))
	}
	return problems
}
