package secret

import (
	"slices"
	"strings"
)

const (
	// prefix is the number of bytes that the filter looks at. No pattern is shorter.
	prefix = minValue
	// filterBits is the size of the filter's index: 2^19 bits are 64 KiB, which stay in the processor's cache.
	filterBits = 19
)

// patterns is a set of strings to look for. It is immutable; a nil *patterns is empty.
type patterns struct {
	tree    *node
	longest int                          // the length of the longest pattern
	filter  [1 << filterBits / 64]uint64 // a bit for each hash of the first bytes of a pattern
	pairs   [1 << 16 / 64]uint64         // a bit for each two bytes that a pattern begins with
	bytes   [256]bool                    // the first bytes of patterns
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
		h, two := hash(first(s)), pair(s)
		q.filter[h/64] |= 1 << (h % 64)
		q.pairs[two/64] |= 1 << (two % 64)
		q.bytes[s[0]] = true
	}
	return &q
}

// A span is a part of a text.
type span struct{ begin, end int }

// find adds to found the longest pattern at every position of s that one begins at, from left to right. They may overlap.
// It also returns the first position from which on s could become a pattern, or a longer one, if more followed; len(s)
// if there is none.
func (p *patterns) find(s string, found []span) (all []span, open int) {
	open = len(s)
	if p == nil {
		return found, open
	}
	if len(s) >= prefix {
		v := first(s) << 8
		for i := prefix - 1; i < len(s); i++ {
			v = v>>8 | uint32(s[i])<<24
			if !p.passes(v) {
				continue
			}
			begin := i - (prefix - 1)
			length, more := p.tree.match(s[begin:])
			if length > 0 {
				found = append(found, span{begin, begin + length})
			}
			if more {
				open = min(open, begin)
			}
		}
	}
	for i := max(0, len(s)-prefix+1); i < open; i++ { // too short for the filter
		if p.begins(s[i:]) {
			open = i
		}
	}
	return found, open
}

// begins reports whether a pattern begins with the bytes of s, which is shorter than the shortest one.
func (p *patterns) begins(s string) bool {
	if len(s) == 1 {
		return p.bytes[s[0]]
	}
	two := pair(s)
	if p.pairs[two/64]&(1<<(two%64)) == 0 {
		return false
	}
	_, more := p.tree.match(s)
	return more
}

// pair returns the first two bytes of s as a number.
func pair(s string) uint32 { return uint32(s[0]) | uint32(s[1])<<8 }

// all finds the patterns in a text and in its normal form.
func (p *patterns) all(s string) []span {
	found, _ := p.find(s, nil)
	if p == nil || isNormal(trimEnd(s)) {
		return found
	}
	n := normalise(s)
	more, _ := p.find(n.text, nil)
	return append(found, n.original(s, more)...)
}

// begun finds what all does, and returns the first position from which on the text could become more of a pattern if more
// of its line followed, or if the next line did; len(s) if there is none.
func (p *patterns) begun(s string, endOfLine bool) (found []span, open int) {
	found, open = p.find(s, nil)
	if p == nil {
		return found, open
	}
	if core := trimEnd(s); isNormal(core) {
		if len(core) < len(s) { // a line break may follow
			begin := max(0, len(core)-p.longest)
			_, opens := p.find(core[begin:], nil)
			open = min(open, begin+opens)
		}
		return found, open
	}
	n := normalise(s)
	if !endOfLine {
		n.cut()
		open = min(open, n.settled)
	}
	more, opens := p.find(n.text, nil)
	if opens < len(n.at) {
		open = min(open, n.at[opens])
	}
	if open < len(s) {
		open = n.before(open)
	}
	return append(found, n.original(s, more)...), open
}

// continues reports whether a pattern may begin in held, which is the end of a line, and go on in next, the beginning of
// the next line. It spares a search of the two together, which would have to be of their normal form.
func (p *patterns) continues(held, next string) bool {
	if p == nil || held == "" {
		return false
	}
	tail := trimEnd(held)
	head := strings.TrimLeft(next[:min(len(next), prefix)], whiteSpace)
	if len(tail) < prefix && len(head) == prefix && isNormal(tail) && isNormal(head) && !p.mayCross(tail, head) {
		return false
	}
	begun := normalise(next)
	begun.cut()
	tail = normalForm(held)
	both := tail + begun.text
	for i := range len(tail) {
		if length, more := p.tree.match(both[i:]); more || length > len(tail)-i {
			return true
		}
	}
	return false
}

// mayCross reports whether the filter knows what crosses from tail to head, of which the one is shorter than a pattern,
// and the other as long as the shortest one.
func (p *patterns) mayCross(tail, head string) bool {
	var both [2 * prefix]byte
	copy(both[copy(both[:], tail):], head)
	for i := range len(tail) {
		if p.passes(first(string(both[i : i+prefix]))) {
			return true
		}
	}
	return false
}

// withheld returns from where on the end of a line must not be shown, because too much of a pattern begins there: half of
// it, or 8 bytes; len(s) if there is no such place.
func (p *patterns) withheld(s string) int {
	if p == nil || len(s) < prefix {
		return len(s)
	}
	n := normalise(s)
	for i := range len(n.text) - prefix + 1 {
		length := p.tree.shortest(n.text[i:])
		if length > 0 && len(n.text)-i >= max(prefix, min(length/2, minLine)) {
			return n.at[i]
		}
	}
	return len(s)
}

// passes reports whether a pattern may begin with these bytes.
func (p *patterns) passes(bytes uint32) bool {
	h := hash(bytes)
	return p.filter[h/64]&(1<<(h%64)) != 0
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
	low, high := 0, len(n.children)
	for low < high { // slices.BinarySearchFunc takes three times as long
		middle := (low + high) / 2
		if n.children[middle].label[0] < b {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(n.children) && n.children[low].label[0] == b
}

// shortest returns the length of the shortest pattern that begins with s, or 0.
func (n *node) shortest(s string) int {
	if s == "" {
		return n.depth()
	}
	i, ok := n.child(s[0])
	if !ok {
		return 0
	}
	child := n.children[i]
	same := common(child.label, s)
	switch {
	case same == len(s):
		return len(child.label) + child.depth()
	case same < len(child.label):
		return 0
	}
	if rest := child.shortest(s[same:]); rest > 0 {
		return same + rest
	}
	return 0
}

// depth returns the length of the shortest string from the node to the end of a pattern.
func (n *node) depth() int {
	if n.end {
		return 0
	}
	least := 0
	for _, child := range n.children {
		if d := len(child.label) + child.depth(); least == 0 || d < least {
			least = d
		}
	}
	return least
}

func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
