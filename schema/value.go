package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Value is a typed value that a step leaves behind or is given. A sensitive one shows itself to nobody: its String,
// its JSON and its Go syntax leave the value out; only Reveal gives it away.
type Value struct {
	Data      cty.Value // never marked; may be unknown, wholly or in part, in a plan
	Sensitive bool
	Reason    string // why it is sensitive although nothing declares it so, "" where something does
}

// Values are named values: the outputs of a step, or the inputs of one.
type Values map[string]Value

// Names returns the names in alphabetical order.
func (vs Values) Names() []string { return slices.Sorted(maps.Keys(vs)) }

// Text returns a plain text value.
func Text(s string) Value { return Value{Data: cty.StringVal(s)} }

// Known reports whether every part of the value is known.
func (v Value) Known() bool { return v.Data != cty.NilVal && v.Data.IsWhollyKnown() }

// Null reports whether the value is known to be null.
func (v Value) Null() bool { return v.Known() && v.Data.IsNull() }

const redacted = "(sensitive)"

// String returns the value as compact JSON, or "(sensitive)", or "(known after apply)".
func (v Value) String() string {
	switch {
	case v.Sensitive:
		return redacted
	case !v.Known():
		return "(known after apply)"
	}
	text, err := v.Reveal()
	if err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return string(text)
}

// GoString returns what %#v shows.
func (v Value) GoString() string { return "schema.Value{" + v.String() + "}" }

// Format makes every verb of package fmt show what String returns, so that none shows a sensitive value. (fmt calls no
// methods of unexported fields: keep Values in exported ones, or behind a pointer.)
func (v Value) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = f.Write([]byte(v.GoString()))
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), v.String())
}

// Reveal returns the value as JSON, sensitive or not. It fails when the value is not wholly known.
func (v Value) Reveal() (json.RawMessage, error) {
	if !v.Known() {
		return nil, fmt.Errorf("the value is not known yet")
	}
	return ctyjson.Marshal(v.Data, v.Data.Type())
}

// Plain returns the value the way a shell wants it: a text without quotes, anything else as JSON.
func (v Value) Plain() (string, error) {
	if v.Known() && !v.Data.IsNull() && v.Data.Type() == cty.String {
		return v.Data.AsString(), nil
	}
	text, err := v.Reveal()
	return string(text), err
}

// valueJSON is how `terraform output -json` writes a value.
type valueJSON struct {
	Sensitive bool            `json:"sensitive"`
	Reason    string          `json:"reason,omitempty"`
	Type      json.RawMessage `json:"type,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
}

// MarshalJSON writes the shape of `terraform output -json`, without the value where it is sensitive or unknown.
func (v Value) MarshalJSON() ([]byte, error) { return v.marshal(false) }

// namesAttributes reports whether a type holds the names of attributes.
func namesAttributes(t cty.Type) bool {
	switch {
	case t.IsObjectType():
		return len(t.AttributeTypes()) > 0
	case t.IsTupleType():
		return slices.ContainsFunc(t.TupleElementTypes(), namesAttributes)
	case t.IsCollectionType():
		return namesAttributes(t.ElementType())
	}
	return false
}

// MarshalRevealed writes the shape of `terraform output -json` with the value, sensitive or not.
func (v Value) MarshalRevealed() ([]byte, error) { return v.marshal(true) }

func (v Value) marshal(reveal bool) ([]byte, error) {
	if v.Data == cty.NilVal {
		return json.Marshal(valueJSON{Sensitive: v.Sensitive, Reason: v.Reason})
	}
	typ, err := ctyjson.MarshalType(v.Data.Type())
	if err != nil {
		return nil, err
	}
	out := valueJSON{Sensitive: v.Sensitive, Reason: v.Reason, Type: typ}
	if v.Sensitive && !reveal && namesAttributes(v.Data.Type()) {
		out.Type = nil // the names may have been made from a secret
	}
	if v.Known() && (reveal || !v.Sensitive) {
		if out.Value, err = v.Reveal(); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads the shape of `terraform output -json`. A value that was left out is unknown.
func (v *Value) UnmarshalJSON(text []byte) error {
	var in valueJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	typ, err := in.typ()
	if err != nil {
		return fmt.Errorf("type of the value: %w", err)
	}
	v.Sensitive, v.Reason, v.Data = in.Sensitive, in.Reason, cty.UnknownVal(typ)
	if in.Value == nil {
		return nil
	}
	data, err := ctyjson.Unmarshal(in.Value, typ)
	if err != nil {
		return fmt.Errorf("value: %w", err)
	}
	v.Data = data
	return nil
}

// typ returns the type that is written, or the one that the value implies.
func (v valueJSON) typ() (cty.Type, error) {
	switch {
	case v.Type != nil:
		return ctyjson.UnmarshalType(v.Type)
	case v.Value != nil:
		return ctyjson.ImpliedType(v.Value)
	}
	return cty.DynamicPseudoType, nil
}

// FromJSON returns the value of a JSON text, with the type that the text implies.
func FromJSON(text []byte) (Value, error) {
	typ, err := ctyjson.ImpliedType(text)
	if err != nil {
		return Value{}, err
	}
	data, err := ctyjson.Unmarshal(text, typ)
	return Value{Data: data}, err
}

// Secrets returns the texts that must not be shown: every text and number inside the sensitive values.
func (vs Values) Secrets() []string {
	var secrets []string
	for _, name := range vs.Names() {
		if v := vs[name]; v.Sensitive && v.Data != cty.NilVal {
			secrets = append(secrets, leaves(v.Data)...)
		}
	}
	return secrets
}

func leaves(data cty.Value) []string {
	var found []string
	_ = cty.Walk(data, func(_ cty.Path, v cty.Value) (bool, error) {
		if !v.IsKnown() || v.IsNull() {
			return false, nil
		}
		switch v.Type() {
		case cty.String:
			found = append(found, v.AsString())
		case cty.Number:
			found = append(found, v.AsBigFloat().Text('f', -1))
		}
		return true, nil
	})
	return found
}
