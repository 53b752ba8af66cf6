package schema

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A tool's configuration is not a template, but for what tells one environment from another: defaults that serve several
// environments need that. So a text with ${environment.name}, ${environment.path} or ${environment.tags} in it is one, as
// inputs of the manifest are. Any other text stays as it is written.

const environmentTemplate = "${environment."

// Expand replaces what the configuration file says of the environment in all texts. It changes v.
func (v *ToolValues) Expand(scope *Scope) Problems {
	var problems Problems
	for path, value := range v.values {
		if value.from != "" {
			continue
		}
		expanded, problem := expandIn(value.value, scope, value.position)
		if problem != nil {
			problem.Message = path + ": " + problem.Message
			problems = append(problems, *problem)
			continue
		}
		value.value = expanded
		v.values[path] = value
	}
	return problems.Sorted()
}

func expandIn(value any, scope *Scope, at Position) (any, *Problem) {
	switch v := value.(type) {
	case string:
		return expandText(v, scope, at)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			var problem *Problem
			if items[i], problem = expandIn(item, scope, at); problem != nil {
				return nil, problem
			}
		}
		return items, nil
	case map[string]any:
		fields := make(map[string]any, len(v))
		for name, field := range v {
			var problem *Problem
			if fields[name], problem = expandIn(field, scope, at); problem != nil {
				return nil, problem
			}
		}
		return fields, nil
	}
	return value, nil
}

func expandText(text string, scope *Scope, at Position) (any, *Problem) {
	if !strings.Contains(text, environmentTemplate) {
		return text, nil
	}
	wrong := func(diagnostics hcl.Diagnostics) (any, *Problem) {
		p := Errorf(at, "%q cannot be expanded: %s", abbreviate(text), diagnostics[0].Detail).
			WithHint("${environment.name}, ${environment.path} and ${environment.tags} are known here")
		return nil, &p
	}
	template, diagnostics := hclsyntax.ParseTemplate([]byte(text), at.File, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return wrong(diagnostics)
	}
	context, _ := scope.context(nil)
	value, diagnostics := template.Value(context)
	if diagnostics.HasErrors() {
		return wrong(diagnostics)
	}
	plain, err := convert.Convert(value, cty.String)
	if err != nil || plain.IsNull() {
		p := Errorf(at, "%q is no text", abbreviate(text))
		return nil, &p
	}
	return plain.AsString(), nil
}

// LooksLikeTemplate reports whether a ${ is left in a text that Expand would not replace.
func LooksLikeTemplate(text string) bool {
	rest := strings.NewReplacer("$${", "", environmentTemplate, "").Replace(text)
	return strings.Contains(rest, "${")
}
