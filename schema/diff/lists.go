package diff

import "slices"

// shortList is the length, as JSON, up to which a list of plain values is one value.
const shortList = 40

func (c *comparison) lists(path Path, was, is *node) {
	if !was.short() || !is.short() {
		c.elements(path, was, is)
	} else if was.kind != is.kind || was.canonical() != is.canonical() {
		c.add(path, was, is)
	}
}

// short reports whether a list is as readable as one value.
func (n *node) short() bool {
	plain := func(i *node) bool { return !i.unknown && !i.sensitive && (i.kind == scalar || i.kind == null) }
	return !slices.ContainsFunc(n.items, func(i *node) bool { return !plain(i) }) && len(n.canonical()) <= shortList
}

// elements compares lists element by element.
func (c *comparison) elements(path Path, was, is *node) {
	names, identified := c.identities(was, is)
	matched := byContent
	if identified {
		matched = names.match
	}
	step := func(wasAt, isAt int) Step {
		s := Step{Element: true, Was: wasAt, Is: isAt}
		if identified && isAt >= 0 {
			s.Identity = names.field + "=" + names.is[isAt]
		} else if identified {
			s.Identity = names.field + "=" + names.was[wasAt]
		}
		return s
	}
	c.matched(path, step, matched(was, is), was, is)
}

// matched compares lists of which is known which elements are the same ones: first what is gone, then in the order of the list
// after.
func (c *comparison) matched(path Path, step func(was, is int) Step, matched []pair, was, is *node) {
	stays, at := make([]bool, len(was.items)), make([]int, len(is.items))
	for j := range at {
		at[j] = -1
	}
	for _, p := range matched {
		stays[p.was], at[p.is] = true, p.was
	}
	for i, item := range was.items {
		if !stays[i] {
			c.compare(append(path, step(i, -1)), item, nothing)
		}
	}
	for j, item := range is.items {
		if at[j] < 0 {
			c.compare(append(path, step(-1, j)), nothing, item)
		} else {
			c.compare(append(path, step(at[j], j)), was.items[at[j]], item)
		}
	}
}

// byContent pairs the elements that are equal, and between them those that take each other's place: objects and lists one by
// one, plain values only where one takes the place of one.
func byContent(was, is *node) []pair {
	texts := func(n *node) []string {
		all := make([]string, len(n.items))
		for i, item := range n.items {
			all[i] = item.canonical()
		}
		return all
	}
	var all []pair
	i, j := 0, 0
	gap := func(end pair) {
		single := end.was-i == 1 && end.is-j == 1
		for ; i < end.was && j < end.is; i, j = i+1, j+1 {
			if a, b := was.items[i], is.items[j]; single || a.kind == b.kind && !a.leaf() && !b.leaf() {
				all = append(all, pair{i, j})
			}
		}
		i, j = end.was+1, end.is+1
	}
	for _, p := range align(texts(was), texts(is)) {
		gap(p)
		all = append(all, p)
	}
	gap(pair{len(was.items), len(is.items)})
	return all
}

// identityFields are the fields by which the elements of a list are known, the best first.
var identityFields = []string{"name", "Name", "id", "Id", "ID", "key", "Key", "sid", "Sid", "device_name", "path", "address", "arn", "Arn"}

// identitiesOf are the identities of the elements of two lists, as JSON.
type identitiesOf struct {
	field   string // that has them
	was, is []string
}

// identities finds the field by which the elements of both lists are known: all of them have it, no two the same. In what
// did not change, the order has to be the same, because a list that is sorted otherwise has changed.
func (c *comparison) identities(was, is *node) (identitiesOf, bool) {
	for _, field := range identityFields {
		before, ok := c.identity(was, field)
		if !ok {
			continue
		}
		if after, ok := c.identity(is, field); ok {
			all := identitiesOf{was: before, is: after}
			all.field = field
			return all, !reordered(all.match(was, is), was, is)
		}
	}
	return identitiesOf{}, false
}

// longestIdentity is how long a name is at the most, as JSON, in bytes. What is longer is hardly one.
const longestIdentity = 200

// identity returns the identities of the elements of a list by a field. One that holds something secret is none.
func (c *comparison) identity(n *node, field string) ([]string, bool) {
	seen := map[string]bool{}
	var all []string
	for _, item := range n.items {
		f := item.field(field)
		if item.kind != object || item.sensitive || f.kind != scalar || f.unknown || f.sensitive {
			return nil, false
		}
		name := f.canonical()
		if shown := string(c.shown(f, &Change{})); seen[name] || name == `""` || shown != name || len(name) > longestIdentity {
			return nil, false
		}
		seen[name] = true
		all = append(all, name)
	}
	return all, true
}

// match pairs the elements with the same identity, in the order of the list after.
func (names identitiesOf) match(_, _ *node) []pair {
	at := map[string]int{}
	for i, name := range names.was {
		at[name] = i
	}
	var all []pair
	for j, name := range names.is {
		if i, there := at[name]; there {
			all = append(all, pair{i, j})
		}
	}
	return all
}

// reordered reports whether elements that did not change are in another order. A set keeps them in their order.
func reordered(matched []pair, was, is *node) bool {
	last := -1
	for _, p := range matched {
		if was.items[p.was].canonical() != is.items[p.is].canonical() {
			continue
		}
		if p.was < last {
			return true
		}
		last = p.was
	}
	return false
}
