package cloudformation

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// given are the values of parameters that the environment's files set.
type given map[string]givenValue

type givenValue struct {
	text     string
	position schema.Position
}

// readParameters reads the parameter file, and over it the files to be merged. dir is relative to root.
func readParameters(root, dir string, s *settings) (given, schema.Problems) {
	values := given{}
	var problems schema.Problems
	if s.parameters.name != "" {
		problems = values.read(root, dir, s.parameters)
	}
	if s.merged.name == "" {
		return values, problems
	}
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir), filepath.FromSlash(s.merged.name)))
	if err != nil {
		return values, append(problems, schema.Errorf(s.merged.at, "the directory %s of parameter files cannot be read",
			s.merged.name).WithHint("paths are relative to the step's directory"))
	}
	for _, entry := range entries { // in the order of their names
		if extension := path.Ext(entry.Name()); !entry.IsDir() && slices.Contains(extensions, extension) {
			problems = append(problems, values.read(root, dir, source{path.Join(s.merged.name, entry.Name()), s.merged.at})...)
		}
	}
	return values, problems
}

var extensions = []string{".json", ".yaml", ".yml"}

// read takes the values of one file, over those that are there. There are four forms:
//
//	[{"ParameterKey": "Name", "ParameterValue": "value"}]     aws cloudformation create-stack
//	{"Parameters": {"Name": "value"}}                         CodePipeline
//	["Name=value"]                                            aws cloudformation deploy
//	{"Name": "value"}
func (g given) read(root, dir string, from source) schema.Problems {
	document, _, problems := readFile(root, dir, from, "the parameter file")
	if inner := document.Field("Parameters"); inner.IsMapping() || inner.IsList() {
		for _, f := range document.Fields {
			if f.Key != "Parameters" {
				problems = append(problems, schema.Warningf(f.Position, "%s in a parameter file is not used", f.Key))
			}
		}
		document = inner
	}
	switch {
	case document.IsMapping():
		for _, f := range document.Fields {
			g.set(f.Key, f.Value, f.Position, &problems)
		}
	case document.IsList():
		for _, item := range document.Items {
			g.item(item, &problems)
		}
	case !document.IsNull():
		problems = append(problems, schema.Errorf(document.Position, "is no parameter file").WithHint("%s", listForm))
	}
	return problems
}

const listForm = `write it like [{"ParameterKey": "Name", "ParameterValue": "value"}]`

// item takes one entry of a list. One that keeps the previous value sets nothing.
func (g given) item(item schema.YAMLNode, problems *schema.Problems) {
	if item.IsMapping() {
		name := item.Field("ParameterKey").Text
		if name == "" {
			*problems = append(*problems, schema.Errorf(item.Position, "an entry without ParameterKey").WithHint("%s", listForm))
			return
		}
		if value := item.Field("ParameterValue"); !value.IsNull() {
			g.set(name, value, item.Position, problems)
		} else if !strings.EqualFold(item.Field("UsePreviousValue").Text, "true") {
			*problems = append(*problems, schema.Errorf(item.Position, "parameter %s has no ParameterValue", name).
				WithHint("write \"\" for an empty one"))
		}
		return
	}
	name, value, ok := strings.Cut(item.Text, "=")
	if !ok || item.IsList() {
		*problems = append(*problems, schema.Errorf(item.Position, "an entry that is not a parameter").WithHint("%s", listForm))
		return
	}
	g[name] = givenValue{value, item.Position}
}

func (g given) set(name string, value schema.YAMLNode, at schema.Position, problems *schema.Problems) {
	if value.IsNull() {
		return // as good as absent
	}
	text, err := fileText(value)
	if err != nil {
		*problems = append(*problems, schema.Errorf(at, "parameter %s: %v", name, err))
		return
	}
	g[name] = givenValue{text, at}
}

func (g given) names() []string { return slices.Sorted(maps.Keys(g)) }

// undeclared warns of values for parameters that the template does not have.
func (g given) undeclared(t *template) schema.Problems {
	var problems schema.Problems
	for _, name := range g.names() {
		if t.parameter(name) == nil {
			problems = append(problems, schema.Warningf(g[name].position, "the template has no parameter %q", name).
				WithHint("%s", schema.DidYouMean(name, t.parameterNames())))
		}
	}
	return problems
}
