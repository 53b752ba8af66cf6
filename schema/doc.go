// Package schema is every document bitops reads or writes: the manifest, the plan, events, reports, and the names,
// values and problems they are made of.
//
// A document is a plain Go type. Reading one is strict and total: all problems of a file come back together, each
// with file, line and column, and nothing is half-read. The decoder and the published JSON Schema are both driven by
// the same Go types (see decode.go and jsonschema.go), so they cannot disagree.
//
// The package knows formats, not behaviour: it starts no process, orders nothing and keeps no state.
package schema
