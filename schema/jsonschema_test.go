package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// accepts is as much of JSON Schema as ManifestSchema uses.
func accepts(schema map[string]any, value any) error {
	if options, ok := schema["anyOf"].([]any); ok {
		if slices.ContainsFunc(options, func(o any) bool { return accepts(o.(map[string]any), value) == nil }) {
			return nil
		}
		return fmt.Errorf("%v fits none of %v", value, options)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(value) }) {
		return fmt.Errorf("%v is none of %v", value, enum)
	}
	if types, ok := typesOf(schema); ok && !slices.Contains(types, kindOf(value)) && (kindOf(value) != "integer" || !slices.Contains(types, "number")) {
		return fmt.Errorf("%v is none of %v", value, types)
	}
	if least, ok := schema["minimum"].(float64); ok && kindOf(value) == "integer" && value.(int) < int(least) {
		return fmt.Errorf("%v is less than %v", value, least)
	}
	if least, ok := schema["minLength"].(float64); ok && kindOf(value) == "string" && len(value.(string)) < int(least) {
		return fmt.Errorf("%q is shorter than %v", value, least)
	}
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			if err := accepts(schema["items"].(map[string]any), item); err != nil {
				return err
			}
		}
	case map[string]any:
		return acceptsObject(schema, v)
	}
	return nil
}

func acceptsObject(schema map[string]any, value map[string]any) error {
	properties, _ := schema["properties"].(map[string]any)
	for key, member := range value {
		property, known := properties[key].(map[string]any)
		if !known {
			rest, free := schema["additionalProperties"].(map[string]any)
			if !free && schema["additionalProperties"] != nil {
				return fmt.Errorf("unknown key %q", key)
			}
			property = rest
		}
		if err := accepts(property, member); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func typesOf(schema map[string]any) ([]string, bool) {
	switch t := schema["type"].(type) {
	case string:
		return []string{t}, true
	case []any:
		var all []string
		for _, one := range t {
			all = append(all, one.(string))
		}
		return all, true
	}
	return nil, false
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case int:
		return "integer"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

func manifestSchema(t testing.TB) map[string]any {
	t.Helper()
	text, err := ManifestSchema()
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTheSchemaAcceptsTheExamples(t *testing.T) {
	files, _ := filepath.Glob("../docs/examples/*/bitops.config.yaml")
	if len(files) < 2 {
		t.Fatal("no examples")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		if err := accepts(manifestSchema(t), value); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestTheSchemaDescribesEveryKey(t *testing.T) {
	var visit func(path string, typ reflect.Type, schema map[string]any)
	visit = func(path string, typ reflect.Type, schema map[string]any) {
		if options, ok := schema["anyOf"].([]any); ok {
			schema = options[1].(map[string]any)
		}
		switch {
		case reflect.PointerTo(typ).Implements(reflect.TypeFor[nodeDecoder]()):
		case isMap(typ):
			value, _ := typ.Elem().FieldByName("Value")
			visit(path+".*", value.Type, schema["additionalProperties"].(map[string]any))
		case typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer:
			visit(path, typ.Elem(), schema)
		case typ.Kind() == reflect.Struct:
			properties := schema["properties"].(map[string]any)
			if fields := fieldsOf(typ); len(properties) != len(fields) || schema["additionalProperties"] != false {
				t.Errorf("%s has %d keys, its schema %d", path, len(fields), len(properties))
			}
			for _, f := range fieldsOf(typ) {
				property, ok := properties[f.name].(map[string]any)
				if !ok || f.doc == "" || property["description"] != f.doc {
					t.Errorf("%s.%s is not described", path, f.name)
					continue
				}
				visit(path+"."+f.name, f.typ, property)
			}
		}
	}
	visit("", reflect.TypeFor[manifestDocument](), manifestSchema(t))
}

// TestDecoderAndSchemaAgree writes random manifests, right and wrong, and asks both.
func TestDecoderAndSchemaAgree(t *testing.T) {
	schema := manifestSchema(t)
	scalar := rapid.SampledFrom([]any{nil, true, false, 1, 0, -3, 2.5, "x", "yes", "Off", "5m", "7", "info", "WARN", ""})
	rapid.Check(t, func(t *rapid.T) {
		value := document(t, schema, scalar, 6)
		text, err := yaml.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var doc manifestDocument
		found, problems := decodeText(text, "m", SeverityError, &doc)
		if !found {
			return
		}
		if err := accepts(schema, value); (err == nil) != !problems.HasErrors() && !finer(problems) {
			t.Fatalf("of\n%s\nthe schema says %v, the decoder %v", text, err, problems)
		}
	})
}

// finer reports problems that the schema leaves to the decoder: how a duration is written, an empty entry of a list.
func finer(problems Problems) bool {
	return len(problems) > 0 && !slices.ContainsFunc(problems, func(p Problem) bool {
		return !slices.ContainsFunc([]string{"a duration", "is empty", "whole number"}, func(s string) bool {
			return strings.Contains(p.Message, s)
		})
	})
}

// document draws a value that follows the schema most of the time.
func document(t *rapid.T, schema map[string]any, scalar *rapid.Generator[any], depth int) any {
	if options, ok := schema["anyOf"].([]any); ok {
		schema = options[rapid.IntRange(0, 1).Draw(t, "option")].(map[string]any)
	}
	kinds, _ := typesOf(schema)
	wrong := rapid.IntRange(0, 30).Draw(t, "wrong") == 0
	switch {
	case depth == 0 || wrong:
		return scalar.Draw(t, "anything")
	case slices.Contains(kinds, "object"):
		properties, _ := schema["properties"].(map[string]any)
		names := []string{"unknown_key"}
		for name := range properties {
			names = append(names, name)
		}
		slices.Sort(names)
		object := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "size") {
			name := rapid.SampledFrom(names).Draw(t, "key")
			property, known := properties[name].(map[string]any)
			if !known {
				if property, _ = schema["additionalProperties"].(map[string]any); property == nil && rapid.IntRange(0, 9).Draw(t, "spare") > 0 {
					continue
				}
			}
			object[name] = document(t, property, scalar, depth-1)
		}
		return object
	case slices.Contains(kinds, "array"):
		list := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "length") {
			list = append(list, document(t, schema["items"].(map[string]any), scalar, depth-1))
		}
		return list
	}
	for range 20 {
		if v := scalar.Draw(t, "scalar"); accepts(schema, v) == nil {
			return v
		}
	}
	return nil
}
