package schema

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// textNode is the node for a variable's text. A list or an object can be written as YAML or JSON in it.
func textNode(p *Property, text string) *yaml.Node {
	wanted := map[PropertyType]yaml.Kind{TypeList: yaml.SequenceNode, TypeObject: yaml.MappingNode}[p.Type]
	var doc yaml.Node
	if wanted != 0 && yaml.Unmarshal([]byte(text), &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Kind == wanted {
		return doc.Content[0]
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// convert returns the value of a node as the property's type, or a problem without a place.
func (p *Property) convert(d *decoder, n *yaml.Node) (value any, problem *Problem) {
	fail := func(format string, args ...any) (any, *Problem) {
		problem := Errorf(Position{}, format, args...)
		return nil, &problem
	}
	plainNode := follow(n)
	wants := ""
	switch p.Type {
	case TypeBoolean:
		b, ok := parseBool(plainNode)
		if value = b; !ok {
			wants = "true or false"
		}
	case TypeInteger:
		i, err := strconv.ParseInt(plainNode.Value, 10, 64)
		if value = i; err != nil || plainNode.Kind != yaml.ScalarNode {
			wants = "a whole number"
		}
	case TypeNumber:
		f, err := strconv.ParseFloat(plainNode.Value, 64)
		if value = f; err != nil || plainNode.Kind != yaml.ScalarNode {
			wants = "a number"
		}
	case TypeList:
		value = d.items(n, p.Path)
	case TypeObject:
		if value = d.anything(n); plainNode.Kind != yaml.MappingNode {
			wants = "a mapping"
		}
	case TypeString:
		value = d.argument(n) // a list or mapping where a text is wanted reaches the program as JSON
	}
	if wants != "" {
		return fail("%s must be %s, not %s", p.Path, wants, describe(plainNode))
	}
	if len(p.Enum) == 0 {
		return value, nil
	}
	text := plain(value)
	if text == "" && !p.Required {
		return value, nil
	}
	at := slices.IndexFunc(p.Enum, func(e string) bool { return strings.EqualFold(e, text) })
	if at < 0 {
		_, problem = fail("%s cannot be %q", p.Path, abbreviate(text))
		hinted := problem.WithHint("one of %s", strings.Join(p.Enum, ", "))
		return nil, &hinted
	}
	if p.Type == TypeString {
		value = p.Enum[at]
	}
	return value, nil
}

// items returns the items of a list; anything else is a list of one.
func (d *decoder) items(n *yaml.Node, key string) []any {
	list := []any{}
	d.enter(n, func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode {
			list = append(list, d.argument(n))
			return
		}
		for _, item := range n.Content {
			if isNull(follow(item)) {
				d.errorf(item, "an entry of %s is empty", key)
				continue
			}
			list = append(list, d.argument(item))
		}
	})
	return list
}

// argument returns a scalar as it is written, and anything else as anything does.
func (d *decoder) argument(n *yaml.Node) any {
	if s := follow(n); s.Kind == yaml.ScalarNode {
		return s.Value
	}
	return d.anything(n)
}

// anything returns a value of any shape, in the types that have a JSON text. Dates stay as they are written.
func (d *decoder) anything(n *yaml.Node) (value any) {
	d.enter(n, func(n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			pairs, _ := d.pairs(n, "this")
			object := make(map[string]any, len(pairs))
			for _, p := range pairs {
				object[p.key.Value] = d.anything(p.value)
			}
			value = object
		case yaml.SequenceNode:
			list := make([]any, len(n.Content))
			for i, item := range n.Content {
				list[i] = d.anything(item)
			}
			value = list
		default:
			value = jsonScalar(n)
		}
	})
	return value
}

// jsonScalar returns a scalar's value: a number as it is written, when JSON can write it so.
func jsonScalar(n *yaml.Node) any {
	switch {
	case n.Tag == "!!null":
		return nil
	case leadingZero.MatchString(n.Value): // the id of an account
	case n.Tag == "!!bool", n.Tag == "!!int", n.Tag == "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.RawMessage(n.Value)
		}
		var value any
		if n.Decode(&value) != nil {
			return n.Value
		}
		if _, err := json.Marshal(value); err == nil { // JSON has no infinity
			return value
		}
	}
	return n.Value
}
