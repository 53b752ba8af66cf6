package diff

import (
	"encoding/json"
	"slices"
)

// Options say how two values are compared.
type Options struct {
	// Secret reports whether the name of a field says that its strings are secret. Nil knows none.
	Secret func(name string) bool

	// SkipEmpty leaves out what is empty in what is new as a whole, or goes as a whole: there, terraform's JSON has an empty
	// list for a block that is not there. It leaves out an empty string that takes the place of nothing, or gives it up, too:
	// older providers have it for nothing.
	SkipEmpty bool

	// Forces are paths, as JSON has them, of what cannot be changed in place.
	Forces [][]any

	// MayForce are paths of what perhaps cannot be changed in place.
	MayForce [][]any
}

// Change is one part of a value that differs. Nil stands for nothing there. No secret is in it.
type Change struct {
	Path      Path
	Before    json.RawMessage
	After     json.RawMessage
	Unknown   bool // what comes after is not known yet, at least in part
	Sensitive bool // a value is not shown, at least in part
	Forces    bool // it cannot be changed in place
	MayForce  bool // perhaps it cannot
}

// Compare returns the parts that differ, in the order of their names and positions. Nothing before means that all of the
// value is new, and nothing after that all of it goes: then each part of it is a change. Null is nothing.
func Compare(before, after Value, o Options) []Change {
	c := &comparison{options: o}
	r := reader{secret: o.Secret}
	was, is := r.read(before, ""), r.read(after, "")
	c.secrets = slices.Concat(was.secrets(false), is.secrets(false))
	slices.SortFunc(c.secrets, func(a, b string) int { return len(b) - len(a) }) // one can be a part of another
	c.compare(nil, was, is)
	for i := range c.changes {
		path := c.changes[i].Path
		c.changes[i].Forces = slices.ContainsFunc(o.Forces, path.Meets)
		c.changes[i].MayForce = slices.ContainsFunc(o.MayForce, path.Meets)
	}
	return c.changes
}

type comparison struct {
	options Options
	whole   int      // how many of the parts that we are in are new as a whole, or go
	inside  int      // how many documents the parts are in
	secrets []string // that are sensitive somewhere in the two values: they are hidden everywhere
	changes []Change
}

// compare adds what differs between two nodes.
func (c *comparison) compare(path Path, was, is *node) {
	switch {
	case was.kind == absent && is.kind == absent:
	case was.leaf() || is.leaf():
		c.leaf(path, was, is)
	case either(was, is, object):
		c.within(path, was, is, c.objects)
	case either(was, is, list):
		c.within(path, was, is, c.lists)
	default:
		c.add(path, was, is)
	}
}

// within compares the parts of two nodes of the same kind.
func (c *comparison) within(path Path, was, is *node, parts func(Path, *node, *node)) {
	if len(was.fields)+len(is.fields)+len(was.items)+len(is.items) == 0 {
		if skip := c.options.SkipEmpty && (c.whole > 0 || len(path) == 0); was.kind != is.kind && !skip {
			c.add(path, was, is)
		}
		return
	}
	if was.kind != is.kind {
		c.whole++
		defer func() { c.whole-- }()
	}
	parts(path, was, is)
}

// leaf reports whether a node is never looked into.
func (n *node) leaf() bool { return n.unknown || n.sensitive || n.kind == scalar || n.kind == null }

// either reports whether both nodes are of a kind, or one is and the other one is not there.
func either(was, is *node, k kind) bool {
	return (was.kind == k || was.kind == absent) && (is.kind == k || is.kind == absent)
}

// leaf compares nodes one of which is never looked into.
func (c *comparison) leaf(path Path, was, is *node) {
	if was.kind == is.kind && was.canonical() == is.canonical() {
		return
	}
	blank := was.kind == absent && is.value == "" || was.value == "" && is.kind == absent
	if blank && c.options.SkipEmpty && c.inside == 0 {
		return
	}
	if was.text() && is.text() && c.documents(path, was.value.(string), is.value.(string)) {
		return
	}
	c.add(path, was, is)
}

// text reports whether a node is a string that may be shown.
func (n *node) text() bool {
	_, isText := n.value.(string)
	return isText && !n.sensitive && !n.unknown
}

// add adds one change from a node to another one. Where one of them is sensitive as a whole, the other one is not shown either.
func (c *comparison) add(path Path, was, is *node) {
	change := Change{Path: slices.Clone(path), Unknown: is.any(func(n *node) bool { return n.unknown })}
	if was.sensitive || is.sensitive {
		was, is = was.hidden(), is.hidden()
	}
	hides := func(n *node) bool { return n.sensitive }
	change.Sensitive = was.any(hides) || is.any(hides)
	change.Before, change.After = c.shown(was, &change), c.shown(is, &change)
	c.changes = append(c.changes, change)
}

// hidden returns a node that is sensitive as a whole.
func (n *node) hidden() *node {
	if n.kind == absent || n.unknown {
		return n
	}
	return &node{kind: n.kind, value: n.value, sensitive: true}
}

// any reports whether something is true of a node or of a part of it.
func (n *node) any(is func(*node) bool) bool {
	if is(n) {
		return true
	}
	for _, f := range n.fields {
		if f.any(is) {
			return true
		}
	}
	return slices.ContainsFunc(n.items, func(i *node) bool { return i.any(is) })
}

func (c *comparison) objects(path Path, was, is *node) {
	for _, name := range union(was.names(), is.names()) {
		c.compare(append(path, Step{Field: name}), was.field(name), is.field(name))
	}
}

// union merges two sorted lists of names.
func union(a, b []string) []string {
	all := append(a, b...)
	slices.Sort(all)
	return slices.Compact(all)
}
