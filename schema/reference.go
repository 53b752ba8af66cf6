package schema

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Reference is a place where an expression uses an output: `outputs.network.vpc_id`, or
// `steps["network/terraform"].outputs.vpc_id`. Exactly one of Environment and Step is set.
type Reference struct {
	Environment EnvironmentName
	Step        StepName
	Output      string // "" for all outputs at once
	Position    Position
}

// String returns the reference as a person writes it.
func (r Reference) String() string {
	s := fmt.Sprintf("steps[%q].outputs", r.Step)
	if r.Step == "" {
		s = "outputs" + member(string(r.Environment))
	}
	if r.Output != "" {
		s += member(r.Output)
	}
	return s
}

// asciiIdentifier is what nearly all names are. Whether another one is an identifier, HCL has to say.
var asciiIdentifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// member returns how an expression reaches into an object.
func member(name string) string {
	if asciiIdentifier.MatchString(name) || hclsyntax.ValidIdentifier(name) {
		return "." + name
	}
	return fmt.Sprintf("[%q]", name)
}

// References returns what the expression refers to, in the order it is written. Mistakes in them were reported when the
// expression was decoded.
func (e Expression) References() []Reference {
	if len(e.list) == 0 && len(e.fields) == 0 {
		return slices.Clip(e.references)
	}
	var all []Reference
	for _, item := range e.list {
		all = append(all, item.References()...)
	}
	for _, f := range e.fields {
		all = append(all, f.Value.References()...)
	}
	return all
}

// parseReference reads a traversal; both results are nil for `environment.…`, which refers to no output.
func parseReference(t hcl.Traversal, in places) (*Reference, *Problem) {
	at := in.of(t.SourceRange().Start.Byte)
	fail := func(hint, format string, args ...any) (*Reference, *Problem) {
		p := Errorf(at, format, args...).WithHint("%s", hint)
		return nil, &p
	}
	switch root := t.RootName(); root {
	case "environment":
		if field, ok := step(t, 1); !ok || !slices.Contains(environmentFields, field) {
			return fail("known: environment.name, environment.path, environment.tags", "environment has no %q", field)
		}
		return nil, nil
	case "outputs":
		name, ok := step(t, 1)
		if !ok {
			return fail("like outputs.network.vpc_id, or outputs[\"a/b\"].vpc_id for a name that is not one word", "outputs needs the name of an environment")
		}
		output, _ := step(t, 2)
		return &Reference{Environment: EnvironmentName(name), Output: output, Position: at}, nil
	case "steps":
		name, ok := step(t, 1)
		if field, _ := step(t, 2); !ok || field != "outputs" {
			return fail(`like steps["network/terraform"].outputs.vpc_id`, "steps needs the name of a step and .outputs")
		}
		output, _ := step(t, 3)
		return &Reference{Step: StepName(name), Output: output, Position: at}, nil
	default:
		return fail(DidYouMean(root, []string{"outputs", "steps", "environment"}), "unknown name %q in an expression", root)
	}
}

var environmentFields = []string{"name", "path", "tags"}

// step returns the name at a place of a traversal, whether it is written `.name` or `["name"]`.
func step(t hcl.Traversal, i int) (string, bool) {
	if i >= len(t) {
		return "", false
	}
	switch s := t[i].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type().FriendlyName() == "string" {
			return s.Key.AsString(), true
		}
	}
	return "", false
}
