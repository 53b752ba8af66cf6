package environments

import "github.com/bitops-engine/bitops/schema"

// Departing is a Tool that does something else with a configuration than BitOps did.
type Departing interface {
	// Departures returns what in the configuration of a directory decides differently here. It reads files only.
	Departures(d schema.Directory) []Departure
}

// Dated is a Tool that can tell files for BitOps v1 from those for v2.
type Dated interface {
	// ForV1 reports whether the configuration of a directory has keys that BitOps v1 had and v2 has not. It reads files only.
	ForV1(d schema.Directory) bool
}

// HasOlderKeys is for [Dated]: whether the configuration of a directory has older keys for what a schema knows.
func HasOlderKeys(s *schema.ToolSchema, d schema.Directory) bool {
	values, _ := s.Resolve(d, nil) // what is wrong, validate tells
	return values.HasOlderKeys()
}

// Departure is a part of a configuration that BitOps did not obey, or obeyed in another way.
type Departure struct {
	What  string // sentences for a person who has to decide; equal ones are told once
	Where string // FILE:LINE
}
