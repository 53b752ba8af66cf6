package schema

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"time"
)

// Documents are the JSON Schemas of the documents that bitops writes for other programs, by their names. They are made from the
// types that are written. A later bitops can add properties, so none is forbidden.
var Documents = map[string]func() ([]byte, error){
	"plan":   func() ([]byte, error) { return writtenSchema("bitops plan file", reflect.TypeFor[SavedPlan]()) },
	"report": func() ([]byte, error) { return writtenSchema("bitops report", reflect.TypeFor[Report]()) },
	"comparison": func() ([]byte, error) {
		return writtenSchema("bitops comparison of two plans", reflect.TypeFor[Comparison]())
	},
	"event": func() ([]byte, error) { return writtenSchema("bitops event", reflect.TypeFor[Event]()) },
}

func writtenSchema(title string, t reflect.Type) ([]byte, error) {
	w := writtenTypes{definitions: object{}}
	document := w.structure(t)
	document["$schema"], document["title"], document["definitions"] = jsonSchemaDraft, title, w.definitions
	text, err := json.MarshalIndent(document, "", "  ")
	return append(text, '\n'), err
}

// writtenTypes makes the schemas of types as encoding/json writes them. Structures become definitions, each one once.
type writtenTypes struct{ definitions object }

// written are the types that write themselves.
var written = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
	reflect.TypeFor[json.RawMessage](): {"description": "any JSON value"},
	reflect.TypeFor[Value](): {
		"type": "object", "required": []string{"sensitive"}, "description": "as `terraform output -json` writes a value, without it where it is sensitive or not known",
		"properties": object{"sensitive": object{"type": "boolean"}, "reason": object{"type": "string"}, "type": object{}, "value": object{}},
	},
}

// spellings are the values that a string can have.
var spellings = map[reflect.Type][]string{
	reflect.TypeFor[EventType](): {
		string(EventRunStarted), string(EventStepStarted), string(EventPhaseStarted), string(EventProgress), string(EventOutputLine), string(EventNotice),
		string(EventAttemptFailed), string(EventStepFinished), string(EventRunStopping), string(EventRunFinished),
	},
	reflect.TypeFor[RunState]():         {string(RunRunning), string(RunKilled), string(RunUnknown)},
	reflect.TypeFor[ComparisonResult](): {string(PlansAgree), string(PlansMay), string(PlansDisagree)},
	reflect.TypeFor[Outcome](): {
		string(Succeeded), string(Unchanged), string(Failed), string(Blocked), string(NotStarted), string(Skipped), string(Interrupted), string(Held), string(Deferred), "",
	},
}

func (w writtenTypes) of(t reflect.Type) object {
	if known, ok := written[t]; ok {
		return maps.Clone(known)
	}
	if all, ok := spellings[t]; ok {
		return object{"enum": all}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.of(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": w.of(t.Elem())}
	case reflect.Slice:
		return object{"type": []string{"array", "null"}, "items": w.of(t.Elem())}
	case reflect.Struct:
		if _, known := w.definitions[t.Name()]; !known {
			w.definitions[t.Name()] = nil // it may hold itself
			w.definitions[t.Name()] = w.structure(t)
		}
		return object{"$ref": "#/definitions/" + t.Name()}
	default:
		return object{}
	}
}

// structure returns the schema of a structure, with the fields of those that are embedded. A field that is always written is
// required.
func (w writtenTypes) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" || name == "" {
			continue
		}
		properties[name] = w.of(f.Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}
