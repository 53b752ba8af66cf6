package schema

import "encoding/json"

// Cleaner takes secrets out of a text. What it takes out is replaced by Mask.
type Cleaner struct {
	Clean func(text string) string
	Mask  string
}

// Changes returns changes without secrets, wherever in them those are.
func (c Cleaner) Changes(changes *Changes) *Changes {
	if changes == nil {
		return nil
	}
	clean := *changes
	clean.Resources, clean.Deferred, clean.Drift = c.resources(changes.Resources), c.resources(changes.Deferred), c.resources(changes.Drift)
	clean.OutputChanges = c.attributes(changes.OutputChanges)
	clean.Invocations = nil
	for _, i := range changes.Invocations {
		i.Address, i.Cause = c.Clean(i.Address), c.Clean(i.Cause)
		clean.Invocations = append(clean.Invocations, i)
	}
	return &clean
}

func (c Cleaner) resources(all []ResourceChange) []ResourceChange {
	var clean []ResourceChange
	for _, r := range all {
		r.Address, r.Reason, r.MovedFrom, r.ImportedID = c.Clean(r.Address), c.Clean(r.Reason), c.Clean(r.MovedFrom), c.Clean(r.ImportedID)
		r.Attributes = c.attributes(r.Attributes)
		clean = append(clean, r)
	}
	return clean
}

func (c Cleaner) attributes(all []AttributeChange) []AttributeChange {
	var clean []AttributeChange
	for _, a := range all {
		a.Path = c.Clean(a.Path)
		var before, after bool
		a.Before, before = c.value(a.Before)
		a.After, after = c.value(a.After)
		a.Sensitive = a.Sensitive || before || after
		clean = append(clean, a)
	}
	return clean
}

// value takes secrets out of a value. One that is not a string, or is nothing but a secret, is left out as a whole.
func (c Cleaner) value(value json.RawMessage) (clean json.RawMessage, secrets bool) {
	if len(value) == 0 {
		return value, false
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		if c.Clean(string(value)) == string(value) {
			return value, false
		}
		return SensitiveValue, true
	}
	switch cleaned := c.Clean(text); cleaned {
	case text:
		return value, false
	case c.Mask:
		return SensitiveValue, true
	default:
		return TextValue(cleaned), true
	}
}
