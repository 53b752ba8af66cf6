package schema

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// AddEnvironments adds the key `environments` to a manifest that has none, and leaves every other line as it is where
// that can be done. Otherwise the file is rewritten: it says the same, but is laid out anew, and comments can be lost.
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
	switch {
	case root.Kind != yaml.MappingNode || body != nil && body.Kind != yaml.MappingNode && body.Tag != "!!null":
		return nil, false, errors.New("what stands under `bitops` is no mapping")
	case body != nil && (child(body, "environments") != nil || child(body, "include") != nil):
		return nil, false, errors.New("environments are declared already")
	}
	text = insertEnvironments(manifest, body, names)
	if addsOnly(manifest, text, names) {
		return text, false, nil
	}
	text, err = rewriteEnvironments(&document, root, body, names)
	if err == nil && !addsOnly(manifest, text, names) {
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
	added := environmentLines(names, indent)
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
	before := strings.Join(lines[:at], "")
	if before != "" && !strings.HasSuffix(before, "\n") {
		before += "\n"
	}
	if body == nil && !bitopsKey.Match(manifest) {
		before += "bitops:\n"
	}
	return []byte(before + added + strings.Join(lines[at:], ""))
}

func environmentLines(names []EnvironmentName, indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%senvironments:\n", indent)
	for _, name := range names {
		fmt.Fprintf(&b, "%s  %s: {}\n", indent, QuoteKey(string(name)))
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

// addsOnly reports whether a text says what the manifest does, and the environments, and nothing else.
func addsOnly(manifest, text []byte, names []EnvironmentName) bool {
	var was, is map[string]any
	if yaml.Unmarshal(manifest, &was) != nil || yaml.Unmarshal(text, &is) != nil {
		return false
	}
	if was == nil {
		was = map[string]any{}
	}
	want := map[string]any{}
	for _, name := range names {
		want[string(name)] = map[string]any{}
	}
	body, _ := was["bitops"].(map[string]any)
	if body == nil {
		body = map[string]any{}
	}
	body["environments"] = want
	was["bitops"] = body
	return reflect.DeepEqual(was, is)
}
