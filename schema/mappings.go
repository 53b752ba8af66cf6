package schema

import (
	"slices"

	"gopkg.in/yaml.v3"
)

type pair struct{ key, value *yaml.Node }

// pairs returns the keys and values of a mapping in the order of the file, then those of its merge keys (`<<`). A key of
// its own beats a merged one, an earlier merged mapping beats a later one.
func (d *decoder) pairs(n *yaml.Node, key string) ([]pair, bool) {
	if n.Kind != yaml.MappingNode {
		d.mismatch(n, key, "a mapping")
		return nil, false
	}
	d.spend(n, len(n.Content)/2)
	if d.visits < 0 {
		return nil, false
	}
	own := make([]pair, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch first, twice := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			d.errorf(k, "a key must be a word, not %s", describe(k))
		case k.Tag == "!!merge":
			merged = append(merged, v)
		case twice && d.unknown == SeverityWarning: // a file of BitOps, where the last one counted
			d.problems = append(d.problems, Warningf(d.at(k), "key %q is given twice, and the last one counts; first in line %d",
				abbreviate(k.Value), first))
			own[slices.IndexFunc(own, func(p pair) bool { return p.key.Value == k.Value })] = pair{k, v}
		case twice:
			d.errorf(k, "key %q is given twice; first in line %d", abbreviate(k.Value), first)
		default:
			seen[k.Value] = k.Line
			own = append(own, pair{k, v})
		}
	}
	for _, m := range merged {
		own = d.merge(own, seen, m)
	}
	return own, true
}

// merge adds the pairs of a merge key's mappings that are not given already.
func (d *decoder) merge(own []pair, seen map[string]int, n *yaml.Node) []pair {
	d.enter(n, func(n *yaml.Node) {
		if n.Kind == yaml.SequenceNode {
			for _, item := range n.Content {
				own = d.merge(own, seen, item)
			}
			return
		}
		pairs, _ := d.pairs(n, "<<")
		for _, p := range pairs {
			if _, given := seen[p.key.Value]; !given {
				seen[p.key.Value] = p.key.Line
				own = append(own, p)
			}
		}
	})
	return own
}

// child returns the value of a key of a mapping node, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
