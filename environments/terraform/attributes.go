package terraform

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// resource returns what happens to a resource, nil when nothing does, and collects the secrets in it.
func (p *planJSON) resource(r *tfjson.ResourceChange) *schema.ResourceChange {
	action := actionOf(r)
	if action == "" {
		return nil
	}
	change := &schema.ResourceChange{
		Address: r.Address, Action: action, MovedFrom: r.PreviousAddress, Reason: reasons[string(r.ActionReason)],
	}
	if r.DeposedKey != "" {
		change.Address += " (deposed object " + r.DeposedKey + ")"
	}
	if i := r.Change.Importing; i != nil {
		change.ImportedID = i.ID
	}
	p.collect(r.Change)
	if action != "forget" { // it stays as it is
		change.Attributes = changedAttributes(r.Change)
	}
	return change
}

// changedAttributes compares what a change begins with and what it ends with.
func changedAttributes(c *tfjson.Change) []schema.AttributeChange {
	o := diff.Options{Secret: secret.NameIsSecret, SkipEmpty: true}
	for _, path := range c.ReplacePaths {
		if steps, ok := path.([]any); ok {
			o.Forces = append(o.Forces, steps)
		}
	}
	return schema.Attributes(diff.Compare(
		diff.Value{JSON: c.Before, Sensitive: c.BeforeSensitive},
		diff.Value{JSON: c.After, Unknown: c.AfterUnknown, Sensitive: c.AfterSensitive}, o))
}

// addOutputs adds the outputs that change.
func (p *planJSON) addOutputs() {
	for _, name := range slices.Sorted(maps.Keys(p.outputs)) {
		change := p.outputs[name]
		if change.Actions.NoOp() {
			continue
		}
		p.changes.Outputs++
		p.collect(change)
		wrap := func(v any) any { return map[string]any{name: v} }
		p.changes.OutputChanges = append(p.changes.OutputChanges, changedAttributes(&tfjson.Change{
			Before: wrap(change.Before), After: wrap(change.After), AfterUnknown: wrap(change.AfterUnknown),
			BeforeSensitive: wrap(change.BeforeSensitive), AfterSensitive: wrap(change.AfterSensitive),
		})...)
	}
}

// The bounds of what counts as a secret of a plan: a provider calls whole maps sensitive, in which there are words too.
const (
	shortestSecret = 8
	longestWord    = 12
	longestSecret  = 64 << 10
	mostSecrets    = 10_000
)

// collect collects the strings of a change that are sensitive: a secret can be in another attribute too, which no one calls so.
func (p *planJSON) collect(c *tfjson.Change) {
	p.collectFrom(c.Before, c.BeforeSensitive)
	p.collectFrom(c.After, c.AfterSensitive)
}

func (p *planJSON) collectFrom(value, sensitive any) {
	switch mask := sensitive.(type) {
	case bool:
		if mask {
			p.collectAll(value)
		}
	case map[string]any:
		fields, _ := value.(map[string]any)
		for name, m := range mask {
			p.collectFrom(fields[name], m)
		}
	case []any:
		elements, _ := value.([]any)
		for i := range min(len(mask), len(elements)) {
			p.collectFrom(elements[i], mask[i])
		}
	}
}

func (p *planJSON) collectAll(value any) {
	switch v := value.(type) {
	case string:
		if len(p.secrets) < mostSecrets && tellsApart(v) {
			p.secrets = append(p.secrets, v)
		}
	case json.Number:
		p.collectAll(string(v))
	case map[string]any:
		for _, field := range v {
			p.collectAll(field)
		}
	case []any:
		for _, element := range v {
			p.collectAll(element)
		}
	}
}

// tellsApart reports whether a text is so much of its own that whatever holds it holds a secret: it is not short, and not a word.
func tellsApart(s string) bool {
	word := len(s) <= longestWord && !strings.ContainsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
	return len(s) >= shortestSecret && len(s) <= longestSecret && !word
}
