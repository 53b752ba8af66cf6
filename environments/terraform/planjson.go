package terraform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// planJSON is what bitops reads of a plan in terraform's JSON form:
// https://developer.hashicorp.com/terraform/internals/json-format
//
// A plan of 10,000 resources has 50 MB, most of which repeats the state and the configuration. Those parts are passed over, and
// of the resources one at a time is decoded.
type planJSON struct {
	changes *schema.Changes
	partial bool     // terraform does not plan all of the configuration, and does not say what it leaves out
	secrets []string // the sensitive values in it
	outputs map[string]*tfjson.Change
	planned map[string]*tfjson.StateOutput

	contributes map[string][][]any // the attributes by which a resource contributes to what is planned, by its address
}

// readPlan reads a plan.
func readPlan(text []byte) (*planJSON, error) {
	p := &planJSON{}
	resources := &resourceChanges{plan: p}
	document := struct {
		FormatVersion string           `json:"format_version"`
		Resources     *resourceChanges `json:"resource_changes"`
		Drift         json.RawMessage  `json:"resource_drift"`
		Deferred      *resourceChanges `json:"deferred_changes"`
		PlannedValues struct {
			Outputs map[string]numbered[tfjson.StateOutput] `json:"outputs"`
		} `json:"planned_values"`
		Outputs     map[string]numbered[tfjson.Change] `json:"output_changes"`
		Invocations []*tfjson.ActionInvocation         `json:"action_invocations"`
		Complete    *bool                              `json:"complete"` // since terraform 1.8
		Relevant    []struct {
			Resource  string `json:"resource"`
			Attribute []any  `json:"attribute"`
		} `json:"relevant_attributes"`
	}{Resources: resources, Deferred: &resourceChanges{plan: p}}
	if err := decode(text, &document); err != nil {
		return nil, err
	}
	if err := (&tfjson.Plan{FormatVersion: document.FormatVersion}).Validate(); err != nil {
		return nil, err
	}
	p.changes = counted(list(document.Resources))
	p.changes.Deferred = list(document.Deferred)
	p.contributes = map[string][][]any{}
	for _, r := range document.Relevant {
		p.contributes[r.Resource] = append(p.contributes[r.Resource], r.Attribute)
	}
	drift := &resourceChanges{plan: p, drifted: true}
	if len(document.Drift) > 0 {
		if err := json.Unmarshal(document.Drift, &drift); err != nil {
			return nil, err
		}
	}
	p.changes.Drift = list(drift)
	p.changes.Invocations = invocations(document.Invocations)
	p.partial = document.Complete != nil && !*document.Complete && len(p.changes.Deferred) == 0
	p.planned, p.outputs = each(document.PlannedValues.Outputs), each(document.Outputs)
	p.addOutputs()
	return p, nil
}

// list returns the resources of a list, which may be null.
func list(all *resourceChanges) []schema.ResourceChange {
	if all == nil {
		return nil
	}
	return all.list
}

// resourceChanges are the resources of one list of a plan. It decodes one at a time.
type resourceChanges struct {
	plan    *planJSON
	drifted bool
	list    []schema.ResourceChange
}

// UnmarshalJSON reads a list of resources, or of those that are deferred.
func (all *resourceChanges) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return cmp.Or(err, errors.New("it is not a list"))
	}
	for decoder.More() {
		var r struct {
			plannedResource
			Reason   string           `json:"reason"`          // of a deferred one
			Deferred *plannedResource `json:"resource_change"` // likewise
		}
		if err := decoder.Decode(&r); err != nil {
			return err
		}
		of := &r.plannedResource
		if r.Deferred != nil {
			of = r.Deferred
		}
		resource, err := of.differing()
		if err != nil {
			return err
		}
		if change := all.plan.resource(resource, all.drifted); change != nil {
			change.Reason = cmp.Or(deferrals[r.Reason], change.Reason)
			all.list = append(all.list, *change)
		}
	}
	return nil
}

// numbered is something whose numbers keep all their digits.
type numbered[T any] struct{ it *T }

// UnmarshalJSON reads it.
func (n *numbered[T]) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(&n.it)
}

// each returns what is numbered.
func each[T any](all map[string]numbered[T]) map[string]*T {
	its := make(map[string]*T, len(all))
	for name, n := range all {
		if n.it != nil {
			its[name] = n.it
		}
	}
	return its
}

// reasons say in plain words why terraform does something to a resource.
var reasons = map[string]string{
	"replace_because_cannot_update":     "it cannot be updated in place",
	"replace_because_tainted":           "it is tainted: it was not created completely, or someone marked it",
	"replace_by_request":                "-replace asks for it",
	"replace_by_triggers":               "something in replace_triggered_by changes",
	"delete_because_no_resource_config": "it is no longer in the configuration",
	"delete_because_wrong_repetition":   "count or for_each of the resource was added or removed",
	"delete_because_count_index":        "count is smaller now",
	"delete_because_each_key":           "its key is no longer in for_each",
	"delete_because_no_module":          "its module is no longer in the configuration",
	"delete_because_no_move_target":     "it was moved to an address that is not in the configuration",
	"read_because_config_unknown":       "something that it depends on is known only after apply",
	"read_because_dependency_pending":   "something that it depends on changes",
	"read_because_check_nested":         "a check reads it",
}

// deferrals say why terraform can plan a resource only after it applied others.
var deferrals = map[string]string{
	"instance_count_unknown":           "how many there are is known only after apply",
	"resource_config_unknown":          "its configuration is known only after apply",
	"provider_config_unknown":          "the configuration of its provider is known only after apply",
	"deferred_prereq":                  "something that it depends on is deferred",
	"absent_prereq":                    "something that it depends on is not there yet",
	"unknown":                          "terraform does not say why",
	"resource_instance_config_unknown": "its configuration is known only after apply",
}

func invocations(all []*tfjson.ActionInvocation) []schema.Invocation {
	var told []schema.Invocation
	for _, i := range all {
		one := schema.Invocation{Address: i.Address}
		if t := i.LifecycleActionTrigger; t != nil {
			one.Cause, one.Event = t.TriggeringResourceAddress, events[t.ActionTriggerEvent]
		}
		told = append(told, one)
	}
	return told
}

// events say when an action is triggered.
var events = map[string]string{
	"BeforeCreate": "before create", "AfterCreate": "after create", "BeforeUpdate": "before update", "AfterUpdate": "after update",
	"BeforeDestroy": "before destroy", "AfterDestroy": "after destroy",
}

// actionOf names what happens to a resource, or "" when nothing does.
func actionOf(r *tfjson.ResourceChange) string {
	if r.Change == nil {
		return ""
	}
	forgets := slices.Contains(r.Change.Actions, tfjson.ActionForget)
	switch a := r.Change.Actions; {
	case a.Replace(), forgets && len(a) > 1: // what was there is destroyed, or forgotten
		return "replace"
	case a.Create():
		return "create"
	case a.Update():
		return "update"
	case a.Delete():
		return "delete"
	case a.Read():
		return "read"
	case forgets:
		return "forget"
	case a.NoOp() && r.PreviousAddress != "":
		return "move"
	case a.NoOp() && r.Change.Importing != nil:
		return "import"
	}
	return ""
}

// result returns what changes, and the values that the outputs will have.
func (p *planJSON) result() (environments.Result, error) {
	outputs := schema.Values{}
	for name, change := range p.outputs {
		if change.Actions.Delete() {
			continue
		}
		value, err := plannedOutput(p.planned[name], change)
		if err != nil {
			return environments.Result{}, fmt.Errorf("output %s: %w", name, err)
		}
		outputs[name] = value
	}
	return environments.Result{Changes: p.changes, Outputs: outputs}, nil
}
