package schema

import "time"

// EventVersion is the version of the Event document that this program writes.
const EventVersion = 1

// EventType tells what happened.
type EventType string

// The types of events, and which fields of Event each one fills besides Version, Seq, Time, Run and Type.
const (
	EventRunStarted    EventType = "run-started"    // Command, Steps, Resumes, Approvals, Plan, PlanDigest, Pinned, Signed, WithholdValues, LeftOut, Orphans
	EventStepStarted   EventType = "step-started"   // Step, Inputs
	EventPhaseStarted  EventType = "phase-started"  // Step, Phase, Text: what runs
	EventProgress      EventType = "progress"       // Step, Text: what the tool is doing to what
	EventOutputLine    EventType = "output-line"    // Step, Phase, Stream, Text
	EventNotice        EventType = "notice"         // Step or none, Text: worth knowing, stops nothing
	EventAttemptFailed EventType = "attempt-failed" // Step, Phase, Attempt, Attempts, Error, Reason: what passes, Duration, Pause
	EventStepFinished  EventType = "step-finished"  // Step, Outcome, Changes, Told, Outputs, Duration, Error, Cause, Reason, Deferred, OnlyIf, ReplannedAfter, Warnings, Identity, Fingerprint, DoneIn, Again, Digest
	EventRunStopping   EventType = "run-stopping"   // Text: why nothing new starts
	EventRunFinished   EventType = "run-finished"   // Outcome, Duration
)

// Event is one thing that happened in a run. Events are the only thing a run produces: views, journal, reports and
// history are folds over them. No field ever holds a sensitive value.
type Event struct {
	Version  int           `json:"version"`
	Seq      int           `json:"seq"` // counts from 1 within the run
	Time     time.Time     `json:"time"`
	Run      RunID         `json:"run"`
	Type     EventType     `json:"type"`
	Command  Command       `json:"command,omitempty"`
	Steps    []StepSummary `json:"steps,omitempty"`
	Step     StepName      `json:"step,omitempty"`
	Phase    Phase         `json:"phase,omitempty"`
	Stream   string        `json:"stream,omitempty"` // stdout, stderr
	Text     string        `json:"text,omitempty"`
	Partial  bool          `json:"partial,omitempty"` // the line goes on in the next event of this step and stream
	Outcome  Outcome       `json:"outcome,omitempty"`
	Changes  *Changes      `json:"changes,omitempty"`
	Told     []string      `json:"told,omitempty"` // what the tool printed as the step's plan, for people; see type Told
	Inputs   Values        `json:"inputs,omitempty"`
	Outputs  Values        `json:"outputs,omitempty"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	Error    *StepError    `json:"error,omitempty"`
	Cause    StepName      `json:"cause,omitempty"`  // of a blocked, deferred or not started step: the step that failed, or stopped it
	Reason   string        `json:"reason,omitempty"` // why a step was skipped, deferred or interrupted, or is not as declared
	Deferred []Waiting     `json:"deferred,omitempty"`
	OnlyIf   []string      `json:"only_if,omitempty"` // of a deferred step that may not run: references to outputs of which one has to change

	// In a plan, of a step that is unchanged as things are: the dependencies with changes after which it is planned again.
	ReplannedAfter []StepName `json:"replanned_after,omitempty"`

	Attempt  int           `json:"attempt,omitempty"`  // that failed, from 1, and is followed by another one
	Attempts int           `json:"attempts,omitempty"` // the most there will be
	Pause    time.Duration `json:"pause_ns,omitempty"` // until the next one

	Warnings *Warnings `json:"warnings,omitempty"` // of the step's tool; nil for none

	Identity    *Identity    `json:"identity,omitempty"`    // what the step owns
	Fingerprint *Fingerprint `json:"fingerprint,omitempty"` // what the step ran with
	Digest      string       `json:"digest,omitempty"`      // of the step's plan, where that was shown and wants approval
	DoneIn      RunID        `json:"done_in,omitempty"`     // of a skipped step: the run that did it
	Again       string       `json:"again,omitempty"`       // why a resumed run ran the step
	Resumes     RunID        `json:"resumes,omitempty"`     // the run that this one goes on with
	Approvals   []Approval   `json:"approvals,omitempty"`   // that a person gave, of steps that want approval
	Plan        string       `json:"plan,omitempty"`        // the id of the saved plan that is applied
	PlanDigest  string       `json:"plan_digest,omitempty"` // of its file
	Pinned      bool         `json:"pinned,omitempty"`      // only what the plan file shows is applied
	Signed      bool         `json:"signed,omitempty"`      // and it has to be signed

	WithholdValues bool `json:"withhold_values,omitempty"` // the manifest keeps values of attributes out of journals and comments
	LeftOut        int  `json:"left_out,omitempty"`        // how many environments of the manifest are not selected

	Orphans []Orphan `json:"orphans,omitempty"` // what is deployed and no longer in the manifest
}

// StepSummary is what a run says of its steps when it starts.
type StepSummary struct {
	Name        StepName        `json:"name"`
	Environment EnvironmentName `json:"environment"`
	Tool        ToolName        `json:"tool"`
	DependsOn   []StepName      `json:"depends_on,omitempty"`
	Log         string          `json:"log,omitempty"`      // of the step, relative to the repository
	Approval    bool            `json:"approval,omitempty"` // it changes only what a person approved
	Why         string          `json:"why,omitempty"`      // it was selected, "" where nothing was said
	Maybe       bool            `json:"maybe,omitempty"`    // it runs only if something changed that it reads
}

// Phase is a part of a step's lifecycle.
type Phase string

// The phases of a step in their order.
const (
	PhaseWorkspace Phase = "workspace"
	PhaseBefore    Phase = "before-hooks"
	PhaseConfigure Phase = "configuration"
	PhaseInit      Phase = "init"
	PhaseTool      Phase = "tool"
	PhaseOutputs   Phase = "outputs"
	PhaseAfter     Phase = "after-hooks"
	PhaseOnFailure Phase = "on-failure-hooks"
)

// Outcome is how a step, or a run, ended.
type Outcome string

// The outcomes of a step. A run is succeeded, failed, interrupted or held.
const (
	Succeeded   Outcome = "succeeded"
	Unchanged   Outcome = "unchanged"
	Failed      Outcome = "failed"
	Blocked     Outcome = "blocked"
	NotStarted  Outcome = "not-started" // the run stopped before the step's turn: because of Cause, or of an interrupt
	Skipped     Outcome = "skipped"
	Interrupted Outcome = "interrupted"
	Held        Outcome = "held"
	Deferred    Outcome = "deferred" // in a plan: cannot be planned before something upstream is applied
)

// StepError is why a step failed.
type StepError struct {
	Message  string   `json:"message"`
	Phase    Phase    `json:"phase,omitempty"`
	ExitCode int      `json:"exit_code,omitempty"` // the program's own
	Lines    []string `json:"lines,omitempty"`     // the last error lines of the program

	// Resolve is what a person has to do before the step can succeed: it was refused, and is again until then.
	Resolve string `json:"resolve,omitempty"`
}

// Waiting says which input of a deferred step waits for what.
type Waiting struct {
	Input string   `json:"input"`
	For   []string `json:"for"` // references to outputs
}
