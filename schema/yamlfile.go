package schema

import (
	"bytes"
	"encoding/json"
	"reflect"

	"gopkg.in/yaml.v3"
)

// YAMLNode is a value of a YAML or JSON document whose format is not bitops' own, such as a CloudFormation template: it
// is read in part, and what nobody asks for may be anything. Anchors and merge keys are resolved. It is not changed once
// read, and safe for concurrent use.
type YAMLNode struct {
	Position Position
	Tag      string        // the type of a plain value, such as !!str or !!int, or the author's own, such as !Sub
	Text     string        // of a plain value, as it is written
	Fields   Map[YAMLNode] // of a mapping; the position of an entry is that of its key
	Items    []YAMLNode    // of a list
	kind     yaml.Kind     // 0 for an absent value
}

// ReadYAMLFile reads the one document of a YAML or JSON file. name is its path in messages. An empty file is an absent
// value.
func ReadYAMLFile(path, name string) (YAMLNode, []byte, Problems) {
	text, problem := readSource(path, name)
	if problem != nil {
		return YAMLNode{}, nil, Problems{*problem}
	}
	var node YAMLNode
	_, problems := decodeText(withoutTabs(text), name, SeverityError, &node)
	return node, text, problems
}

// withoutTabs lets JSON that is indented with tabs be read as YAML, where they are not allowed. JSON has no tabs inside
// of texts, so that every position stays what it is.
func withoutTabs(text []byte) []byte {
	if bytes.IndexByte(text, '\t') < 0 || !json.Valid(text) {
		return text
	}
	return bytes.ReplaceAll(text, []byte{'\t'}, []byte{' '})
}

func (n *YAMLNode) decodeNode(d *decoder, from *yaml.Node, key string) {
	n.Position, n.Tag, n.kind = d.at(from), from.Tag, from.Kind
	switch from.Kind {
	case yaml.MappingNode:
		pairs, _ := d.pairs(from, key)
		n.Fields = make(Map[YAMLNode], len(pairs))
		for i, p := range pairs {
			n.Fields[i].Key, n.Fields[i].Position = p.key.Value, d.at(p.key)
			d.value(p.value, reflect.ValueOf(&n.Fields[i].Value).Elem(), p.key.Value)
		}
	case yaml.SequenceNode:
		n.Items = make([]YAMLNode, len(from.Content))
		for i, item := range from.Content {
			d.value(item, reflect.ValueOf(&n.Items[i]).Elem(), key)
		}
	default:
		n.Text = from.Value
	}
}

// IsNull reports whether there is no value: it is absent, null, or nothing stands behind the key.
func (n YAMLNode) IsNull() bool { return n.kind == 0 || n.kind == yaml.ScalarNode && n.Tag == "!!null" }

// IsMapping reports whether the value has Fields.
func (n YAMLNode) IsMapping() bool { return n.kind == yaml.MappingNode }

// IsList reports whether the value has Items.
func (n YAMLNode) IsList() bool { return n.kind == yaml.SequenceNode }

// Field returns the value of a key, an absent value where there is none.
func (n YAMLNode) Field(key string) YAMLNode {
	field, _ := n.Fields.Get(key)
	return field
}

// MarshalJSON writes the value as JSON, without the author's own tags. Numbers stay as they are written where JSON can
// say that.
func (n YAMLNode) MarshalJSON() ([]byte, error) {
	switch {
	case n.IsNull():
		return []byte("null"), nil
	case n.IsMapping():
		fields := make(map[string]YAMLNode, len(n.Fields))
		for _, f := range n.Fields {
			fields[f.Key] = f.Value
		}
		return literalJSON(fields)
	case n.IsList():
		return literalJSON(n.Items)
	case n.Tag != "!!str" && json.Valid([]byte(n.Text)):
		return []byte(n.Text), nil
	}
	return literalJSON(n.Text)
}

// literalJSON is json.Marshal that leaves <, > and & as they are.
func literalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}
