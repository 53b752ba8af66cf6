package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Runs lists runs, one a line: when it began, what it did, how it ended, what it changed, how long it took.
func Runs(w io.Writer, runs []*schema.Report, color bool) error {
	out, k := &screen{w: w, width: Width(w)}, ink{color}
	if len(runs) == 0 {
		out.line("There was no run here yet.")
	}
	for _, r := range runs {
		if r.Command == "" {
			out.line(visible(r.Run) + "  " + k.amber(k.text(unread(r))))
			continue
		}
		changes := r.Changes()
		words := []string{
			visible(r.Run), k.faint(r.Started.Local().Format(time.DateTime)), pad(visible(r.Command), 12),
			pad(howItEnded(r), 12), pad(counts(&changes), 12), pad(took(r), 7), EnvironmentsOf(r),
		}
		if r.State == schema.RunRunning {
			words = append(words, k.faint("("+holderOf(r)+")"))
		}
		out.columns(words, 4, 4)
	}
	out.flush()
	return out.err
}

// unread says why there is nothing to say of a run.
func unread(r *schema.Report) string {
	if r.State == schema.RunRunning {
		return "begins now"
	}
	return strings.Join(r.Notices, "; ")
}

// howItEnded returns the outcome of a run in a word, or what is known of one without.
func howItEnded(r *schema.Report) string {
	if r.Outcome == "" && (r.State == schema.RunRunning || r.State == schema.RunKilled) {
		return string(r.State)
	}
	return outcomeWord(r.Outcome)
}

// holderOf says which process executes a run, "" when that is not known.
func holderOf(r *schema.Report) string {
	h := r.Holder
	if h == nil {
		return ""
	}
	where := visible(h.Host)
	if h.User != "" {
		where = visible(h.User) + "@" + where
	}
	return fmt.Sprintf("%s, process %d", where, h.Process)
}

// withoutEnd says what is known of a run that has no outcome.
func withoutEnd(r *schema.Report) []string {
	switch r.State {
	case schema.RunRunning:
		return []string{
			"It is running: " + holderOf(r) + ", since " + r.Holder.Since.Local().Format(time.DateTime) + heard(r.Holder) + ".",
			"Follow it to its end: `bitops show --follow " + visible(r.Run) + "`",
		}
	case schema.RunKilled:
		return []string{"It ended without a result. It was killed, or its machine went away" + joined(": ", lastHeard(r.Holder)) + "."}
	default:
		return []string{"It has not finished: it is still running, or it was killed."}
	}
}

// heard says when a process in a shared store was heard of last.
func heard(h *schema.RunHolder) string {
	if h.Heard.IsZero() {
		return ""
	}
	return ", last heard of at " + h.Heard.Local().Format(time.TimeOnly)
}

// lastHeard says what is left of a process that is gone, "" when nothing is.
func lastHeard(h *schema.RunHolder) string {
	switch {
	case h == nil:
		return ""
	case len(h.Left) > 0:
		left := make([]string, len(h.Left))
		for i, process := range h.Left {
			left[i] = visible(process)
		}
		return "child processes of it are still running: " + strings.Join(firstOf(left, 3), ", ")
	case !h.Heard.IsZero():
		return "it was heard of last at " + h.Heard.Local().Format(time.DateTime)
	default:
		return "what it had started is being ended"
	}
}

func took(r *schema.Report) string {
	if r.Outcome == "" {
		return ""
	}
	return elapsed(r.Duration)
}

// EnvironmentsOf says which environments a run was about: the first few, and how many more.
func EnvironmentsOf(r *schema.Report) string {
	var names []string
	for _, e := range byEnvironment(r) {
		names = append(names, visible(e.name))
	}
	return strings.Join(firstOf(names, 4), ", ")
}

// RunsJSON lists runs to a program: an array of reports without their steps' details.
func RunsJSON(w io.Writer, runs []*schema.Report) error {
	type run struct {
		Run      schema.RunID           `json:"run"`
		Command  schema.Command         `json:"command,omitempty"`
		Started  time.Time              `json:"started,omitzero"`
		Duration time.Duration          `json:"duration_ns,omitempty"`
		Outcome  schema.Outcome         `json:"outcome,omitempty"` // left out while it has not finished
		State    schema.RunState        `json:"state,omitempty"`   // of a run without an outcome
		Holder   *schema.RunHolder      `json:"holder,omitempty"`
		Resumes  schema.RunID           `json:"resumes,omitempty"`
		Outcomes map[schema.Outcome]int `json:"outcomes,omitempty"`
		Changes  schema.Changes         `json:"changes"`
		Notices  []string               `json:"notices,omitempty"`
	}
	all := make([]run, 0, len(runs))
	for _, r := range runs {
		outcomes := map[schema.Outcome]int{}
		for i := range r.Steps {
			if o := r.Steps[i].Outcome; o != "" {
				outcomes[o]++
			}
		}
		all = append(all, run{
			Run: r.Run, Command: r.Command, Started: r.Started, Duration: r.Duration, Outcome: r.Outcome, State: r.State, Holder: r.Holder,
			Resumes: r.Resumes, Outcomes: outcomes, Changes: r.Changes(), Notices: r.Notices,
		})
	}
	return WriteJSON(w, all)
}

// ReportJSON shows a report to a program: the document as it is.
func ReportJSON(w io.Writer, r *schema.Report) error { return WriteJSON(w, r) }

// Past shows a run that is over, or at work elsewhere: which one it was, then its last screen.
func Past(w io.Writer, r *schema.Report, o Options) error {
	out, k := &screen{w: w, width: o.Width}, ink{o.Color}
	out.line(k.bold("Run "+visible(r.Run)) + ": " + visible(r.Command) + ", begun " + r.Started.Local().Format(time.DateTime))
	if r.Resumes != "" {
		out.line("It went on with run " + visible(r.Resumes) + ".")
	}
	if r.Outcome == "" {
		for _, line := range withoutEnd(r) {
			out.hanging(k.amber(line), 2)
		}
	}
	for _, notice := range r.Notices {
		out.line(k.amber("note: ") + k.text(notice))
	}
	for i := range r.Steps {
		step := &r.Steps[i]
		if step.Again != "" {
			out.line(visible(step.Name) + " ran again: " + k.text(step.Again))
		}
		for n, failed := range step.FailedAttempts {
			out.line(fmt.Sprintf("%s: attempt %d failed after %s: %s", visible(step.Name), n+1, elapsed(failed.Duration),
				shortened(firstLine(failed.Reason), 160)))
		}
	}
	showSummary(out, k, o, r)
	out.flush()
	return out.err
}
