package diff

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Value is one side of a comparison. The masks have the shape of the value, with true where they apply: all of it, or a part.
type Value struct {
	JSON      any // as encoding/json decodes it, numbers as json.Number; nil for nothing
	Unknown   any // what will be known only later
	Sensitive any // what must not be shown
}

// What is told of a part in place of a value, as JSON strings.
const (
	Sensitive = "(sensitive)"
	Unknown   = "(known after apply)"
)

type kind int

const (
	absent kind = iota
	null
	scalar
	list
	object
)

// node is a value together with its masks.
type node struct {
	kind      kind
	value     any // of a scalar
	items     []*node
	fields    map[string]*node
	unknown   bool
	sensitive bool

	form string // its canonical form, once it was asked for
}

var nothing = &node{}

// reader makes nodes of values.
type reader struct {
	secret func(name string) bool
	nulls  bool // null is a value, as in a document; else it is nothing
}

// read makes a node. under is the name of the field that makes the value secret, or "".
func (r reader) read(v Value, under string) *node {
	switch {
	case v.Unknown == true:
		return &node{kind: scalar, unknown: true, sensitive: v.Sensitive == true}
	case v.JSON == nil && !holds(v.Unknown):
		if r.nulls {
			return &node{kind: null}
		}
		return nothing
	}
	n := &node{sensitive: v.Sensitive == true}
	switch value := v.JSON.(type) {
	case map[string]any:
		r.object(n, value, v, under)
	case []any:
		r.list(n, value, v, under)
	case nil:
		if _, isList := v.Unknown.([]any); isList {
			r.list(n, nil, v, under)
		} else {
			r.object(n, nil, v, under)
		}
	default:
		n.kind, n.value = scalar, value
		if text, isText := value.(string); isText && text != "" && under != "" {
			n.sensitive = true
		}
	}
	return n
}

// holds reports whether a mask applies to a part of something.
func holds(mask any) bool {
	switch mask := mask.(type) {
	case bool:
		return mask
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(mask)), holds)
	case []any:
		return slices.ContainsFunc(mask, holds)
	}
	return false
}

func (r reader) object(n *node, value map[string]any, v Value, under string) {
	n.kind, n.fields = object, make(map[string]*node, len(value))
	unknown, _ := v.Unknown.(map[string]any)
	sensitive, _ := v.Sensitive.(map[string]any)
	read := func(name string) {
		if _, done := n.fields[name]; done {
			return
		}
		field := r.read(Value{value[name], unknown[name], sensitive[name]}, r.under(under, name))
		if field.kind != absent {
			n.fields[name] = field
		}
	}
	for name := range value {
		read(name)
	}
	for name := range unknown {
		read(name)
	}
}

// under returns the name that makes a field secret: its own, or that of the object it is in together with its own.
func (r reader) under(above, name string) string {
	if above != "" {
		name = above + "_" + name
	}
	if r.secret != nil && r.secret(name) {
		return name
	}
	return ""
}

func (r reader) list(n *node, value []any, v Value, under string) {
	unknown, _ := v.Unknown.([]any)
	sensitive, _ := v.Sensitive.([]any)
	n.kind = list
	for i := range max(len(value), len(unknown)) {
		element := r.read(Value{at(value, i), at(unknown, i), at(sensitive, i)}, under)
		if element.kind == absent {
			element = &node{kind: null} // it has its place
		}
		n.items = append(n.items, element)
	}
}

func at(all []any, i int) any {
	if i < len(all) {
		return all[i]
	}
	return nil
}

// canonical returns a text that is the same for equal nodes, and for no others.
func (n *node) canonical() string {
	if n.form == "" {
		var b strings.Builder
		n.write(&b, nil)
		n.form = b.String()
	}
	return n.form
}

// shown returns the value as JSON in which nothing is secret; nil for nothing. mask returns what is shown of a string.
func (n *node) shown(mask func(string) string) json.RawMessage {
	if n.kind == absent {
		return nil
	}
	var b strings.Builder
	n.write(&b, mask)
	return json.RawMessage(b.String())
}

// write writes the value: as it is shown, or where mask is nil in its canonical form.
func (n *node) write(b *strings.Builder, mask func(string) string) {
	if n.sensitive {
		if mask != nil {
			writeJSON(b, Sensitive)
			return
		}
		b.WriteByte('!')
	}
	switch {
	case n.unknown && mask != nil:
		writeJSON(b, Unknown)
	case n.unknown:
		b.WriteByte('?')
	case n.kind == object:
		b.WriteByte('{')
		for i, name := range n.names() {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, name)
			b.WriteByte(':')
			n.fields[name].write(b, mask)
		}
		b.WriteByte('}')
	case n.kind == list:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.write(b, mask)
		}
		b.WriteByte(']')
	default:
		if text, isText := n.value.(string); isText && mask != nil {
			writeJSON(b, mask(text))
			return
		}
		writeJSON(b, n.value)
	}
}

// names returns the names of the fields, sorted.
func (n *node) names() []string { return slices.Sorted(maps.Keys(n.fields)) }

func (n *node) field(name string) *node {
	if f := n.fields[name]; f != nil {
		return f
	}
	return nothing
}

func writeJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(string(v))
	default:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(v) != nil {
			text.WriteString("null") // what was decoded can be encoded
		}
		b.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	}
}
