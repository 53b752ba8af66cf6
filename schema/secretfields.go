package schema

import (
	"encoding/json"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// FieldTexts returns the texts and numbers inside the fields, at any depth, whose names match. A text that is a JSON object
// has the fields of that.
func (v Value) FieldTexts(matches func(name string) bool) []string {
	var found []string
	if v.Data == cty.NilVal {
		return nil
	}
	_ = cty.Walk(v.Data, func(path cty.Path, data cty.Value) (bool, error) {
		if !data.IsKnown() || data.IsNull() {
			return false, nil
		}
		if name, ok := fieldName(path); ok && matches(name) {
			found = append(found, leaves(data)...)
			return false, nil
		}
		if data.Type() == cty.String {
			found = append(found, jsonFieldTexts(data.AsString(), matches)...)
		}
		return true, nil
	})
	return found
}

// HasField reports whether one of the texts that FieldTexts returns is not empty.
func (v Value) HasField(matches func(name string) bool) bool {
	for _, text := range v.FieldTexts(matches) {
		if text != "" {
			return true
		}
	}
	return false
}

// fieldName returns the name of the attribute or key that a path ends with.
func fieldName(path cty.Path) (string, bool) {
	if len(path) == 0 {
		return "", false
	}
	switch step := path[len(path)-1].(type) {
	case cty.GetAttrStep:
		return step.Name, true
	case cty.IndexStep:
		if step.Key.Type() == cty.String && step.Key.IsKnown() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

func jsonFieldTexts(text string, matches func(string) bool) []string {
	if text = strings.TrimSpace(text); !strings.HasPrefix(text, "{") || !json.Valid([]byte(text)) {
		return nil
	}
	value, err := FromJSON([]byte(text))
	if err != nil {
		return nil
	}
	return value.FieldTexts(matches)
}
