package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"gopkg.in/yaml.v3"
)

// ReadYAMLDocuments returns the documents of a YAML text whose format is not bitops' own, such as Kubernetes manifests,
// as plain values: map[string]any, []any, string, int, float64, bool. Empty documents are left out. Every key is a text,
// and where a mapping has one twice, the last one counts, as for Kubernetes.
func ReadYAMLDocuments(text []byte) (documents []any, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser has panicked on odd input before
			documents, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return nil, err
		}
		dropRepeatedKeys(&node)
		var document any
		if err := node.Decode(&document); err != nil {
			return nil, err
		}
		if document != nil {
			documents = append(documents, withTextKeys(document))
		}
	}
}

// dropRepeatedKeys leaves of equal keys in a mapping the last one.
func dropRepeatedKeys(n *yaml.Node) {
	if n.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := len(n.Content) - 2; i >= 0; i -= 2 {
			if key := n.Content[i]; key.Kind == yaml.ScalarNode && key.Tag != "!!merge" {
				if seen[key.Value] {
					n.Content = slices.Delete(n.Content, i, i+2)
					continue
				}
				seen[key.Value] = true
			}
		}
	}
	for _, child := range n.Content {
		dropRepeatedKeys(child)
	}
}

// withTextKeys makes the keys of every mapping texts, as JSON has them.
func withTextKeys(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			v[key] = withTextKeys(below)
		}
	case map[any]any:
		texts := make(map[string]any, len(v))
		for key, below := range v {
			texts[fmt.Sprint(key)] = withTextKeys(below)
		}
		return texts
	case []any:
		for i, item := range v {
			v[i] = withTextKeys(item)
		}
	}
	return value
}
