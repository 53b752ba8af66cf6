package schema

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// AddEnvironments adds environments to a manifest. To those that are declared they are added as text, and everything else
// in the file stays as it is; where that cannot be done, the error says so. A file that declares none gets the key
// `environments` the same way where possible. Otherwise it is rewritten: it says the same, but is laid out differently, and
// comments can be lost.
func AddEnvironments(manifest []byte, names []EnvironmentName) (text []byte, rewritten bool, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal(manifest, &document); err != nil {
		return nil, false, err
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	if len(document.Content) > 0 {
		root = document.Content[0]
	}
	body := child(root, "bitops")
	if root.Kind != yaml.MappingNode || body != nil && body.Kind != yaml.MappingNode && body.Tag != "!!null" {
		return nil, false, errors.New("what stands under `bitops` is no mapping")
	}
	was := meaning(&document)
	if body != nil && child(body, "environments") != nil {
		text, err = extendEnvironments(manifest, was, body, names)
		return text, false, err
	}
	text = insertEnvironments(manifest, body, names)
	if addsOnly(was, text, names) {
		return text, false, nil
	}
	text, err = rewriteEnvironments(&document, root, body, names)
	if err == nil && !addsOnly(was, text, names) {
		err = errors.New("the file is written in a way that nothing can be added to")
	}
	return text, true, err
}

// insertEnvironments adds lines at the end of what stands under `bitops`. The result is right for files that are laid
// out as people do it, and has to be checked.
func insertEnvironments(manifest []byte, body *yaml.Node, names []EnvironmentName) []byte {
	indent := "  "
	if body != nil && body.Kind == yaml.MappingNode && body.Column > 1 {
		indent = strings.Repeat(" ", body.Column-1)
	}
	end := lineEnd(manifest)
	added := fmt.Sprintf("%senvironments:%s", indent, end) + environmentLines(names, indent+"  ", end)
	lines := strings.SplitAfter(string(manifest), "\n")
	at, inside := len(lines), false
	for i, line := range lines {
		switch {
		case bitopsKey.MatchString(line):
			at, inside = i+1, true
		case inside && strings.TrimSpace(line) != "" && (line[0] == ' ' || line[0] == '\t'):
			at = i + 1
		case inside && strings.TrimSpace(line) != "" && line[0] != '#':
			inside = false
		}
	}
	before := ended(strings.Join(lines[:at], ""), end)
	if body == nil && !bitopsKey.Match(manifest) {
		before += "bitops:" + end
	}
	return []byte(before + added + strings.Join(lines[at:], ""))
}

// lineEnd returns how the lines of a text end.
func lineEnd(text []byte) string {
	if bytes.Contains(text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// ended returns lines with the end of the last one, if there is any.
func ended(lines, end string) string {
	if lines != "" && !strings.HasSuffix(lines, "\n") {
		return lines + end
	}
	return lines
}

func environmentLines(names []EnvironmentName, indent, end string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s%s: {}%s", indent, QuoteKey(string(name)), end)
	}
	return b.String()
}

// QuoteKey writes a name as a YAML key that is read as a text: one of digits alone would be a number.
func QuoteKey(name string) string {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(name), &node); err != nil || len(node.Content) != 1 || node.Content[0].Tag != "!!str" {
		return fmt.Sprintf("%q", name)
	}
	return name
}

func rewriteEnvironments(document, root, body *yaml.Node, names []EnvironmentName) ([]byte, error) {
	if body == nil {
		body = &yaml.Node{}
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "bitops"}, body)
	}
	if body.Kind != yaml.MappingNode {
		*body = yaml.Node{Kind: yaml.MappingNode, HeadComment: body.HeadComment, LineComment: body.LineComment}
	}
	root.Style, body.Style = 0, 0
	environments := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range names {
		key := &yaml.Node{}
		key.SetString(string(name))
		key.Style = yaml.DoubleQuotedStyle
		environments.Content = append(environments.Content, key, &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle})
	}
	body.Content = append(body.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "environments"}, environments)
	if len(document.Content) == 0 {
		*document = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

// addsOnly reports whether a text says what a manifest does, and the environments, and nothing else.
func addsOnly(was any, text []byte, names []EnvironmentName) bool {
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil {
		return false
	}
	want := extended(was)
	body := extended(want[meaningOf("bitops")])
	environments := extended(body[meaningOf("environments")])
	for _, name := range names {
		environments[meaningOf(string(name))] = map[string]any{}
	}
	body[meaningOf("environments")] = environments
	want[meaningOf("bitops")] = body
	return reflect.DeepEqual(any(want), meaning(&document))
}

func meaningOf(key string) string { return "!!str " + key }

// extended returns a mapping with room for more; of what is none, an empty one.
func extended(mapping any) map[string]any {
	entries, _ := mapping.(map[string]any)
	entries = maps.Clone(entries)
	if entries == nil {
		entries = map[string]any{}
	}
	return entries
}

// meaning returns what a document says, without how it is written: mappings, lists, and texts with their types before them.
func meaning(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return meaning(n.Content[0])
	case yaml.MappingNode:
		all := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			all[n.Content[i].ShortTag()+" "+n.Content[i].Value] = meaning(n.Content[i+1])
		}
		return all
	case yaml.SequenceNode:
		var all []any
		for _, item := range n.Content {
			all = append(all, meaning(item))
		}
		return all
	case yaml.AliasNode:
		return "*" + n.Value
	}
	if n.Kind == 0 || n.ShortTag() == "!!null" {
		return nil
	}
	return n.ShortTag() + " " + n.Value
}
