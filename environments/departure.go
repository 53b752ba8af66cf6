package environments

import "github.com/bitops-engine/bitops/schema"

// Departing is a Tool that does something else with a configuration than BitOps did.
type Departing interface {
	// Departures returns what in the configuration of a directory decides differently here. It reads files only.
	Departures(d schema.Directory) []Departure
}

// Departure is a part of a configuration that BitOps did not obey, or obeyed in another way.
type Departure struct {
	What  string // sentences for a person who has to decide; equal ones are told once
	Where string // FILE:LINE
}
