package schema

import "time"

// RunState is what the locks say of a run whose journal has no end.
type RunState string

// The states of a run without an end.
const (
	RunRunning RunState = "running" // its process is alive
	RunKilled  RunState = "killed"  // its process is gone, or has not been heard of for the length of its lease
	RunUnknown RunState = "unknown" // the locks could not be read
)

// RunHolder is the process that executes a run.
type RunHolder struct {
	User    string    `json:"user,omitempty"` // "" when it is not known
	Host    string    `json:"host"`
	Process int       `json:"process"`
	Since   time.Time `json:"since"`                // by the clock of Host
	Heard   time.Time `json:"heard,omitzero"`       // the last heartbeat in a shared store, by the clock of Host
	Left    []string  `json:"left_alive,omitempty"` // the child processes that are alive although it was killed
}
