package secret

import (
	"slices"
	"strings"
)

const (
	// prefix is the number of bytes that the filter looks at. No pattern is shorter.
	prefix = minValue
	// filterBits is the size of the filter's index: 2^17 bits are 16 KiB, which stay in the processor's cache.
	filterBits = 17
)

// patterns is a set of strings to look for. It is immutable; a nil *patterns is empty.
type patterns struct {
	tree    *node
	longest int                          // the length of the longest pattern
	filter  [1 << filterBits / 64]uint64 // a bit for each hash of the first bytes of a pattern
}

// with returns the set with more patterns, each of at least prefix bytes.
func (p *patterns) with(more []string) *patterns {
	if len(more) == 0 {
		return p
	}
	q := patterns{tree: new(node)}
	if p != nil {
		q = *p
	}
	for _, s := range more {
		q.tree = q.tree.insert(s)
		q.longest = max(q.longest, len(s))
		h := hash(first(s))
		q.filter[h/64] |= 1 << (h % 64)
	}
	return &q
}

// each calls found with the longest pattern at every position of s that one begins at, from left to right. The
// intervals may overlap.
func (p *patterns) each(s string, found func(begin, end int)) {
	if p == nil || len(s) < prefix {
		return
	}
	v := first(s) << 8
	for i := prefix - 1; i < len(s); i++ {
		v = v>>8 | uint32(s[i])<<24
		h := hash(v)
		if p.filter[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		begin := i - (prefix - 1)
		if length, _ := p.tree.match(s[begin:]); length > 0 {
			found(begin, begin+length)
		}
	}
}

// open returns the first position of s from which on s could become a pattern, or a longer one, if more followed.
// It is len(s) if there is none.
func (p *patterns) open(s string) int {
	if p == nil {
		return len(s)
	}
	for i := max(0, len(s)-p.longest); i < len(s); i++ {
		if len(s)-i >= prefix {
			if h := hash(first(s[i:])); p.filter[h/64]&(1<<(h%64)) == 0 {
				continue
			}
		}
		if _, more := p.tree.match(s[i:]); more {
			return i
		}
	}
	return len(s)
}

// first returns the first bytes of s as a number.
func first(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// hash spreads v over the filter: Fibonacci hashing, the factor is 2^32 divided by the golden ratio.
func hash(v uint32) uint32 { return v * 0x9E3779B1 >> (32 - filterBits) }

// A node of the tree stands for the string that the labels on the way to it make. It is immutable.
type node struct {
	label    string
	end      bool // the string is a pattern
	children []*node
}

// insert returns a tree that contains s too. It shares all nodes but those on the way to s.
func (n *node) insert(s string) *node {
	c := *n
	if s == "" {
		c.end = true
		return &c
	}
	i, ok := n.child(s[0])
	if !ok {
		c.children = slices.Insert(slices.Clone(n.children), i, &node{label: s, end: true})
		return &c
	}
	c.children = slices.Clone(n.children)
	child := n.children[i]
	if same := common(child.label, s); same < len(child.label) {
		child = child.split(same)
	}
	c.children[i] = child.insert(s[len(child.label):])
	return &c
}

// split returns two nodes for one, the first of which takes at bytes of the label.
func (n *node) split(at int) *node {
	lower := *n
	lower.label = n.label[at:]
	return &node{label: n.label[:at], children: []*node{&lower}}
}

// match returns the length of the longest pattern that s begins with, and whether s as a whole is the beginning of
// a longer pattern.
func (n *node) match(s string) (longest int, more bool) {
	for at := 0; ; {
		if n.end {
			longest = at
		}
		rest := s[at:]
		if rest == "" {
			return longest, len(n.children) > 0
		}
		i, ok := n.child(rest[0])
		if !ok {
			return longest, false
		}
		n = n.children[i]
		if !strings.HasPrefix(rest, n.label) {
			return longest, strings.HasPrefix(n.label, rest)
		}
		at += len(n.label)
	}
}

// child returns the index of the child whose label begins with b, or where it would be.
func (n *node) child(b byte) (index int, ok bool) {
	return slices.BinarySearchFunc(n.children, b, func(c *node, b byte) int { return int(c.label[0]) - int(b) })
}

func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
