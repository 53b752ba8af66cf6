package schema

import "time"

// RecordVersion is the version of the Record document that this program writes.
const RecordVersion = 1

// Record is what is remembered of a step between runs: whether it is deployed, and what it left behind. Sensitive
// outputs are named without their values; their tool is asked again when one is needed.
type Record struct {
	Version     int             `json:"version"`
	Step        StepName        `json:"step"`
	Environment EnvironmentName `json:"environment"`
	Tool        ToolName        `json:"tool"`
	State       RecordState     `json:"state"`
	Run         RunID           `json:"run"` // that wrote the record
	Time        time.Time       `json:"time"`
	Outputs     Values          `json:"outputs,omitempty"`
	DependsOn   []StepName      `json:"depends_on,omitempty"` // when it was applied
	Kept        string          `json:"kept,omitempty"`       // the hash of what is kept of its files, "" for nothing
}

// Kept is what is kept of a step beside its files, so that it can be taken down when the manifest no longer has it.
type Kept struct {
	Version int    `json:"version"`
	Step    Step   `json:"step"`
	Default string `json:"default"` // the directory of the defaults

	// Omitted are the first of the files that are not among them, because they hold secrets.
	Omitted []string `json:"omitted,omitempty"`
}

// KeptVersion is the version of the Kept document that this program writes.
const KeptVersion = 1

// Orphan is a step that is deployed, as far as is remembered, and no longer in the manifest.
type Orphan struct {
	Step        StepName        `json:"step"`
	Environment EnvironmentName `json:"environment"`
	State       RecordState     `json:"state"`
	Run         RunID           `json:"run"`  // that was at it last
	Time        time.Time       `json:"time"` // of that
	Kept        bool            `json:"kept"` // its files are, so bitops can take it down
}

// RecordState tells how much of a step exists.
type RecordState string

// The states of a Record.
const (
	StateDeployed  RecordState = "deployed"
	StatePartial   RecordState = "partial" // an apply or destroy began and did not succeed
	StateDestroyed RecordState = "destroyed"
)

// Complete reports whether every output's value is in the record.
func (r *Record) Complete() bool {
	for _, v := range r.Outputs {
		if !v.Known() {
			return false
		}
	}
	return true
}
