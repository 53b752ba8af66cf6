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
	out, k := &screen{w: w}, ink{color}
	if len(runs) == 0 {
		out.line("There was no run here yet.")
	}
	for _, r := range runs {
		if r.Command == "" {
			out.line(visible(r.Run) + "  " + k.amber(k.text(strings.Join(r.Notices, "; "))))
			continue
		}
		changes := r.Changes()
		words := []string{
			visible(r.Run), k.faint(r.Started.Local().Format(time.DateTime)), pad(visible(r.Command), 12),
			pad(howItEnded(r), 12), pad(counts(&changes), 12), pad(took(r), 7), EnvironmentsOf(r),
		}
		out.line(strings.TrimRight(strings.Join(words, "  "), " "))
	}
	out.flush()
	return out.err
}

func howItEnded(r *schema.Report) string {
	return outcomeWord(r.Outcome)
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
			Run: r.Run, Command: r.Command, Started: r.Started, Duration: r.Duration, Outcome: r.Outcome,
			Resumes: r.Resumes, Outcomes: outcomes, Changes: r.Changes(), Notices: r.Notices,
		})
	}
	return WriteJSON(w, all)
}

// ReportJSON shows a report to a program: the document as it is.
func ReportJSON(w io.Writer, r *schema.Report) error { return WriteJSON(w, r) }

// Past shows a run that is over, or at work elsewhere: which one it was, then its last screen.
func Past(w io.Writer, r *schema.Report, o Options) error {
	out, k := &screen{w: w}, ink{o.Color}
	out.line(k.bold("Run "+visible(r.Run)) + ": " + visible(r.Command) + ", begun " + r.Started.Local().Format(time.DateTime))
	if r.Resumes != "" {
		out.line("It went on with run " + visible(r.Resumes) + ".")
	}
	if r.Outcome == "" {
		out.line(k.amber("It has not finished: it is still at work, or it was killed."))
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
