package schema

import (
	"encoding/json"
	"slices"
	"time"
)

// RecordVersion is the version of the Records document that this program writes. Version 1 was a single Record.
const RecordVersion = 2

// Records is what is remembered of a step between runs: one Record for each thing that it owned. A repository that is
// deployed as two stages, by a variable that chooses the workspace for example, has two of each step.
type Records struct {
	Version int       `json:"version"`
	Step    StepName  `json:"step"`
	Records []*Record `json:"records"` // the one that was written last is first
}

// Record is what is remembered of one thing that a step owned: whether it is deployed, and what it left behind. Sensitive
// outputs are named without their values; their tool is asked again when one is needed.
type Record struct {
	Version     int             `json:"version"` // of the document that it was read from
	Step        StepName        `json:"step"`
	Environment EnvironmentName `json:"environment"`
	Tool        ToolName        `json:"tool"`
	State       RecordState     `json:"state"`
	Run         RunID           `json:"run"` // that wrote the record
	Time        time.Time       `json:"time"`
	Outputs     Values          `json:"outputs,omitempty"`
	DependsOn   []StepName      `json:"depends_on,omitempty"`  // when it was applied
	Directory   string          `json:"directory,omitempty"`   // in the repository, when it was applied
	Kept        string          `json:"kept,omitempty"`        // the hash of what is kept of its files, "" for nothing
	KeptBefore  string          `json:"kept_before,omitempty"` // the same, of what was applied before; while an apply has begun
	Identity    *Identity       `json:"identity,omitempty"`    // what it owned; nil where that was not known
	Fingerprint *Fingerprint    `json:"fingerprint,omitempty"` // what it ran with
	Unread      RunID           `json:"unread,omitempty"`      // the last run that found that nothing it reads had changed since
	Owed        []string        `json:"owed,omitempty"`        // what its tool has still to do, in the tool's words
	MovesFrom   StepName        `json:"moves_from,omitempty"`  // whose record this one takes the place of; while an apply has begun
	RenamedTo   StepName        `json:"renamed_to,omitempty"`  // the step that owns it now, in StateRenamed
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
	Tool        ToolName        `json:"tool,omitempty"`
	State       RecordState     `json:"state"`
	Run         RunID           `json:"run"`               // that was at it last
	Time        time.Time       `json:"time"`              // of that
	Kept        bool            `json:"kept"`              // its files are, so bitops can take it down
	Archive     string          `json:"archive,omitempty"` // the hash of what is kept of them
	Identity    *Identity       `json:"identity,omitempty"`
	MovesFrom   StepName        `json:"moves_from,omitempty"` // whose record this one takes the place of; while an apply has begun
	RenamedTo   StepName        `json:"renamed_to,omitempty"` // the step of the manifest that owns it now

	// Contested says that the step in RenamedTo had it before this one, and that the manifest does not say that it is to come
	// back: that step is refused.
	Contested bool `json:"contested,omitempty"`
}

// RecordState tells how much of a step exists.
type RecordState string

// The states of a Record.
const (
	StateDeployed  RecordState = "deployed"
	StatePartial   RecordState = "partial" // an apply or destroy began and did not succeed
	StateDestroyed RecordState = "destroyed"
	StateRenamed   RecordState = "renamed" // another step owns it now: the record is a pointer
)

// Stands reports whether something of it can exist under this name. Nil is no record.
func (r *Record) Stands() bool {
	return r != nil && r.State != StateDestroyed && r.State != StateRenamed
}

// Complete reports whether every output's value is in the record.
func (r *Record) Complete() bool {
	for _, v := range r.Outputs {
		if !v.Known() {
			return false
		}
	}
	return true
}

// UnmarshalJSON reads the document, also one of version 1.
func (rs *Records) UnmarshalJSON(text []byte) error {
	type document Records // without this method
	if err := json.Unmarshal(text, (*document)(rs)); err != nil || rs.Version != 1 {
		return err
	}
	one := &Record{}
	if err := json.Unmarshal(text, one); err != nil {
		return err
	}
	rs.Records = []*Record{one}
	return nil
}

// Of returns the record of what an identity names, or nil.
func (rs *Records) Of(id *Identity) *Record {
	for _, r := range rs.Records {
		if r.Identity.Same(id) {
			return r
		}
	}
	return nil
}

// Put adds a record, in place of the one of the same identity and of instead, which may be nil.
func (rs *Records) Put(r, instead *Record) {
	all := []*Record{r}
	for _, other := range rs.Records {
		if replaced := instead != nil && other.Identity.KeyOf() == instead.Identity.KeyOf(); !replaced && other.Identity.KeyOf() != r.Identity.KeyOf() {
			all = append(all, other)
		}
	}
	rs.Version, rs.Step, rs.Records = RecordVersion, r.Step, all
}

// Remove takes the record of the same identity out.
func (rs *Records) Remove(r *Record) {
	rs.Version = RecordVersion
	rs.Records = slices.DeleteFunc(rs.Records, func(other *Record) bool { return other.Identity.KeyOf() == r.Identity.KeyOf() })
}
