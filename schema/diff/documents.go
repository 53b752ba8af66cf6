package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Up to these sizes a string is looked into, in bytes. YAML takes long to read.
const (
	largestJSON = 1 << 20
	largestYAML = 64 << 10
	mostInside  = 3 // documents in documents
)

// documents compares two strings as documents. It is false where they are none, or where what differs is not in their values,
// but in how they are written.
func (c *comparison) documents(path Path, was, is string) bool {
	if c.inside == mostInside {
		return false
	}
	for _, read := range []func(string) (any, string, bool){readJSON, readYAML} {
		before, commentsBefore, ok := read(was)
		if !ok {
			continue
		}
		after, commentsAfter, ok := read(is)
		if !ok || commentsBefore != commentsAfter {
			return false
		}
		return c.document(path, before, after)
	}
	return false
}

func (c *comparison) document(path Path, was, is any) bool {
	path = slices.Clone(path)
	if len(path) > 0 {
		path[len(path)-1].Document = true
	}
	r := reader{secret: c.options.Secret, nulls: true}
	inner := &comparison{options: c.options, inside: c.inside + 1, secrets: c.secrets}
	inner.compare(path, r.read(Value{JSON: was}, ""), r.read(Value{JSON: is}, ""))
	c.changes = append(c.changes, inner.changes...)
	return len(inner.changes) > 0
}

// shown returns a node as JSON. Of strings that are documents, what their fields' names call secret is left out.
func (c *comparison) shown(n *node, change *Change) json.RawMessage {
	return n.shown(func(text string) string {
		masked, found := c.masked(text)
		change.Sensitive = change.Sensitive || found
		return masked
	})
}

// masked returns a string without what is sensitive elsewhere in the values, and without what names in it call secret, where it
// is a document or has lines that set something.
func (c *comparison) masked(text string) (masked string, found bool) {
	for _, secret := range c.secrets {
		if text == secret {
			return Sensitive, true
		}
		if len(secret) >= shortestInside && strings.Contains(text, secret) {
			text, found = strings.ReplaceAll(text, secret, Sensitive), true
		}
	}
	if c.options.Secret == nil {
		return text, found
	}
	for _, read := range []func(string) (any, string, bool){readJSON, readYAML} {
		document, _, ok := read(text)
		if !ok {
			continue
		}
		inside := reader{secret: c.options.Secret, nulls: true}.read(Value{JSON: document}, "")
		without := string(inside.shown(func(inner string) string {
			shown, more := c.masked(inner)
			found = found || more
			return shown
		}))
		if found = found || inside.any(func(n *node) bool { return n.sensitive }); found {
			return without, true
		}
		break
	}
	text, named := (&Named{Secret: c.options.Secret}).Text(text)
	return text, found || named
}

// The shortest sensitive strings that are hidden elsewhere, in bytes: as the whole of a string, and as a part of one.
const (
	shortestAlone  = 4
	shortestInside = 8
)

// secrets returns the strings in a node that are sensitive, or all of them.
func (n *node) secrets(all bool) []string {
	var found []string
	all = all || n.sensitive
	if text, isText := n.value.(string); isText && all && len(text) >= shortestAlone {
		found = append(found, text)
	}
	for _, f := range n.fields {
		found = append(found, f.secrets(all)...)
	}
	for _, item := range n.items {
		found = append(found, item.secrets(all)...)
	}
	return found
}

// readJSON returns the object or the list that a string is.
func readJSON(text string) (document any, comments string, ok bool) {
	if start := strings.TrimLeft(text, " \t\r\n"); len(text) > largestJSON || start == "" || start[0] != '{' && start[0] != '[' {
		return nil, "", false
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&document) != nil {
		return nil, "", false
	}
	_, err := decoder.Token()
	return document, "", errors.Is(err, io.EOF) && !repeatsNames(text)
}

// repeatsNames reports whether an object has a name twice, so that its value is not all of it.
func repeatsNames(text string) bool {
	decoder := json.NewDecoder(strings.NewReader(text))
	type level struct {
		names map[string]bool // nil in a list
		value bool            // what comes next is a value
	}
	var stack []level
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		top := len(stack) - 1
		switch {
		case token == json.Delim('}') || token == json.Delim(']'):
			stack = stack[:top]
			continue
		case top >= 0 && stack[top].names != nil && !stack[top].value:
			name, _ := token.(string)
			if stack[top].names[name] {
				return true
			}
			stack[top].names[name], stack[top].value = true, true
			continue
		case top >= 0:
			stack[top].value = false
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{names: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, level{})
		}
	}
}

// readYAML returns the mapping or the sequence that a string of several lines is, and its comments: those can mean something.
func readYAML(text string) (document any, comments string, ok bool) {
	if len(text) > largestYAML || !strings.Contains(text, "\n") || !strings.Contains(text, ":") && !strings.Contains(text, "- ") {
		return nil, "", false
	}
	defer func() {
		if recover() != nil { // the parser has panicked on odd input before
			ok = false
		}
	}()
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var node yaml.Node
	if decoder.Decode(&node) != nil || node.Kind != yaml.DocumentNode || len(node.Content) != 1 {
		return nil, "", false
	}
	if !errors.Is(decoder.Decode(&yaml.Node{}), io.EOF) {
		return nil, "", false
	}
	if k := node.Content[0].Kind; k != yaml.MappingNode && k != yaml.SequenceNode {
		return nil, "", false
	}
	var all strings.Builder
	document, ok = plain(&node, &all)
	return document, all.String(), ok
}

// plain returns a YAML node as JSON has it, and collects the comments. What JSON cannot say is not ok: aliases, tags of one's
// own, keys that are no strings, or a key twice.
func plain(n *yaml.Node, comments *strings.Builder) (any, bool) {
	for _, comment := range []string{n.HeadComment, n.LineComment, n.FootComment} {
		comments.WriteString(comment + "\n")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(n.Content[0], comments)
	case yaml.SequenceNode:
		all := []any{}
		for _, child := range n.Content {
			value, ok := plain(child, comments)
			if !ok {
				return nil, false
			}
			all = append(all, value)
		}
		return all, n.Anchor == "" && n.Tag == "!!seq"
	case yaml.MappingNode:
		return plainMapping(n, comments)
	case yaml.ScalarNode:
		return plainScalar(n)
	}
	return nil, false
}

func plainMapping(n *yaml.Node, comments *strings.Builder) (any, bool) {
	all := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		_, twice := all[key.Value]
		if twice || key.Kind != yaml.ScalarNode || key.Tag == "!!merge" || key.Anchor != "" {
			return nil, false
		}
		if _, ok := plain(key, comments); !ok {
			return nil, false
		}
		value, ok := plain(n.Content[i+1], comments)
		if !ok {
			return nil, false
		}
		all[key.Value] = value
	}
	return all, n.Anchor == "" && n.Tag == "!!map"
}

func plainScalar(n *yaml.Node) (any, bool) {
	if n.Anchor != "" {
		return nil, false
	}
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		var value bool
		err := n.Decode(&value)
		return value, err == nil
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) && bytes.ContainsAny([]byte(n.Value[:1]), "-0123456789") {
			return json.Number(n.Value), true
		}
		return n.Value, true
	case "!!str", "!!timestamp":
		return n.Value, true
	}
	return nil, false
}
