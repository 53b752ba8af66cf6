package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// jsonSchemaDraft is the dialect that editors' YAML support understands best.
const jsonSchemaDraft = "http://json-schema.org/draft-07/schema#"

// object is a JSON object whose keys are sorted when it is written.
type object = map[string]any

// ManifestSchema returns the JSON Schema of the manifest, made from the types that decode it.
func ManifestSchema() ([]byte, error) {
	return documentSchema("bitops manifest", reflect.TypeFor[manifestDocument]())
}

func documentSchema(title string, t reflect.Type) ([]byte, error) {
	schema := typeSchema(t)
	schema["$schema"], schema["title"] = jsonSchemaDraft, title
	text, err := json.MarshalIndent(schema, "", "  ")
	return append(text, '\n'), err
}

// schemaTypes are the types that read their own nodes.
var schemaTypes = map[reflect.Type]object{
	reflect.TypeFor[Duration]():   {"type": []string{"string", "number", "null"}},
	reflect.TypeFor[Expression](): {},
	reflect.TypeFor[Located]():    {"type": []string{"string", "number", "boolean", "null"}},
	reflect.TypeFor[Pattern]():    {"type": []string{"string", "number", "boolean"}, "minLength": 1},
	reflect.TypeFor[Count]():      {"type": []string{"integer", "string"}, "minimum": 1, "pattern": "^[0-9]+$"},
}

func typeSchema(t reflect.Type) object {
	if known, ok := schemaTypes[t]; ok {
		return maps.Clone(known)
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return typeSchema(t.Elem())
	case t.Kind() == reflect.Bool:
		return object{"enum": boolWords()}
	case t.Kind() == reflect.Int:
		return object{"type": []string{"integer", "string", "null"}, "pattern": "^[+-]?[0-9]+$"}
	case t.Kind() == reflect.String:
		return object{"type": []string{"string", "number", "boolean", "null"}}
	case isMap(t):
		value, _ := t.Elem().FieldByName("Value")
		return object{"type": []string{"object", "null"}, "additionalProperties": typeSchema(value.Type)}
	case t.Kind() == reflect.Slice:
		one := typeSchema(t.Elem())
		return object{"anyOf": []object{{"type": "array", "items": one}, one, {"type": "null"}}}
	case t.Kind() == reflect.Struct:
		properties := object{}
		for _, f := range fieldsOf(t) {
			properties[f.name] = fieldSchema(f)
		}
		return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	default:
		panic(fmt.Sprintf("schema: no JSON Schema for %s", t))
	}
}

func fieldSchema(f field) object {
	s := typeSchema(f.typ)
	if f.doc != "" {
		s["description"] = f.doc
	}
	if len(f.enum) > 0 {
		s["enum"] = append(anyCase(f.enum), "", nil)
		delete(s, "type")
	}
	return s
}

// boolWords are the spellings that parseBool takes.
func boolWords() []any {
	words := []any{true, false, 1, 0, nil}
	return append(words, anyCase([]string{"true", "false", "yes", "no", "on", "off", "1", "0"})...)
}

// anyCase returns the words in the three ways people write them.
func anyCase(words []string) []any {
	var all []any
	for i, capitals := range upper(words) {
		for _, spelling := range []string{words[i], capitals, capitals[:1] + words[i][1:]} {
			if !slices.Contains(all, any(spelling)) {
				all = append(all, spelling)
			}
		}
	}
	return all
}

// upper returns the words in capitals, which v2's documents use for log levels.
func upper(words []string) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = strings.ToUpper(w)
	}
	return all
}
