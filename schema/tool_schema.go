package schema

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// ToolSchema says which keys the configuration of a tool has: the content of a `bitops.schema.yaml` in the format of
// BitOps v2. Built-in tools carry one, plugins bring theirs, and both are used the same way.
//
//	terraform:
//	  type: object
//	  properties:
//	    cli:
//	      type: object
//	      properties:
//	        var-file: {type: list, parameter: var-file, dash_type: "-", export_env: TF_VAR_FILE}
//
// It is not changed once parsed, and safe for concurrent use.
type ToolSchema struct {
	Tool ToolName
	Root Property // the object under the tool's key

	// ShortNames are the words, beside the tool's name, that tell of a variable which tool it is for.
	ShortNames []string

	file string
}

// PropertyType is the type of a property's value.
type PropertyType string

// The types of properties.
const (
	TypeString  PropertyType = "string"
	TypeBoolean PropertyType = "boolean"
	TypeInteger PropertyType = "integer"
	TypeNumber  PropertyType = "number"
	TypeList    PropertyType = "list"
	TypeObject  PropertyType = "object"
)

// Property is one key of a tool's configuration, or a group of them.
type Property struct {
	Name        string // its key
	Path        string // from below the tool's key: cli.var-file
	Type        PropertyType
	Parameter   string   // the argument that hands the value to the program, without dashes; "" for none
	Dash        string   // what stands before the parameter: -- or -
	ExportEnv   string   // the variable that hands the value to hooks and programs, and can beat the configuration
	Variables   []string // more variables that can, in their order
	Aliases     []string // paths that older versions used
	Ignored     []string // those of the aliases that BitOps v2 ignored
	Assumed     bool     // BitOps v2 had a default where there is none here
	Enum        []string // the texts that are allowed; none means any
	Required    bool
	Idle        bool // whatever its value, the same is done: how much is told, how long is waited
	Description string
	Properties  []Property // of an object

	fallback *yaml.Node // the default
}

// propertyDocument is a property as it is written. Beyond v2's attributes there are `variables`, `aliases`, `ignored_aliases`,
// `enum`, `decides` and `default_in_v2`, and for the tool `short_names`.
type propertyDocument struct {
	Type        string                `yaml:"type"`
	Parameter   string                `yaml:"parameter"`
	ExportEnv   string                `yaml:"export_env"`
	Default     rawNode               `yaml:"default"`
	Required    bool                  `yaml:"required"`
	DashType    string                `yaml:"dash_type"`
	Enabled     *bool                 `yaml:"enabled"`
	Description string                `yaml:"description"`
	Variables   []string              `yaml:"variables"`
	Aliases     []string              `yaml:"aliases"`
	Ignored     []string              `yaml:"ignored_aliases"`
	Assumed     bool                  `yaml:"default_in_v2"`
	ShortNames  []string              `yaml:"short_names"`
	Enum        []string              `yaml:"enum"`
	Decides     *bool                 `yaml:"decides"`
	Properties  Map[propertyDocument] `yaml:"properties"`
}

// rawNode keeps a value as it is written.
type rawNode struct{ node *yaml.Node }

func (r *rawNode) decodeNode(_ *decoder, n *yaml.Node, _ string) { r.node = n }

// BuiltInSchema returns the schema of a built-in tool, which is part of the program: it panics when the text is not right.
func BuiltInSchema(text []byte) *ToolSchema {
	s, problems := ParseToolSchema(text, "bitops.schema.yaml")
	if len(problems) > 0 {
		panic("schema: " + problems.Error())
	}
	return s
}

// ParseToolSchema reads a `bitops.schema.yaml`. file names it in problems. An attribute that is not known is a warning.
func ParseToolSchema(text []byte, file string) (*ToolSchema, Problems) {
	var doc Map[propertyDocument]
	found, problems := decodeText(text, file, SeverityWarning, &doc)
	if problems.HasErrors() {
		return nil, problems
	}
	if !found || len(doc) != 1 {
		return nil, append(problems, Errorf(Position{File: file}, "a schema has exactly one key at its root: the name of its tool"))
	}
	s := &ToolSchema{Tool: ToolName(doc[0].Key), file: file}
	root, more := s.property(doc[0], "")
	s.Root, s.ShortNames = root, doc[0].Value.ShortNames
	return s, append(problems, more...)
}

func (s *ToolSchema) property(e Entry[propertyDocument], path string) (Property, Problems) {
	doc := e.Value
	p := Property{
		Name: e.Key, Path: path, Parameter: doc.Parameter, Dash: dash(doc.DashType), ExportEnv: doc.ExportEnv,
		Variables: doc.Variables, Aliases: slices.Concat(doc.Aliases, doc.Ignored), Ignored: doc.Ignored, Assumed: doc.Assumed, Enum: doc.Enum, Required: doc.Required,
		Description: doc.Description, fallback: doc.Default.node, Idle: doc.Decides != nil && !*doc.Decides,
	}
	var problems Problems
	typ, known := propertyTypes[strings.ToLower(doc.Type)]
	if !known {
		problems = append(problems, Errorf(e.Position, "%s cannot have the type %q", e.Key, doc.Type).
			WithHint("one of string, boolean, integer, number, list, object"))
	}
	p.Type = typ
	if len(doc.Properties) > 0 {
		p.Type = TypeObject
	}
	problems = append(problems, s.checkDefault(&p)...)
	for _, child := range doc.Properties {
		if child.Value.Enabled != nil && !*child.Value.Enabled {
			continue
		}
		sub, more := s.property(child, strings.TrimPrefix(path+"."+child.Key, "."))
		problems = append(problems, more...)
		p.Properties = append(p.Properties, sub)
	}
	return p, problems
}

// checkDefault finds a default that is no value of the property: nobody who uses the tool could repair it.
func (s *ToolSchema) checkDefault(p *Property) Problems {
	if p.fallback == nil || isNull(p.fallback) || p.group() {
		return nil
	}
	at := Position{s.file, p.fallback.Line, p.fallback.Column}
	if _, problem := p.convert(newDecoder(nil, s.file, SeverityWarning, p.fallback), p.fallback); problem != nil {
		problem.Position, problem.Message = at, "default: "+problem.Message
		return Problems{*problem}
	}
	return nil
}

// propertyTypes are the spellings of the types. Without one a value is a text.
var propertyTypes = map[string]PropertyType{
	"": TypeString, "string": TypeString, "str": TypeString, "boolean": TypeBoolean, "bool": TypeBoolean,
	"integer": TypeInteger, "int": TypeInteger, "number": TypeNumber, "float": TypeNumber, "list": TypeList,
	"array": TypeList, "object": TypeObject, "dict": TypeObject,
}

func dash(spelled string) string {
	if spelled == "" {
		return "--"
	}
	return spelled
}

// group reports whether a property only holds others.
func (p *Property) group() bool { return len(p.Properties) > 0 }

// ownVariable returns the name of the variable that is about this property and nothing else.
func (p *Property) ownVariable(tool ToolName) string {
	return "BITOPS_" + variableWord(string(tool)) + "_" + variableWord(p.Name)
}

// variables returns the names of the variables that can beat the configuration, strongest first.
func (p *Property) variables(tool ToolName) []string {
	names := []string{p.ownVariable(tool)}
	if p.ExportEnv != "" {
		names = append(names, "BITOPS_"+p.ExportEnv, p.ExportEnv)
	}
	return append(names, p.Variables...)
}

// Tells reports whether the name of a variable tells which tool it is for, as NAMESPACE and TIMEOUT do not.
func (s *ToolSchema) Tells(name string) bool {
	name = "_" + name + "_"
	for _, word := range append([]string{string(s.Tool)}, s.ShortNames...) {
		if strings.Contains(name, "_"+variableWord(word)+"_") {
			return true
		}
	}
	return false
}

// Variables returns the names of all variables of the caller that beat the configuration, and for each whether it decides
// what a step does. The caller owns the map.
func (s *ToolSchema) Variables() map[string]bool {
	all := map[string]bool{}
	s.Root.collectVariables(s, all)
	return all
}

func (p *Property) collectVariables(s *ToolSchema, all map[string]bool) {
	for i := range p.Properties {
		p.Properties[i].collectVariables(s, all)
	}
	if p.group() {
		return
	}
	for _, name := range p.variables(s.Tool) {
		if s.Tells(name) {
			all[name] = all[name] || !p.Idle
		}
	}
}

var words = strings.NewReplacer("-", "_", ".", "_", "/", "_")

func variableWord(s string) string { return strings.ToUpper(words.Replace(s)) }
