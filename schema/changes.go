package schema

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/bitops-engine/bitops/schema/diff"
)

// Changes are what a tool changed, or would change.
type Changes struct {
	Add       int              `json:"add"`
	Change    int              `json:"change"`
	Remove    int              `json:"remove"`
	Outputs   int              `json:"outputs,omitempty"` // how many outputs change
	Resources []ResourceChange `json:"resources,omitempty"`
	Open      bool             `json:"open,omitempty"` // there may be more: the tool cannot tell all that it would change

	// First says that these changes come first, and that what is left of the step can be planned only when they are made.
	First bool `json:"first,omitempty"`

	OutputChanges []AttributeChange `json:"output_changes,omitempty"` // of a preview; the path begins with the output's name
	Deferred      []ResourceChange  `json:"deferred,omitempty"`       // resources that the tool can plan only after it applied others
	Drift         []ResourceChange  `json:"drift,omitempty"`          // what changed outside of the tool, since it was applied last
	Invocations   []Invocation      `json:"invocations,omitempty"`    // of actions, beside the resources

	ValuesWithheld bool `json:"values_withheld,omitempty"` // the manifest keeps the values of attributes out of this document
}

// ComeFirst reports whether changes come first, and what is left of the step cannot be planned before they are made.
func (c *Changes) ComeFirst() bool { return c != nil && c.First }

// Empty reports whether nothing changes. What is only read does not; what is imported, moved or forgotten does.
func (c *Changes) Empty() bool {
	if c == nil {
		return true
	}
	changes := slices.ContainsFunc(c.Resources, func(r ResourceChange) bool { return r.Action != "read" })
	return c.Add == 0 && c.Change == 0 && c.Remove == 0 && c.Outputs == 0 && !changes && len(c.Deferred) == 0 && len(c.Invocations) == 0
}

// Plus returns the sum of two counts, without the resources.
func (c Changes) Plus(o *Changes) Changes {
	if o == nil {
		return c
	}
	return Changes{Add: c.Add + o.Add, Change: c.Change + o.Change, Remove: c.Remove + o.Remove, Outputs: c.Outputs + o.Outputs}
}

// And returns these changes and then others, with the resources of both. Nil changes none.
func (c *Changes) And(o *Changes) *Changes {
	switch {
	case c.Empty():
		return o
	case o == nil:
		return c
	}
	all, sum := *o, c.Plus(o)
	all.Add, all.Change, all.Remove, all.Outputs = sum.Add, sum.Change, sum.Remove, sum.Outputs
	all.Resources = slices.Concat(c.Resources, o.Resources)
	all.Invocations = slices.Concat(c.Invocations, o.Invocations)
	all.Open = c.Open || o.Open
	return &all
}

// ResourceChange is one resource that changes. All but the address and the action is of a preview, and empty where the tool
// does not tell it.
type ResourceChange struct {
	Address    string            `json:"address"`
	Action     string            `json:"action"`                // create, update, delete, replace, read, import, move, forget
	Reason     string            `json:"reason,omitempty"`      // why, in a few words: "it is tainted"
	MovedFrom  string            `json:"moved_from,omitempty"`  // the address that it had before
	ImportedID string            `json:"imported_id,omitempty"` // by which it is imported
	Attributes []AttributeChange `json:"attributes,omitempty"`  // that differ: what forces a replacement first, what is unknown last

	AttributesOmitted int `json:"attributes_omitted,omitempty"` // how many are left out: a journal does not hold them all
}

// AttributeChange is a part of a resource that differs. No secret is in it: the tool leaves out what it calls sensitive, and
// events what is known as one.
type AttributeChange struct {
	Path              string          `json:"path"`                         // ingress[0].from_port, policy.Statement[Sid="Read"].Action[3]
	Before            json.RawMessage `json:"before,omitempty"`             // absent where nothing was
	After             json.RawMessage `json:"after,omitempty"`              // absent where nothing will be
	Unknown           bool            `json:"unknown,omitempty"`            // the value after is not known yet, at least in part
	Sensitive         bool            `json:"sensitive,omitempty"`          // values are not shown, at least in part
	ForcesReplacement bool            `json:"forces_replacement,omitempty"` // because this cannot be changed in place

	MayForceReplacement bool `json:"may_force_replacement,omitempty"` // only the tool will know whether this can be changed in place

	BeforeBytes int `json:"before_bytes,omitempty"` // how long the value is, where it is cut
	AfterBytes  int `json:"after_bytes,omitempty"`
}

// UnmarshalJSON reads the document, with its values in the form in which they were written: without space and escapes that
// nothing needs.
func (a *AttributeChange) UnmarshalJSON(text []byte) error {
	type document AttributeChange // without this method
	if err := json.Unmarshal(text, (*document)(a)); err != nil {
		return err
	}
	a.Before, a.After = plainest(a.Before), plainest(a.After)
	return nil
}

// SensitiveValue stands in an AttributeChange for a value that is not shown.
var SensitiveValue = TextValue(diff.Sensitive)

// TextValue returns a string as an AttributeChange has it.
func TextValue(s string) json.RawMessage { return JSONValue(s) }

// plainest returns a JSON value in its plainest form.
func plainest(value json.RawMessage) json.RawMessage {
	if value == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return value
	}
	return JSONValue(v)
}

// JSONValue writes a value, decoded with json.Number, so that people can read it: without escapes for HTML. What cannot be written is null.
func JSONValue(v any) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// Invocation is an action that a tool invokes, beside what it does to resources.
type Invocation struct {
	Address string `json:"address"`         // of the action
	Cause   string `json:"cause,omitempty"` // of the resource whose change triggers it
	Event   string `json:"event,omitempty"` // of the resource: after create
}

// Attributes returns the changes of a resource's parts, in the order in which they are to be read: what forces a replacement
// first, and last what is not known yet.
func Attributes(changes []diff.Change) []AttributeChange {
	all := make([]AttributeChange, len(changes))
	for i, c := range changes {
		all[i] = AttributeChange{
			Path: c.Path.String(), Before: c.Before, After: c.After, Unknown: c.Unknown, Sensitive: c.Sensitive, ForcesReplacement: c.Forces,
			MayForceReplacement: c.MayForce,
		}
	}
	rank := func(a AttributeChange) int {
		switch {
		case a.ForcesReplacement:
			return 0
		case a.MayForceReplacement:
			return 1
		case a.Unknown:
			return 3
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b AttributeChange) int { return rank(a) - rank(b) })
	return all
}

// Loses reports whether the resource, or what it was, is gone afterwards.
func (r *ResourceChange) Loses() bool { return r.Action == "delete" || r.Action == "replace" }

// Forcing returns the paths of the attributes that force the replacement of the resource.
func (r *ResourceChange) Forcing() []string {
	var paths []string
	for _, a := range r.Attributes {
		if a.ForcesReplacement {
			paths = append(paths, a.Path)
		}
	}
	return paths
}

// Kinds are numbers of resources of which something else is told than that they are created, changed or destroyed.
type Kinds struct{ Imported, Moved, Forgotten, Deferred, Invoked int }

// Kinds counts what the sum of created, changed and destroyed resources does not tell.
func (c *Changes) Kinds() Kinds {
	if c == nil {
		return Kinds{}
	}
	k := Kinds{Deferred: len(c.Deferred), Invoked: len(c.Invocations)}
	for _, r := range c.Resources {
		if r.Action == "import" || r.ImportedID != "" {
			k.Imported++
		}
		if r.Action == "move" || r.MovedFrom != "" {
			k.Moved++
		}
		if r.Action == "forget" {
			k.Forgotten++
		}
	}
	return k
}

// Plus returns the sum of two.
func (k Kinds) Plus(o Kinds) Kinds {
	return Kinds{k.Imported + o.Imported, k.Moved + o.Moved, k.Forgotten + o.Forgotten, k.Deferred + o.Deferred, k.Invoked + o.Invoked}
}

// each returns changes in which every attribute, of resources and of outputs, is as change returns it.
func (c *Changes) each(change func([]AttributeChange) []AttributeChange) *Changes {
	if c == nil {
		return nil
	}
	all := *c
	resources := func(list []ResourceChange) []ResourceChange {
		list = slices.Clone(list)
		for i := range list {
			list[i].Attributes = change(list[i].Attributes)
		}
		return list
	}
	all.Resources, all.Deferred, all.Drift = resources(c.Resources), resources(c.Deferred), resources(c.Drift)
	all.OutputChanges = change(c.OutputChanges)
	return &all
}

// WithoutValues returns the changes without the values of attributes. What is new, what goes, and what is unknown or sensitive
// can still be told.
func (c *Changes) WithoutValues() *Changes {
	without := c.each(func(all []AttributeChange) []AttributeChange {
		all = slices.Clone(all)
		for i := range all {
			all[i].Before, all[i].After, all[i].BeforeBytes, all[i].AfterBytes = nil, nil, 0, 0
		}
		return all
	})
	if without != nil {
		without.ValuesWithheld = true
	}
	return without
}

// WithoutAttributes returns what is counted and which resources change, and nothing else of them.
func (c *Changes) WithoutAttributes() *Changes {
	if c == nil {
		return nil
	}
	all := Changes{Add: c.Add, Change: c.Change, Remove: c.Remove, Outputs: c.Outputs, Open: c.Open, First: c.First}
	for _, r := range c.Resources {
		all.Resources = append(all.Resources, ResourceChange{Address: r.Address, Action: r.Action})
	}
	return &all
}
