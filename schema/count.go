package schema

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// Count is a whole number of at least 1. Zero means that none was given.
type Count int

func (c *Count) decodeNode(d *decoder, n *yaml.Node, key string) {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < 1 {
		d.mismatch(n, key, "a whole number of at least 1")
		return
	}
	*c = Count(i)
}
