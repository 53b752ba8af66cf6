package cloudformation

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// template is what bitops knows of a template. Whether it is a good one is CloudFormation's to say.
type template struct {
	file       string // relative to the repository
	text       []byte
	parameters []parameter
	outputs    []schema.Parameter
	resources  []resource
}

// parameter is a declared parameter.
type parameter struct {
	schema.Parameter      // Sensitive is NoEcho
	list             bool // takes several values with commas between them
}

// resource is a declared resource.
type resource struct{ name, kind string }

// readTemplate reads a template. dir is the step's directory, relative to root.
func readTemplate(root, dir string, from source) (*template, schema.Problems) {
	t := &template{file: path.Join(dir, from.name)}
	if filepath.IsAbs(from.name) {
		t.file = from.name
	}
	document, text, problems := readFile(root, dir, from, "the template")
	if problems.HasErrors() {
		return t, problems
	}
	t.text = text
	if !document.Field("Resources").IsMapping() {
		return t, append(problems, schema.Errorf(schema.Position{File: t.file}, "is no CloudFormation template: it has no Resources"))
	}
	for _, p := range document.Field("Parameters").Fields {
		kind := p.Value.Field("Type").Text
		t.parameters = append(t.parameters, parameter{
			schema.Parameter{
				Name: p.Key, Position: p.Position,
				Required:  p.Value.Field("Default").IsNull(),
				Sensitive: strings.EqualFold(p.Value.Field("NoEcho").Text, "true"),
			},
			kind == "CommaDelimitedList" || strings.Contains(kind, "List<"),
		})
	}
	for _, r := range document.Field("Resources").Fields {
		if r.Value.IsMapping() { // and no Fn::ForEach, which is a list
			t.resources = append(t.resources, resource{r.Key, r.Value.Field("Type").Text})
		}
	}
	for _, o := range document.Field("Outputs").Fields {
		if o.Value.IsMapping() {
			t.outputs = append(t.outputs, schema.Parameter{
				Name: o.Key, Position: o.Position, Sensitive: t.showsSecret(o.Value.Field("Value")),
			})
		}
	}
	return t, problems
}

// readFile reads a YAML or JSON file that the configuration names. One that is missing is told at the place that names it.
func readFile(root, dir string, from source, what string) (schema.YAMLNode, []byte, schema.Problems) {
	full, name := filepath.Join(root, filepath.FromSlash(dir), filepath.FromSlash(from.name)), path.Join(dir, from.name)
	if filepath.IsAbs(from.name) {
		full, name = from.name, from.name
	}
	if _, err := os.Stat(full); os.IsNotExist(err) {
		return schema.YAMLNode{}, nil, schema.Problems{
			schema.Errorf(from.at, "%s %s does not exist", what, from.name).WithHint("%s", nearestFile(full)),
		}
	}
	return schema.ReadYAMLFile(full, name)
}

// nearestFile is a hint at a file whose name is like that of one that is missing.
func nearestFile(missing string) string {
	entries, err := os.ReadDir(filepath.Dir(missing))
	if err != nil {
		return "paths are relative to the step's directory"
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	if near := schema.Nearest(filepath.Base(missing), names); near != "" {
		return schema.DidYouMean(filepath.Base(missing), []string{near})
	}
	return "paths are relative to the step's directory"
}

// parameter returns the declared parameter of that name, or nil.
func (t *template) parameter(name string) *parameter {
	for i := range t.parameters {
		if t.parameters[i].Name == name {
			return &t.parameters[i]
		}
	}
	return nil
}

func (t *template) parameterNames() []string {
	names := make([]string, len(t.parameters))
	for i, p := range t.parameters {
		names[i] = p.Name
	}
	return names
}

// substitution is a ${Name} in the text of a Fn::Sub.
var substitution = regexp.MustCompile(`\$\{\s*([A-Za-z0-9]+)\s*\}`)

// showsSecret reports whether a value refers to a parameter with NoEcho, which CloudFormation shows in clear in outputs.
func (t *template) showsSecret(n schema.YAMLNode) bool {
	secret := func(name string) bool {
		p := t.parameter(name)
		return p != nil && p.Sensitive
	}
	if n.Tag == "!Ref" && secret(n.Text) || secret(n.Field("Ref").Text) {
		return true
	}
	for _, match := range substitution.FindAllStringSubmatch(n.Text, -1) {
		if secret(match[1]) {
			return true
		}
	}
	for _, f := range n.Fields {
		if t.showsSecret(f.Value) {
			return true
		}
	}
	return slices.ContainsFunc(n.Items, t.showsSecret)
}

// inspect tells what the template declares that the files of the checkout name.
func inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	values, problems := unfinishedSchema().Resolve(d, nil)
	if problems.HasErrors() || skipped(values) != "" {
		return unknown, problems
	}
	s, more := settingsFrom(values)
	problems = append(problems, more...)
	problems = append(problems, s.missing(d)...)
	if more.HasErrors() || s.template.name == "" {
		return unknown, problems.Sorted()
	}
	t, more := readTemplate(d.Root, d.Name, s.template)
	if t.text == nil && environments.HasBeforeHooks(d) {
		return unknown, problems.Sorted()
	}
	i := schema.Interface{Outputs: t.outputs}
	for _, p := range t.parameters {
		i.Inputs = append(i.Inputs, p.Parameter)
	}
	return i, append(problems, more...).Sorted()
}

// missing warns of what the step needs and the checkout does not say.
func (s *settings) missing(d schema.Directory) schema.Problems {
	file, ok := d.ConfigurationFile()
	if !ok {
		file = d.Name
	}
	var problems schema.Problems
	warn := func(key, variable, value string) {
		if value == "" {
			problems = append(problems, schema.Warningf(schema.Position{File: file}, "%s is not set", key).
				WithHint("the step needs it, from here or from the variable %s", variable))
		}
	}
	warn(keyStackName, "CFN_STACK_NAME", s.stackName)
	warn(keyTemplate, "CFN_TEMPLATE_FILENAME", s.template.name)
	return problems
}

// unknown is the interface of a step whose template cannot be known before it runs.
var unknown = schema.Interface{AnyInput: true, MoreOutput: true}
