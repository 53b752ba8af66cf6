package plugin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// The places of what bitops itself reads of a plugin's configuration.
const (
	keySkip        = "options.skip-deploy"
	sectionCLI     = "cli"
	sectionOptions = "options"
	leafSkip       = "skip-deploy"
	leafPreview    = "preview"
	leafAction     = "stack-action"
)

// readKeys reads the bitops.schema.yaml of a directory, nil when there is none. shown is the file's name in problems.
func readKeys(dir, shown string) (*schema.ToolSchema, schema.Problems) {
	file := filepath.Join(dir, schemaFile)
	if !isFile(file) {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, schema.Problems{schema.Errorf(schema.Position{File: shown}, "cannot be read: %v", err)}
	}
	if whole := withProperties(file, shown); whole != nil {
		text = whole
	}
	keys, problems := schema.ParseToolSchema(text, shown)
	if keys == nil && !problems.HasErrors() {
		problems = append(problems, schema.Errorf(schema.Position{File: shown}, "it declares nothing"))
	}
	return keys, problems
}

// withProperties completes a schema that has its sections right under the tool's name, as v2's guide for plugins writes
// it, and returns nil for any other.
//
//	hello:                     hello:
//	  options:        --->       properties:
//	    ...                        options: ...
func withProperties(file, shown string) []byte {
	root, _, problems := schema.ReadYAMLFile(file, shown)
	if problems.HasErrors() || len(root.Fields) != 1 {
		return nil
	}
	tool := root.Fields[0].Value
	isSection := func(e entry) bool { return e.Key == sectionCLI || e.Key == sectionOptions }
	if !tool.Field("properties").IsNull() || !slices.ContainsFunc(tool.Fields, isSection) {
		return nil
	}
	name, err := json.Marshal(root.Fields[0].Key)
	if err != nil {
		return nil
	}
	return []byte(string(name) + ": {properties: " + inOrder(tool) + "}")
}

// inOrder writes a value as JSON with its keys in the order of the file, which is the order of arguments.
func inOrder(n schema.YAMLNode) string {
	if !n.IsMapping() {
		text, err := json.Marshal(n)
		if err != nil {
			return "null"
		}
		return string(text)
	}
	fields := make([]string, len(n.Fields))
	for i, e := range n.Fields {
		name, _ := json.Marshal(e.Key) // a text can always be written
		fields[i] = string(name) + ": " + inOrder(e.Value)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// optional returns the property and what is below it with nothing required.
func optional(p schema.Property) schema.Property {
	p.Required = false
	p.Properties = slices.Clone(p.Properties)
	for i := range p.Properties {
		p.Properties[i] = optional(p.Properties[i])
	}
	return p
}

// withReserved returns the schema with skip-deploy and preview, which every plugin has, and with all the variables that set
// them.
func withReserved(s *schema.ToolSchema, name schema.ToolName) *schema.ToolSchema {
	all := *s
	all.ShortNames = append(slices.Clone(s.ShortNames), string(name))
	all.Root.Properties = slices.Clone(s.Root.Properties)
	options := subProperty(&all.Root, sectionOptions)
	options.Properties = slices.Clone(options.Properties)
	skip := subProperty(options, leafSkip)
	skip.Type = schema.TypeBoolean
	skip.Variables = slices.Clone(skip.Variables)
	for _, n := range slices.Compact([]string{word(string(s.Tool)), word(string(name))}) {
		skip.Variables = append(skip.Variables, n+"_SKIP_DEPLOY", "BITOPS_"+n+"_SKIP_DEPLOY", "SKIP_DEPLOY_"+n)
	}
	preview := subProperty(options, leafPreview)
	preview.Type, preview.Idle = schema.TypeBoolean, true
	preview.Variables = append(slices.Clone(preview.Variables), "BITOPS_"+word(string(name))+"_PREVIEW")
	return &all
}

// subProperty returns the property of that name below another, a new one where there is none.
func subProperty(p *schema.Property, name string) *schema.Property {
	for i := range p.Properties {
		if p.Properties[i].Name == name {
			return &p.Properties[i]
		}
	}
	p.Properties = append(p.Properties, schema.Property{
		Name: name, Path: strings.TrimPrefix(p.Path+"."+name, "."), Type: schema.TypeObject,
	})
	return &p.Properties[len(p.Properties)-1]
}

// leaves calls visit for every property that holds a value, in the order of the schema.
func leaves(p *schema.Property, visit func(*schema.Property)) {
	if len(p.Properties) == 0 {
		visit(p)
	}
	for i := range p.Properties {
		leaves(&p.Properties[i], visit)
	}
}
