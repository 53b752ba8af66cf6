package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"

	tfjson "github.com/hashicorp/terraform-json"
)

// plannedResource is a tfjson.ResourceChange that is read in two steps, because most of a resource does not change: what is the same
// before and after is never decoded.
type plannedResource struct {
	tfjson.ResourceChange
	Change *plannedChange `json:"change"`
}

type plannedChange struct {
	tfjson.Change
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// differing returns the resource with those of its values that differ, or that a mask says something of.
func (r *plannedResource) differing() (*tfjson.ResourceChange, error) {
	resource := r.ResourceChange
	if r.Change == nil {
		return &resource, nil
	}
	change := r.Change.Change
	before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	err := errors.Join(take(r.Change.Before, &before), take(r.Change.After, &after))
	if err != nil { // they are no objects
		if change.Before, err = decoded(r.Change.Before); err == nil {
			change.After, err = decoded(r.Change.After)
		}
		resource.Change = &change
		return &resource, err
	}
	same := maps.Clone(before)
	for _, mask := range []any{change.AfterUnknown, change.BeforeSensitive, change.AfterSensitive} {
		fields, _ := mask.(map[string]any)
		for name := range fields {
			delete(same, name)
		}
	}
	for name := range same {
		if bytes.Equal(before[name], after[name]) {
			delete(before, name)
			delete(after, name)
		}
	}
	if change.Before, err = together(r.Change.Before, before); err == nil {
		change.After, err = together(r.Change.After, after)
	}
	resource.Change = &change
	return &resource, err
}

// take takes an object apart. Nothing has no fields.
func take(text json.RawMessage, fields *map[string]json.RawMessage) error {
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, fields)
}

// together decodes the fields that are left of a value, nil where it was nothing.
func together(text json.RawMessage, fields map[string]json.RawMessage) (any, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	all := make(map[string]any, len(fields))
	for name, field := range fields {
		var err error
		if all[name], err = decoded(field); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// decoded decodes a value, whose numbers keep all their digits.
func decoded(text json.RawMessage) (value any, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}
