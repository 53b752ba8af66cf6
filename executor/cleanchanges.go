package executor

import (
	"encoding/json"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// clearChanges returns changes as events show them.
func (m *Emitter) clearChanges(c *schema.Changes) *schema.Changes {
	if c == nil {
		return nil
	}
	clean := *c
	clean.Resources, clean.Deferred, clean.Drift = m.clearResources(c.Resources), m.clearResources(c.Deferred), m.clearResources(c.Drift)
	clean.OutputChanges = m.clearAttributes(c.OutputChanges)
	clean.Invocations = nil
	for _, i := range c.Invocations {
		i.Address, i.Cause = m.clean(i.Address), m.clean(i.Cause)
		clean.Invocations = append(clean.Invocations, i)
	}
	return &clean
}

func (m *Emitter) clearResources(all []schema.ResourceChange) []schema.ResourceChange {
	var clean []schema.ResourceChange
	for _, r := range all {
		r.Address, r.Reason, r.MovedFrom, r.ImportedID = m.clean(r.Address), m.clean(r.Reason), m.clean(r.MovedFrom), m.clean(r.ImportedID)
		r.Attributes = m.clearAttributes(r.Attributes)
		clean = append(clean, r)
	}
	return clean
}

func (m *Emitter) clearAttributes(all []schema.AttributeChange) []schema.AttributeChange {
	var clean []schema.AttributeChange
	for _, a := range all {
		a.Path = m.clean(a.Path)
		var before, after bool
		a.Before, before = m.clearValue(a.Before)
		a.After, after = m.clearValue(a.After)
		a.Sensitive = a.Sensitive || before || after
		clean = append(clean, a)
	}
	return clean
}

// clearValue takes secrets out of a value. One that is not a string, or is nothing but a secret, is left out as a whole.
func (m *Emitter) clearValue(value json.RawMessage) (clean json.RawMessage, secrets bool) {
	if len(value) == 0 {
		return value, false
	}
	var text string
	if value[0] != '"' || json.Unmarshal(value, &text) != nil {
		if m.clean(string(value)) == string(value) {
			return value, false
		}
		return schema.SensitiveValue, true
	}
	switch cleaned := m.clean(text); cleaned {
	case text:
		return value, false
	case secret.Mask:
		return schema.SensitiveValue, true
	default:
		return schema.TextValue(cleaned), true
	}
}
