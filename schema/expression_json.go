package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Source returns the expression as it was written, as JSON values.
func (e Expression) Source() any {
	switch {
	case e.isList:
		items := make([]any, len(e.list))
		for i := range e.list {
			items[i] = e.list[i].Source()
		}
		return items
	case e.isObject:
		fields := make(map[string]any, len(e.fields))
		for _, f := range e.fields {
			fields[f.Key] = f.Value.Source()
		}
		return fields
	case e.template != "":
		return e.template
	case e.literal == cty.NilVal:
		return nil
	}
	text, err := Value{Data: e.literal}.Reveal()
	if err != nil {
		return nil
	}
	return text
}

// MarshalJSON writes the expression as it was written.
func (e Expression) MarshalJSON() ([]byte, error) { return json.Marshal(e.Source()) }

// UnmarshalJSON reads what MarshalJSON wrote. The expression has no position any more.
func (e *Expression) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var source any
	if err := d.Decode(&source); err != nil {
		return err
	}
	*e = Expression{}
	return e.fromSource(source).Err()
}

func (e *Expression) fromSource(source any) (problems Problems) {
	switch source := source.(type) {
	case []any:
		e.isList, e.list = true, make([]Expression, len(source))
		for i, item := range source {
			problems = append(problems, e.list[i].fromSource(item)...)
		}
	case map[string]any:
		e.isObject, e.fields = true, make(Map[Expression], len(source))
		for i, key := range slices.Sorted(maps.Keys(source)) {
			e.fields[i].Key = key
			problems = append(problems, e.fields[i].Value.fromSource(source[key])...)
		}
	case string:
		*e, problems = ParseTemplate(source, Position{})
	case bool:
		e.literal = cty.BoolVal(source)
	case json.Number:
		number, err := cty.ParseNumberVal(source.String())
		if err != nil {
			return Problems{Errorf(Position{}, "%v", err)}
		}
		e.literal = number
	default:
		e.literal = cty.NullVal(cty.DynamicPseudoType)
	}
	return problems
}
