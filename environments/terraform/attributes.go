package terraform

import (
	"maps"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// resource returns what happens to a resource, nil when nothing does, and collects the secrets in it. What happened to one that
// drifted was done by others.
func (p *planJSON) resource(r *tfjson.ResourceChange, drifted bool) *schema.ResourceChange {
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
	if action == "forget" { // it stays as it is
		return change
	}
	differing := differing(r.Change)
	if drifted && !p.relevant(change, differing) {
		return nil
	}
	if !drifted {
		change.Attributes = schema.Attributes(differing)
	}
	return change
}

// differing compares what a change begins with and what it ends with.
func differing(c *tfjson.Change) []diff.Change {
	o := diff.Options{Secret: secret.NameIsSecret, SkipEmpty: true}
	for _, path := range c.ReplacePaths {
		if steps, ok := path.([]any); ok {
			o.Forces = append(o.Forces, steps)
		}
	}
	return diff.Compare(
		diff.Value{JSON: c.Before, Sensitive: c.BeforeSensitive},
		diff.Value{JSON: c.After, Unknown: c.AfterUnknown, Sensitive: c.AfterSensitive}, o)
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
		p.changes.OutputChanges = append(p.changes.OutputChanges, schema.Attributes(differing(&tfjson.Change{
			Before: wrap(change.Before), After: wrap(change.After), AfterUnknown: wrap(change.AfterUnknown),
			BeforeSensitive: wrap(change.BeforeSensitive), AfterSensitive: wrap(change.AfterSensitive),
		}))...)
	}
}

// The bounds of what counts as a secret of a plan.
const (
	shortestSecret = 8
	longestSecret  = 64 << 10
	mostSecrets    = 10_000
)

// collect collects the strings of a change that are sensitive and in a field whose name says so too: such a secret can be in
// another attribute, which no one calls sensitive. What is sensitive by the provider's word alone is not enough: it calls the
// value of every parameter so, and then the host name in one would vanish from all outputs.
func (p *planJSON) collect(c *tfjson.Change) {
	p.collectFrom(c.Before, c.BeforeSensitive, false)
	p.collectFrom(c.After, c.AfterSensitive, false)
}

func (p *planJSON) collectFrom(value, sensitive any, named bool) {
	switch value := value.(type) {
	case map[string]any:
		mask, _ := sensitive.(map[string]any)
		for name, field := range value {
			p.collectFrom(field, part(sensitive, mask[name]), named || secret.NameIsSecret(name))
		}
	case []any:
		mask, _ := sensitive.([]any)
		for i, element := range value {
			var one any
			if i < len(mask) {
				one = mask[i]
			}
			p.collectFrom(element, part(sensitive, one), named)
		}
	case string:
		known := len(value) >= shortestSecret && len(value) <= longestSecret && len(p.secrets) < mostSecrets
		if named && sensitive == true && known {
			p.secrets = append(p.secrets, value)
		}
	}
}

// part returns the mask of a part: all of it is sensitive where the whole is.
func part(whole, part any) any {
	if whole == true {
		return true
	}
	return part
}

// relevant reports whether a resource that changed outside of terraform has to do with what terraform plans, as terraform judges
// it, and leaves out the attributes that have not.
func (p *planJSON) relevant(change *schema.ResourceChange, differing []diff.Change) bool {
	if change.Action == "delete" {
		return true
	}
	differing = slices.DeleteFunc(slices.Clone(differing), func(c diff.Change) bool {
		filled := string(c.After) != "{}" && string(c.After) != "[]" // providers read nothing as empty
		return len(c.Before) == 0 && !filled || !slices.ContainsFunc(p.contributes[change.Address], c.Path.Meets)
	})
	change.Attributes = schema.Attributes(differing)
	return len(differing) > 0
}
