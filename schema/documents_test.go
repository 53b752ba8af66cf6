package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// fill sets everything in a value to something, to a depth.
func fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1e9, 0).UTC()))
		return
	case Value:
		v.Set(reflect.ValueOf(Text("x")))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(`{"any":[1]}`)))
		return
	case Outcome:
		v.Set(reflect.ValueOf(Succeeded))
		return
	case RunState:
		v.Set(reflect.ValueOf(RunRunning))
		return
	case EventType:
		v.Set(reflect.ValueOf(EventNotice))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), depth-1)
			}
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), depth-1)
		}
	case reflect.Map:
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth-1)
		fill(element, depth-1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, element)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	default:
		panic("a kind that no document has: " + v.Kind().String())
	}
}

// fits says what of a value a schema does not know.
func fits(s, definitions map[string]any, value any, at string) []string {
	if ref, ok := s["$ref"].(string); ok {
		s = definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
	}
	if enum, ok := s["enum"].([]any); ok && !slices.Contains(enum, value) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, value, enum)}
	}
	if types, ok := typesOf(s); ok && !slices.Contains(types, kindOf(value)) {
		return []string{fmt.Sprintf("%s: %v is none of %v", at, value, types)}
	}
	var all []string
	switch value := value.(type) {
	case map[string]any:
		properties, described := s["properties"].(map[string]any)
		for name, field := range value {
			property, known := properties[name].(map[string]any)
			if more, ok := s["additionalProperties"].(map[string]any); ok {
				property, known = more, true
			}
			if described && !known {
				all = append(all, at+"."+name+" is not in the schema")
			} else if known {
				all = append(all, fits(property, definitions, field, at+"."+name)...)
			}
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, there := value[name.(string)]; !there {
				all = append(all, fmt.Sprintf("%s.%s is missing", at, name))
			}
		}
	case []any:
		items, _ := s["items"].(map[string]any)
		for _, item := range value {
			all = append(all, fits(items, definitions, item, at+"[]")...)
		}
	}
	return all
}

// What bitops writes is in the schemas that it publishes, with all that can be in it.
func TestDocumentsFitTheirSchemas(t *testing.T) {
	for name, document := range map[string]any{"plan": &SavedPlan{}, "report": &Report{}, "event": &Event{}} {
		t.Run(name, func(t *testing.T) {
			fill(reflect.ValueOf(document).Elem(), 12)
			var published, value, empty map[string]any
			text, err := Documents[name]()
			if err == nil {
				err = json.Unmarshal(text, &published)
			}
			if err == nil {
				text, err = json.Marshal(document)
			}
			if err == nil {
				err = json.Unmarshal(text, &value)
			}
			if err == nil {
				text, err = json.Marshal(reflect.New(reflect.TypeOf(document).Elem()).Interface())
			}
			if err == nil {
				err = json.Unmarshal(text, &empty)
			}
			if err != nil {
				t.Fatal(err)
			}
			definitions := published["definitions"].(map[string]any)
			for _, problem := range fits(published, definitions, whole(value), name) {
				t.Error(problem)
			}
			delete(empty, "report") // null in an empty plan
			delete(empty, "type")
			for _, problem := range fits(published, definitions, whole(empty), name) {
				if problem != "plan.report is missing" && problem != "event.type is missing" {
					t.Errorf("of an empty one: %s", problem)
				}
			}
			if n := strings.Count(fmt.Sprint(published), "attributes"); n == 0 {
				t.Error("the schema does not know attributes")
			}
		})
	}
}

// whole makes the numbers of a document what they are in it: integers.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		return int(v)
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	}
	return v
}

// The published schemas know every outcome: one that is missing makes a valid document invalid.
func TestDocumentsKnowEveryOutcome(t *testing.T) {
	known := spellings[reflect.TypeFor[Outcome]()]
	for _, o := range []Outcome{Succeeded, Unchanged, Failed, Blocked, NotStarted, Skipped, Interrupted, Held, Deferred} {
		if !slices.Contains(known, string(o)) {
			t.Errorf("%s is not in the schema", o)
		}
	}
}
