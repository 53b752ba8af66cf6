package schema

import (
	"encoding/json"

	"gopkg.in/yaml.v3"
)

func (l *Located) decodeNode(d *decoder, n *yaml.Node, key string) {
	if n.Kind != yaml.ScalarNode {
		d.mismatch(n, key, "a text")
		return
	}
	if !isNull(n) {
		*l = Located{Text: n.Value, Position: d.at(n)}
	}
}

// MarshalJSON writes the text alone.
func (l Located) MarshalJSON() ([]byte, error) { return json.Marshal(l.Text) }
