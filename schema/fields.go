package schema

import (
	"reflect"
	"strings"
	"sync"
)

// field is what the tags of a struct's field say.
type field struct {
	name, doc string
	enum      []string
	index     []int
	typ       reflect.Type
}

var fieldsByType sync.Map // of reflect.Type to []field

// fieldsOf returns the fields of a struct that a document can set, embedded ones in their place.
func fieldsOf(t reflect.Type) []field {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		var enum []string
		if e := f.Tag.Get("enum"); e != "" {
			enum = strings.Split(e, ",")
		}
		fields = append(fields, field{name, f.Tag.Get("doc"), enum, f.Index, f.Type})
	}
	fieldsByType.Store(t, fields)
	return fields
}
