package diff

import (
	"strconv"
	"strings"
)

// Path leads from a value to a part of it.
type Path []Step

// Step is one part of a path: a field of an object or an element of a list.
type Step struct {
	Field    string // of an object
	Element  bool   // it is an element, and no field
	Was, Is  int    // of an element: its position before and after, -1 where it is not there
	Identity string // of an element: the field by which it is known, and its value as JSON: name="web"; "" for its position
	Document bool   // what the step leads into is the document in a string
}

// String returns the path as people write it: ingress[0].cidr_blocks, statement[sid="Read"].tags["a b"].
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.Identity != "":
			b.WriteString("[" + s.Identity + "]")
		case s.Element && s.Is >= 0:
			b.WriteString("[" + strconv.Itoa(s.Is) + "]")
		case s.Element:
			b.WriteString("[" + strconv.Itoa(s.Was) + "]")
		case !isWord(s.Field):
			b.WriteString("[" + strconv.Quote(s.Field) + "]")
		case i > 0:
			b.WriteString("." + s.Field)
		default:
			b.WriteString(s.Field)
		}
	}
	return b.String()
}

func isWord(s string) bool {
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (r < '0' || r > '9') && !strings.ContainsRune("_-/:@$", r) {
			return false
		}
	}
	return s != ""
}

// Meets reports whether one of the paths leads through the other: raw is a path in the form of JSON, names and positions.
func (p Path) Meets(raw []any) bool {
	for i, want := range raw {
		if i == len(p) {
			return true
		}
		switch want := want.(type) {
		case string:
			if p[i].Element || p[i].Field != want {
				return false
			}
		default:
			at, isPosition := position(want)
			if !p[i].Element || !isPosition || at != p[i].Is && at != p[i].Was {
				return false
			}
		}
	}
	return true
}

func position(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		return int(v), true
	case interface{ Int64() (int64, error) }: // json.Number
		n, err := v.Int64()
		return int(n), err == nil
	}
	return 0, false
}
