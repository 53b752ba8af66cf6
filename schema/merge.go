package schema

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"
)

// MergeYAML lays one YAML document over another: mappings are merged key by key, deeply; of everything else the upper
// one wins. Comments and the order of the upper document stay; keys that only the lower one has follow.
func MergeYAML(lower, upper []byte) ([]byte, error) {
	var below, above yaml.Node
	if err := yaml.Unmarshal(lower, &below); err != nil {
		return nil, fmt.Errorf("the default: %w", err)
	}
	if err := yaml.Unmarshal(upper, &above); err != nil {
		return nil, err
	}
	switch {
	case len(below.Content) == 0:
		return upper, nil
	case len(above.Content) == 0:
		return lower, nil
	}
	above.Content[0] = mergeNodes(below.Content[0], above.Content[0])
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&above); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

func mergeNodes(below, above *yaml.Node) *yaml.Node {
	if below.Kind != yaml.MappingNode || above.Kind != yaml.MappingNode {
		return above
	}
	merged := *above
	merged.Content = append([]*yaml.Node(nil), above.Content...)
	for i := 0; i+1 < len(below.Content); i += 2 {
		key, value := below.Content[i], below.Content[i+1]
		at := -1
		for j := 0; j+1 < len(merged.Content); j += 2 {
			if merged.Content[j].Value == key.Value {
				at = j
			}
		}
		if at < 0 {
			merged.Content = append(merged.Content, key, value)
			continue
		}
		merged.Content[at+1] = mergeNodes(value, merged.Content[at+1])
	}
	return &merged
}
