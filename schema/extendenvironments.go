package schema

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// flowEnds bounds how many brackets are tried as the end of environments in one line: each takes a look at the whole file.
const flowEnds = 200

// extendEnvironments adds to the environments that a manifest declares, by text that goes in at one place. Each place that
// looks right is tried, and what results is compared with what it should say.
func extendEnvironments(manifest []byte, was any, body *yaml.Node, names []EnvironmentName) ([]byte, error) {
	var places []insertion
	for i := 0; i+1 < len(body.Content); i += 2 {
		if key, value := body.Content[i], body.Content[i+1]; key.Value == "environments" {
			places = insertions(manifest, key, value, names)
		}
	}
	for _, p := range places {
		if text := p.into(manifest); addsOnly(was, text, names) {
			return text, nil
		}
	}
	return nil, errors.New("`environments` is written in a way that nothing can be added to")
}

// insertion is text that goes into a file.
type insertion struct {
	at   int // bytes before it
	text string
}

func (i insertion) into(file []byte) []byte {
	return []byte(string(file[:i.at]) + i.text + string(file[i.at:]))
}

// insertions returns where environments could be added, and as what.
func insertions(manifest []byte, key, value *yaml.Node, names []EnvironmentName) []insertion {
	switch {
	case value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle != 0:
		return inFlow(manifest, value, names)
	case value.Kind == yaml.MappingNode:
		return []insertion{asLines(manifest, key, value.Content[0].Column-1, names)}
	case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null":
		return []insertion{asLines(manifest, key, key.Column+1, names)}
	}
	return nil
}

// asLines adds lines behind the last one that is indented further than the key.
func asLines(manifest []byte, key *yaml.Node, indent int, names []EnvironmentName) insertion {
	lines := strings.SplitAfter(string(manifest), "\n")
	at := key.Line
	for i := key.Line; i < len(lines); i++ {
		text := strings.TrimLeft(lines[i], " ")
		within := len(lines[i])-len(text) >= key.Column
		switch {
		case strings.TrimSpace(text) == "":
		case within:
			at = i + 1
		case text[0] != '#':
			i = len(lines)
		}
	}
	before, end := strings.Join(lines[:at], ""), lineEnd(manifest)
	added := environmentLines(names, strings.Repeat(" ", indent), end)
	if !strings.HasSuffix(before, "\n") {
		added = end + strings.TrimSuffix(added, end)
	}
	return insertion{at: len(before), text: added}
}

// inFlow adds to a mapping in brackets, before the one that closes it.
func inFlow(manifest []byte, value *yaml.Node, names []EnvironmentName) []insertion {
	added := strings.TrimSuffix(strings.ReplaceAll(environmentLines(names, "", "\n"), "\n", ", "), ", ")
	from := offset(manifest, value)
	var all []insertion
	for len(all) < flowEnds {
		next := bytes.IndexByte(manifest[from:], '}')
		if next < 0 {
			return all
		}
		end := from + next
		last := len(bytes.TrimRight(manifest[:end], " \t\r\n"))
		between := map[byte]string{'{': "", ',': " "}
		separator, ok := between[manifest[last-1]]
		if !ok {
			separator = ", "
		}
		all = append(all, insertion{last, separator + added}, insertion{end, added}, insertion{end, ", " + added})
		from = end + 1
	}
	return all
}

// offset returns how many bytes of a file are before a node. A line and column that the file does not have are its end.
func offset(file []byte, n *yaml.Node) int {
	at := 0
	for range n.Line - 1 {
		at += bytes.IndexByte(file[at:], '\n') + 1
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(file[at:])
		at += size
	}
	return at
}
