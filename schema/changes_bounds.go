package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The bounds of what a journal holds of the changes of a step.
const (
	MostAttributes    = 200     // of a resource
	LongestValue      = 4 << 10 // of an attribute, as JSON, in bytes
	mostStepBytes     = 4 << 20 // of all attributes of a step
	attributeOverhead = 64      // bytes of one beside its values
)

// Bounded returns the changes as a journal holds them: what is left out is counted. Resources that are destroyed or replaced
// keep their attributes before others do. To bound changes again changes nothing.
func (c *Changes) Bounded() *Changes {
	if c == nil {
		return nil
	}
	all := *c
	left := mostStepBytes
	all.Resources, all.Deferred, all.Drift = slices.Clone(c.Resources), slices.Clone(c.Deferred), slices.Clone(c.Drift)
	all.OutputChanges, _ = bounded(c.OutputChanges, &left)
	for _, first := range []bool{true, false} {
		for i := range all.Resources {
			if r := &all.Resources[i]; r.Loses() == first {
				r.bound(&left)
			}
		}
	}
	for _, list := range [][]ResourceChange{all.Deferred, all.Drift} {
		for i := range list {
			list[i].bound(&left)
		}
	}
	return &all
}

// Cut reports whether the attributes are not all that changes: Bounded has left out some, or parts of their values, or values
// are not shown because they are sensitive.
func (c *Changes) Cut() bool {
	shortened := func(a AttributeChange) bool { return a.BeforeBytes > 0 || a.AfterBytes > 0 || a.Sensitive }
	return slices.ContainsFunc(c.Resources, func(r ResourceChange) bool {
		return r.AttributesOmitted > 0 || slices.ContainsFunc(r.Attributes, shortened)
	})
}

func (r *ResourceChange) bound(left *int) {
	var omitted int
	r.Attributes, omitted = bounded(r.Attributes, left)
	r.AttributesOmitted += omitted
}

// bounded returns as many attributes as fit, each with values that are not too long.
func bounded(all []AttributeChange, left *int) (fit []AttributeChange, omitted int) {
	for _, a := range all[:min(len(all), MostAttributes)] {
		a.bound()
		*left -= len(a.Path) + len(a.Before) + len(a.After) + attributeOverhead
		if *left < 0 {
			break
		}
		fit = append(fit, a)
	}
	return fit, len(all) - len(fit)
}

// bound cuts the values. Of two texts, what they have in common goes first.
func (a *AttributeChange) bound() {
	if len(a.Before) <= LongestValue && len(a.After) <= LongestValue {
		return
	}
	before, beforeIsText := text(a.Before)
	after, afterIsText := text(a.After)
	if beforeIsText && afterIsText {
		before, after = apart(before, after)
	}
	a.Before, a.BeforeBytes = cut(a.Before, before, beforeIsText, a.BeforeBytes)
	a.After, a.AfterBytes = cut(a.After, after, afterIsText, a.AfterBytes)
}

func text(value json.RawMessage) (s string, ok bool) {
	return s, len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &s) == nil
}

// elided takes the place of what is left out of a text.
const elided = "…"

// apart leaves out the lines that two texts have in common at their beginnings and ends, but for one next to what differs.
func apart(before, after string) (string, string) {
	was, is := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	head := 0
	for head < min(len(was), len(is)) && was[head] == is[head] {
		head++
	}
	tail := 0
	for tail < min(len(was), len(is))-head && was[len(was)-1-tail] == is[len(is)-1-tail] {
		tail++
	}
	part := func(all []string) string {
		from, to := max(0, head-1), min(len(all), len(all)-tail+1)
		s := strings.Join(all[from:to], "")
		if from > 0 {
			s = elided + "\n" + s
		}
		if to < len(all) {
			s += elided
		}
		return s
	}
	return part(was), part(is)
}

// cut returns a value that is not too long, and how long it was in bytes if it is not all of it.
func cut(value json.RawMessage, text string, isText bool, was int) (json.RawMessage, int) {
	length := max(len(value), was)
	if !isText {
		if len(value) <= LongestValue {
			return value, was
		}
		text = fmt.Sprintf("(%d bytes)", length)
	}
	most := LongestValue
	for {
		short := text
		if len(short) > most {
			short = strings.ToValidUTF8(short[:most], "") + elided
		}
		shortened := JSONValue(short)
		if len(shortened) <= LongestValue {
			if string(shortened) == string(value) {
				return value, was
			}
			return shortened, length
		}
		most /= 2
	}
}
