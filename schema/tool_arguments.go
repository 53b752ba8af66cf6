package schema

import (
	"encoding/json"
	"strings"
)

// Arguments returns the arguments for the program from one section of the configuration (`cli`), in the order of the
// schema. Each value is one argument, never split: `--extra-vars=a=1 b=2`. A boolean that is true is its parameter alone;
// false and the empty text are no argument.
func (v *ToolValues) Arguments(section string) []string {
	var args []string
	for i := range v.schema.Root.Properties {
		if p := &v.schema.Root.Properties[i]; p.Path == section {
			v.arguments(p, &args)
		}
	}
	return args
}

func (v *ToolValues) arguments(p *Property, args *[]string) {
	for i := range p.Properties {
		v.arguments(&p.Properties[i], args)
	}
	value, ok := v.values[p.Path]
	if !ok || p.Parameter == "" || p.group() {
		return
	}
	switch value := value.value.(type) {
	case bool:
		if value {
			*args = append(*args, p.Dash+p.Parameter)
		}
	case []any:
		for _, item := range value {
			p.argument(item, args)
		}
	default:
		p.argument(value, args)
	}
}

func (p *Property) argument(value any, args *[]string) {
	if text := plain(value); text != "" {
		*args = append(*args, p.Dash+p.Parameter+"="+text)
	}
}

// Exports returns the variables that hand the values to hooks and programs: each under its export_env name and the same
// with BITOPS_ before it.
func (v *ToolValues) Exports() map[string]string {
	all := map[string]string{}
	v.exports(&v.schema.Root, all)
	return all
}

func (v *ToolValues) exports(p *Property, all map[string]string) {
	for i := range p.Properties {
		v.exports(&p.Properties[i], all)
	}
	if value, ok := v.values[p.Path]; ok && p.ExportEnv != "" && !p.group() {
		all[p.ExportEnv] = plain(value.value)
		all["BITOPS_"+p.ExportEnv] = plain(value.value)
	}
}

// JSONSchema returns the JSON Schema of the tool's configuration file.
func (s *ToolSchema) JSONSchema() ([]byte, error) {
	tool := s.Root.jsonSchema()
	s.Root.addAliases(tool)
	return marshalSchema(object{
		"type": "object", "$schema": jsonSchemaDraft, "title": "bitops configuration of " + string(s.Tool),
		"properties": object{string(s.Tool): tool},
	})
}

// addAliases adds the keys of older versions, which are valid where they used to be.
func (p *Property) addAliases(tool object) {
	for _, alias := range p.Aliases {
		at := tool
		groups := strings.Split(alias, ".")
		for _, group := range groups[:len(groups)-1] {
			properties := at["properties"].(object)
			next, ok := properties[group].(object)
			if !ok || next["properties"] == nil {
				next = object{"type": []string{"object", "null"}, "properties": object{}, "additionalProperties": false}
				properties[group] = next
			}
			at = next
		}
		older := p.jsonSchema()
		older["description"] = "The older name of " + p.Path + "."
		at["properties"].(object)[groups[len(groups)-1]] = older
	}
	for i := range p.Properties {
		p.Properties[i].addAliases(tool)
	}
}

func (p *Property) jsonSchema() object {
	o := object{}
	if p.Description != "" {
		o["description"] = p.Description
	}
	if p.group() {
		properties := object{}
		for i := range p.Properties {
			properties[p.Properties[i].Name] = p.Properties[i].jsonSchema()
		}
		o["type"], o["properties"], o["additionalProperties"] = []string{"object", "null"}, properties, false
		return o
	}
	switch p.Type {
	case TypeBoolean:
		o["enum"] = boolWords()
	case TypeInteger:
		o["type"], o["pattern"] = []string{"integer", "string", "null"}, "^[+-]?[0-9]+$"
	case TypeNumber:
		o["type"] = []string{"number", "string", "null"}
	case TypeObject:
		o["type"] = []string{"object", "null"}
	case TypeList, TypeString: // each takes what the other does
	}
	if len(p.Enum) > 0 && p.Type == TypeString {
		o["enum"] = append(anyCase(p.Enum), "", nil)
	}
	return o
}

func marshalSchema(o object) ([]byte, error) {
	text, err := json.MarshalIndent(o, "", "  ")
	return append(text, '\n'), err
}
