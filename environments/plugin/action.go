package plugin

import (
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// The stack-actions that every script means the same by.
const (
	actionPlan    = "plan"
	actionApply   = "apply"
	actionDestroy = "destroy"
	actionDelete  = "delete"
)

// actions are the stack-actions of a step: what its script can be told, and what the configuration tells it.
type actions struct {
	property *schema.Property // stack-action in the plugin's schema, or nil
	written  string           // what a person wrote for it, "" when nobody did
	standard string           // the schema's default
	config   config
}

func actionsOf(f *files, v *schema.ToolValues) actions {
	a := actions{config: f.config}
	if !f.parses() {
		return a
	}
	for _, section := range []string{sectionCLI, sectionOptions} {
		for i := range f.keys.Root.Properties {
			if p := &f.keys.Root.Properties[i]; p.Name == section && a.property == nil {
				leaves(p, func(leaf *schema.Property) {
					if leaf.Name == leafAction && a.property == nil {
						a.property = leaf
					}
				})
			}
		}
	}
	switch {
	case a.property == nil:
	case v.From(a.property.Path) == "default":
		a.standard = v.Text(a.property.Path)
	default:
		a.written = v.Text(a.property.Path)
	}
	return a
}

// known reports whether the script tells stack-actions apart. v2 passes an empty one to a script that does not.
func (a actions) known() bool {
	return a.property != nil || a.config.plan != "" || a.config.destroy != ""
}

// apply returns what to pass for apply: what is written, else the default, unless that is for something else.
func (a actions) apply() string {
	switch {
	case a.written != "":
		return a.written
	case a.standard != "" && !a.plans(a.standard) && !a.removes(a.standard):
		return a.standard
	case a.known():
		return actionApply
	}
	return ""
}

// destroy returns what to pass for destroy, "" when the script cannot be told: v2's scripts deploy, whatever they are
// passed, unless they look at it.
func (a actions) destroy() string {
	switch {
	case a.pinnedToRemoval():
		return a.written
	case a.config.knowsDestroy:
		return a.config.destroy
	case a.property != nil:
		return actionDestroy
	}
	return ""
}

// pinnedToPlan reports whether the configuration says that the step is only ever planned.
func (a actions) pinnedToPlan() bool { return a.written != "" && a.plans(a.written) }

// pinnedToRemoval reports whether the configuration says that the step is to go.
func (a actions) pinnedToRemoval() bool { return a.written != "" && a.removes(a.written) }

func (a actions) plans(word string) bool {
	return strings.EqualFold(word, actionPlan) || word == a.config.plan
}

func (a actions) removes(word string) bool {
	return strings.EqualFold(word, actionDestroy) || strings.EqualFold(word, actionDelete) || word == a.config.destroy
}
