package schema

import "time"

// SavedPlanVersion is the version of the SavedPlan document that this program writes.
const SavedPlanVersion = 2

// SavedPlan is what a plan file says in readable form: what was previewed, and what is promised of it. The fingerprints
// of its report are the promises: each step is applied as it was reviewed as long as it would run with just that.
type SavedPlan struct {
	Version  int       `json:"version"`
	ID       string    `json:"id"`                 // random; a plan is applied once
	Bitops   string    `json:"bitops"`             // the version that made it
	Revision string    `json:"revision,omitempty"` // of the repository in git, when it was made
	Created  time.Time `json:"created"`
	Command  Command   `json:"command"` // that it is a plan for: apply or destroy
	Report   *Report   `json:"report"`  // of the preview

	// Signer is the key that a signature in the file says it is of, which is not checked. It is not written.
	Signer string `json:"signer,omitempty"`

	// Artifacts are the digests of what each tool kept of its plan, by the file's path. Version 1 has none.
	Artifacts map[string]string `json:"artifacts,omitempty"`
}

// Deferral says what is done with a step that could only be planned while its run was under way, so that nobody reviewed
// what it changes.
type Deferral string

// The deferrals.
const (
	DeferSafe Deferral = "safe" // go on, unless it deletes or replaces something, or the tool cannot tell
	DeferAll  Deferral = "all"  // go on
	DeferNone Deferral = "none" // hold it, unless it changes nothing
)

// Holds reports whether changes wait for a person to look at them. Nil changes are those of a tool that cannot tell.
func (d Deferral) Holds(c *Changes) bool {
	switch {
	case d == DeferAll:
		return false
	case d == DeferNone:
		return c == nil || !c.Empty()
	case c == nil || c.Open:
		return true
	}
	for _, r := range c.Resources {
		if r.Action == "delete" || r.Action == "replace" {
			return true
		}
	}
	return c.Remove > 0
}
