package view

import (
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// outputsTitle stands above the outputs that change, where the others are resources.
const outputsTitle = "    outputs"

// outputs returns the lines of the outputs that change.
func (d differences) outputs(c *schema.Changes) []diffLine {
	return d.attributes(c.OutputChanges, attributesChanged)
}

// beside returns what a tool tells beside its resources and outputs: actions, what it defers, and what changed without it.
func (d differences) beside(c *schema.Changes) []diffLine {
	var all []diffLine
	for _, i := range c.Invocations {
		text := visible(i.Address) + " is invoked"
		if i.Cause != "" {
			text += strings.TrimRight(" "+visible(i.Event), " ") + " of " + visible(i.Cause)
		}
		all = append(all, note(text))
	}
	for i := range c.Deferred {
		all = append(all, note("deferred until more is applied: "+visible(c.Deferred[i].Address)+joined(", because ", visible(c.Deferred[i].Reason))))
	}
	return append(all, d.drift(c.Drift)...)
}

// drift returns what changed outside of the tool: a line for each resource, or all of it for a person who asked for everything.
func (d differences) drift(resources []schema.ResourceChange) []diffLine {
	var all []diffLine
	for i := range resources {
		r := &resources[i]
		if i == drifted && !d.verbose {
			return append(all, note("and "+amount(len(resources)-i, "more resource")+" that changed outside"))
		}
		text := "changed outside: " + visible(r.Address)
		if r.Action == "delete" {
			text = "deleted outside: " + visible(r.Address)
		}
		if names := attributeNames(r.Attributes); len(names) > 0 && r.Action != "delete" && !d.verbose {
			text += " (" + strings.Join(firstOf(names, 5), ", ") + ")"
		}
		all = append(all, note(text))
		if d.verbose && r.Action != "delete" {
			for _, l := range d.attributes(r.Attributes, attributesChanged) {
				l.depth++
				all = append(all, l)
			}
		}
	}
	return all
}

func attributeNames(attributes []schema.AttributeChange) []string {
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = visible(a.Path)
	}
	return names
}
