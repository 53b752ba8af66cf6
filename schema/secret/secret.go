// Package secret is the knowledge of values that must not be shown, and the means to hide them.
//
// A Redactor holds the values themselves. Each is turned into the forms in which programs print it (forms.go), and
// the forms are looked up at every position of a text (patterns.go): a table of the first four bytes rules nearly
// every position out, a tree of all forms decides the others. A text with control characters is searched twice: as it
// is, and in its normal form (normal.go), in which nothing is left of colours and line breaks. What was found is a list
// of intervals; those that overlap are one, and each is replaced by ***. So of two secrets that overlap in a text
// nothing is left readable.
//
// The set of values grows during a run: a sensitive output is known only after its step. Adding a value copies the
// path to it in the tree and shares the rest, so it costs the length of the value and not the size of the set.
//
// Masks are the operator's own regular expressions. NameIsSecret knows variables by name.
package secret

import (
	"sync"
	"sync/atomic"
)

// Mask is what a secret is replaced by.
const Mask = "***"

const (
	// minValue is the length in bytes, without surrounding space, from which a value is masked. Replacing shorter
	// ones (1, no, eu) would make all output unreadable and protect nothing.
	minValue = 4
	// minLine is the same for one line of a value of several: lines like "}" or "name:" are no secrets.
	minLine = 8
)

// A Redactor replaces secrets in text. The zero value knows none and is ready for use; it must not be copied. It is
// safe for concurrent use.
type Redactor struct {
	add      sync.Mutex
	known    map[string]bool
	patterns atomic.Pointer[patterns]
}

// Add makes values known, from the next call of String or Write on. Adding a value again changes nothing.
//
// Of each value these are masked: the value without surrounding space; each of its lines that is long enough (8
// bytes) to be one; the value as it looks inside strings of JSON, Go, HCL, Python, shells, YAML, CSV and XML, and
// percent-encoded in a URL. A value of 8 bytes and more is masked in hex, in base64, on its own or inside a longer text,
// and in base64 of base64 too. All of these are found with colours in them, and wrapped at any width.
//
// Not masked are values shorter than 4 bytes, and true, false and null in any case.
func (r *Redactor) Add(values ...string) {
	r.add.Lock()
	defer r.add.Unlock()
	var forms []string
	for _, value := range values {
		if r.known[value] {
			continue
		}
		if r.known == nil {
			r.known = map[string]bool{}
		}
		r.known[value] = true
		forms = append(forms, formsOf(value)...)
	}
	r.patterns.Store(r.patterns.Load().with(forms))
}

// String returns s with every known secret replaced by ***. Text without secrets is returned as it is, byte for byte.
//
// The time is proportional to the text, except where a text begins like a long secret again and again.
func (r *Redactor) String(s string) string {
	p := r.patterns.Load()
	if p == nil {
		return s
	}
	text, _ := hide(s, p.all(s), 0, len(s), false)
	return text
}
