package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Report is what is known of a run: the fold of its events. Its zero value is the report of a run that has not begun.
// It is not safe for concurrent use.
type Report struct {
	Run      RunID         `json:"run"`
	Command  Command       `json:"command"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	Outcome  Outcome       `json:"outcome,omitempty"` // "" while it runs
	Steps    []StepReport  `json:"steps"`             // in the order of the plan
	Notices  []string      `json:"notices,omitempty"`

	Resumes   RunID      `json:"resumes,omitempty"`   // the run that this one went on with
	Approvals []Approval `json:"approvals,omitempty"` // that a person gave
	Plan      string     `json:"plan,omitempty"`      // the id of the saved plan that was applied
	Orphans   []Orphan   `json:"orphans,omitempty"`   // what is deployed and no longer in the manifest

	PlanDigest string `json:"plan_digest,omitempty"` // of the plan file that was applied, or that the preview was saved as
	Pinned     bool   `json:"pinned,omitempty"`      // only what the plan file shows was applied
	Signed     bool   `json:"signed,omitempty"`      // and it had to be signed

	WithholdValues bool `json:"withhold_values,omitempty"` // the manifest keeps values of attributes out of journals and comments
	LeftOut        int  `json:"left_out,omitempty"`        // how many environments of the manifest are not selected; not known of older runs

	// State and Holder are filled in by who reads the report of a run that has no end. Events do not tell them.
	State  RunState   `json:"state,omitempty"`
	Holder *RunHolder `json:"holder,omitempty"` // nil when no process holds a lock for the run

	index map[StepName]int
}

// StepReport is what is known of one step.
type StepReport struct {
	StepSummary
	Outcome  Outcome       `json:"outcome,omitempty"` // "" until it has ended
	Started  bool          `json:"started"`
	Phase    Phase         `json:"phase,omitempty"` // the last one begun
	Changes  *Changes      `json:"changes,omitempty"`
	Told     []string      `json:"told,omitempty"` // what the tool printed as its plan, for people
	Outputs  Values        `json:"outputs,omitempty"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	Error    *StepError    `json:"error,omitempty"`
	Cause    StepName      `json:"cause,omitempty"`
	Reason   string        `json:"reason,omitempty"`
	Deferred []Waiting     `json:"deferred,omitempty"`
	OnlyIf   []string      `json:"only_if,omitempty"` // of a deferred step that may not run: references to outputs of which one has to change

	ReplannedAfter []StepName `json:"replanned_after,omitempty"` // of an unchanged step in a plan: dependencies with changes

	FailedAttempts []FailedAttempt `json:"failed_attempts,omitempty"` // that were followed by another one

	Warnings *Warnings `json:"warnings,omitempty"` // of its tool; nil for none

	Identity    *Identity    `json:"identity,omitempty"` // what the step owns
	Fingerprint *Fingerprint `json:"fingerprint,omitempty"`
	Digest      string       `json:"digest,omitempty"` // of its plan, where that was shown and wants approval
	DoneIn      RunID        `json:"done_in,omitempty"`
	Again       string       `json:"again,omitempty"`
}

// FailedAttempt is an attempt of a step's tool that failed in a way that passes by itself.
type FailedAttempt struct {
	Reason   string        `json:"reason"` // the error that passes
	Error    *StepError    `json:"error,omitempty"`
	Duration time.Duration `json:"duration_ns,omitempty"`
}

// Add folds one more event into the report.
func (r *Report) Add(e Event) {
	switch e.Type {
	case EventRunStarted:
		*r = Report{
			Run: e.Run, Command: e.Command, Started: e.Time,
			Resumes: e.Resumes, Approvals: e.Approvals, Plan: e.Plan, PlanDigest: e.PlanDigest, Pinned: e.Pinned, Signed: e.Signed, Orphans: e.Orphans, WithholdValues: e.WithholdValues, LeftOut: e.LeftOut,
		}
		for _, s := range e.Steps {
			r.Steps = append(r.Steps, StepReport{StepSummary: s})
		}
		r.makeIndex()
	case EventRunFinished:
		r.Outcome, r.Duration = e.Outcome, e.Duration
	case EventNotice:
		if e.Step == "" {
			r.Notices = append(r.Notices, e.Text)
		}
	default:
		if s := r.Step(e.Step); s != nil {
			s.add(e)
		}
	}
}

func (s *StepReport) add(e Event) {
	switch e.Type {
	case EventStepStarted:
		s.Started = true
	case EventPhaseStarted:
		s.Phase = e.Phase
	case EventAttemptFailed:
		s.FailedAttempts = append(s.FailedAttempts, FailedAttempt{Reason: e.Reason, Error: e.Error, Duration: e.Duration})
	case EventStepFinished:
		s.Outcome, s.Changes, s.Outputs, s.Duration = e.Outcome, e.Changes, e.Outputs, e.Duration
		s.Error, s.Cause, s.Reason, s.Deferred = e.Error, e.Cause, e.Reason, e.Deferred
		s.Told, s.Warnings, s.OnlyIf = e.Told, e.Warnings, e.OnlyIf
		s.ReplannedAfter, s.Identity, s.Fingerprint, s.DoneIn, s.Again = e.ReplannedAfter, e.Identity, e.Fingerprint, e.DoneIn, e.Again
		s.Digest = e.Digest
		s.settleNotStarted()
	default: // nothing else changes what is known of a step
	}
}

// notStartedText is how journals began to say, in Reason, that a step was not started, before that was an outcome.
const notStartedText = "not started"

// settleNotStarted takes back the start of a step that did not begin after all, and reads what older journals say of one:
// they call it interrupted, or blocked by a step that it may not depend on.
func (s *StepReport) settleNotStarted() {
	interrupted := s.Outcome == Interrupted && s.Reason == notStartedText
	failedFast := s.Outcome == Blocked && s.Cause != "" && s.Reason == fmt.Sprintf(notStartedText+" after %s failed", s.Cause)
	if interrupted || failedFast {
		s.Outcome, s.Reason = NotStarted, ""
	}
	if s.Outcome == NotStarted {
		s.Started = false
	}
}

// GoOnWith takes over, from the run that this one went on with, what is done of the steps that this one did not come to.
// They count as skipped here. A step is done no more when one that it depends on began again here.
func (r *Report) GoOnWith(before *Report) {
	for i := range r.Steps {
		now := &r.Steps[i]
		was := before.Step(now.Name)
		if now.Started || now.DoneIn != "" || was == nil || slices.ContainsFunc(now.DependsOn, r.began) {
			continue
		}
		run, done := was.Done(before.Run)
		if !done {
			continue
		}
		now.Outcome, now.DoneIn, now.Identity, now.Fingerprint, now.Outputs = Skipped, run, was.Identity, was.Fingerprint, was.Outputs
		now.Reason, now.Cause = was.Reason, ""
	}
}

// began reports whether a step began in this run itself.
func (r *Report) began(step StepName) bool {
	s := r.Step(step)
	return s != nil && s.Started && s.DoneIn == ""
}

// Done reports whether a step was done in a run, and in which: in that one, or in one that it went on with.
func (s *StepReport) Done(run RunID) (RunID, bool) {
	if s.Outcome == Skipped && s.DoneIn != "" {
		return s.DoneIn, true
	}
	return run, s.Outcome == Succeeded || s.Outcome == Unchanged
}

// Shown reports whether a preview showed what the step changes, so that a person who saw it has reviewed the step. It is
// false for one that is planned when it is applied: deferred, failed, or planned again after its dependencies.
func (s *StepReport) Shown() bool {
	return (s.Outcome == Succeeded || s.Outcome == Unchanged) && len(s.ReplannedAfter) == 0
}

// ShownFirst reports whether a preview showed what comes first in the step: what is left is planned when that is done.
func (s *StepReport) ShownFirst() bool { return s.Outcome == Deferred && s.Changes.ComeFirst() }

// Step returns the report of a step, or nil when the run has none of that name. It changes nothing: several goroutines may
// ask at once.
func (r *Report) Step(name StepName) *StepReport {
	i, ok := r.index[name]
	if r.index == nil { // it was put together by hand
		i = slices.IndexFunc(r.Steps, func(s StepReport) bool { return s.Name == name })
		ok = i >= 0
	}
	if !ok {
		return nil
	}
	return &r.Steps[i]
}

// UnmarshalJSON reads the document.
func (r *Report) UnmarshalJSON(text []byte) error {
	type document Report // without this method
	if err := json.Unmarshal(text, (*document)(r)); err != nil {
		return err
	}
	r.makeIndex()
	return nil
}

func (r *Report) makeIndex() {
	r.index = make(map[StepName]int, len(r.Steps))
	for i := range r.Steps {
		r.index[r.Steps[i].Name] = i
	}
}

// Count returns how many steps ended so.
func (r *Report) Count(outcome Outcome) int {
	n := 0
	for i := range r.Steps {
		if r.Steps[i].Outcome == outcome {
			n++
		}
	}
	return n
}

// Changes returns the sum of all steps' changes.
func (r *Report) Changes() Changes {
	var sum Changes
	for i := range r.Steps {
		sum = sum.Plus(r.Steps[i].Changes)
	}
	return sum
}

// HasChanges reports whether a step changed, or in a plan would change, is deferred, or cannot tell.
func (r *Report) HasChanges() bool {
	return slices.ContainsFunc(r.Steps, func(s StepReport) bool {
		unforeseeable := r.Command.Previews() && s.Outcome == Succeeded && s.Changes == nil
		return s.Outcome == Deferred || !s.Changes.Empty() || unforeseeable
	})
}

// Overall returns how a run with these steps ends: the worst outcome of a step decides. A step that was not started, and for
// no failure, was not because the run was interrupted.
func (r *Report) Overall() Outcome {
	if slices.ContainsFunc(r.Steps, func(s StepReport) bool { return s.Outcome == NotStarted && s.Cause == "" }) {
		return Interrupted
	}
	for _, worst := range []Outcome{Interrupted, Failed, Held} {
		if r.Count(worst) > 0 {
			return worst
		}
	}
	if r.Count(Blocked) > 0 || r.Count(NotStarted) > 0 {
		return Failed
	}
	return Succeeded
}
