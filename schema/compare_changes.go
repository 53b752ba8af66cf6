package schema

import (
	"cmp"
	"reflect"
	"slices"
)

// compareChanges adds what differs between what two plans would change of a step.
func (d *StepDifference) compareChanges(was, is *Changes) {
	was, is = alike(was, is)
	withheld := was.ValuesWithheld || is.ValuesWithheld
	d.Resources = d.compareResources(was.Resources, is.Resources, withheld)
	slices.SortStableFunc(d.Resources, func(a, b ResourceDifference) int { return cmp.Compare(a.rank(), b.rank()) })
	d.Deferred = d.compareResources(was.Deferred, is.Deferred, withheld)
	d.Drift = d.compareResources(was.Drift, is.Drift, withheld)
	d.compareOutputs(was, is)
	for _, p := range matches(was.Invocations, is.Invocations, func(i *Invocation) Invocation { return *i }) {
		if p.was == nil || p.is == nil {
			d.Invocations = append(d.Invocations, InvocationDifference{Reviewed: p.was, Now: p.is})
		}
	}
}

// compareOutputs compares the outputs that change. Older plans only count them.
func (d *StepDifference) compareOutputs(was, is *Changes) {
	counted := func(c *Changes) bool { return c.Outputs > 0 && len(c.OutputChanges) == 0 }
	if counted(was) != counted(is) && was.Outputs == is.Outputs {
		d.MayDiffer = append(d.MayDiffer, Undecided{Path: "outputs", Why: UndecidedNotTold})
		return
	}
	d.Outputs = d.compareAttributes("", was.OutputChanges, is.OutputChanges, false)
}

// rank sorts resources by how much worse the plan of now is.
func (r *ResourceDifference) rank() int {
	switch {
	case r.NewlyLost():
		return 0
	case r.Now != nil && r.Now.Loses():
		return 1
	}
	return 2
}

// alike returns two plans' changes of a step in a form in which they can be compared: as a journal holds them where one of them is from
// a journal, and without values where one has none. Neither is nil.
func alike(was, is *Changes) (*Changes, *Changes) {
	none := &Changes{}
	was, is = cmp.Or(was, none), cmp.Or(is, none)
	if was.ValuesWithheld || is.ValuesWithheld {
		was, is = was.WithoutValues(), is.WithoutValues()
	}
	if was.fromJournal() || is.fromJournal() {
		was, is = was.Bounded(), is.Bounded()
	}
	return was, is
}

// fromJournal reports whether a journal has left out a part of the changes.
func (c *Changes) fromJournal() bool {
	cut := func(all []AttributeChange) bool { return slices.ContainsFunc(all, AttributeChange.cut) }
	for _, list := range [][]ResourceChange{c.Resources, c.Deferred, c.Drift} {
		if slices.ContainsFunc(list, func(r ResourceChange) bool { return r.AttributesOmitted > 0 || cut(r.Attributes) }) {
			return true
		}
	}
	return cut(c.OutputChanges)
}

func (a AttributeChange) cut() bool { return a.BeforeBytes > 0 || a.AfterBytes > 0 }

// compareResources returns the resources of which the lists say different things, and adds what cannot be decided.
func (d *StepDifference) compareResources(was, is []ResourceChange, withheld bool) []ResourceDifference {
	var all []ResourceDifference
	type both struct{ address, action string }
	exact := func(r *ResourceChange) both { return both{r.Address, r.Action} }
	byAddress := func(r *ResourceChange) both { return both{address: r.Address} }
	for _, p := range matches(was, is, exact, byAddress) {
		switch {
		case p.was == nil:
			all = append(all, ResourceDifference{Address: p.is.Address, Now: p.is})
		case p.is == nil:
			all = append(all, ResourceDifference{Address: p.was.Address, Reviewed: p.was})
		default:
			if r := d.compareResource(p.was, p.is, withheld); !reflect.DeepEqual(r.Reviewed, r.Now) || len(r.Attributes) > 0 {
				all = append(all, r)
			}
		}
	}
	return all
}

func (d *StepDifference) compareResource(was, is *ResourceChange, withheld bool) ResourceDifference {
	before, after := *was, *is
	before.Attributes, after.Attributes = nil, nil
	r := ResourceDifference{Address: is.Address, Reviewed: &before, Now: &after}
	switch told := [2]bool{was.toldWhat(), is.toldWhat()}; {
	case was.Action == is.Action && told[0] != told[1]:
		d.MayDiffer = append(d.MayDiffer, Undecided{Address: is.Address, Why: UndecidedNotTold})
	default:
		r.Attributes = d.compareAttributes(is.Address, was.Attributes, is.Attributes, withheld)
		if was.AttributesOmitted > 0 && is.AttributesOmitted > 0 {
			d.MayDiffer = append(d.MayDiffer, Undecided{Address: is.Address, Why: UndecidedCut})
		}
	}
	return r
}

// toldWhat reports whether a plan says what changes of the resource. Older ones do not.
func (r *ResourceChange) toldWhat() bool { return len(r.Attributes) > 0 || r.AttributesOmitted > 0 }

// compareAttributes returns the attributes of which the lists say different things, and adds what cannot be decided.
func (d *StepDifference) compareAttributes(address string, was, is []AttributeChange, withheld bool) []AttributeDifference {
	var all []AttributeDifference
	for _, p := range matches(was, is, func(a *AttributeChange) string { return a.Path }) {
		switch {
		case p.was == nil:
			all = append(all, AttributeDifference{Path: p.is.Path, Now: p.is})
		case p.is == nil:
			all = append(all, AttributeDifference{Path: p.was.Path, Reviewed: p.was})
		case !sameAttribute(p.was, p.is):
			all = append(all, AttributeDifference{Path: p.is.Path, Reviewed: p.was, Now: p.is})
		default:
			if why := p.is.hidden(withheld); why != "" {
				d.MayDiffer = append(d.MayDiffer, Undecided{Address: address, Path: p.is.Path, Why: why})
			}
		}
	}
	return all
}

func sameAttribute(a, b *AttributeChange) bool {
	x, y := *a, *b
	same := string(x.Before) == string(y.Before) && string(x.After) == string(y.After) && (x.Before == nil) == (y.Before == nil) && (x.After == nil) == (y.After == nil)
	x.Before, x.After, y.Before, y.After = nil, nil, nil, nil
	return same && reflect.DeepEqual(x, y)
}

// hidden says why the values of an attribute cannot be compared, "" where they can be.
func (a AttributeChange) hidden(withheld bool) string {
	switch {
	case a.Sensitive:
		return UndecidedSensitive
	case withheld && !a.Unknown:
		return UndecidedWithheld
	case a.cut():
		return UndecidedCut
	}
	return ""
}

// match is a thing of two lists. Nil is not there.
type match[T any] struct{ was, is *T }

// matches matches the things of two lists by the first key by which they match: those of the second list in their order, then those that
// only the first one has. Things with the same key are matched in their order.
func matches[T any, K comparable](was, is []T, keys ...func(*T) K) []match[T] {
	all, matched := make([]match[T], len(is)), make([]bool, len(was))
	for i := range is {
		all[i].is = &is[i]
	}
	for _, key := range keys {
		free := map[K][]int{}
		for i := range was {
			if !matched[i] {
				free[key(&was[i])] = append(free[key(&was[i])], i)
			}
		}
		for i := range all {
			if left := free[key(all[i].is)]; all[i].was == nil && len(left) > 0 {
				all[i].was, matched[left[0]], free[key(all[i].is)] = &was[left[0]], true, left[1:]
			}
		}
	}
	for i := range was {
		if !matched[i] {
			all = append(all, match[T]{was: &was[i]})
		}
	}
	return all
}
