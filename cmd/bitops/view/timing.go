package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// TimingJSON shows a timing to a program.
func TimingJSON(w io.Writer, t *schema.Timing) error { return WriteJSON(w, t) }

// Timing shows how long a run is expected to take: the chain that takes longest, and what more jobs would help.
func Timing(w io.Writer, t *schema.Timing, color bool) error {
	out, k := &screen{w: w}, ink{color}
	if t.Known == 0 {
		out.line("No step was applied here yet, so nothing is known of how long it takes. This is the graph alone:")
	}
	out.line(k.bold("Critical path: ") + elapsed(t.Chain) + ", and no run is faster")
	var names []string
	for _, step := range t.Path {
		names = append(names, visible(step.Step))
	}
	width := column(60, names...)
	for i, step := range t.Path {
		line := "  " + pad(names[i], width) + "  " + elapsed(step.Duration)
		if !step.Known {
			line += k.faint("  (not known)")
		}
		out.line(line)
	}
	out.blank()
	out.line(k.bold("Jobs at once"))
	for _, j := range t.Jobs {
		out.line(fmt.Sprintf("  %-4d %8s  %s", j.Jobs, elapsed(j.Duration), k.faint(bar(j, t))))
	}
	if unknown := t.Steps - t.Known; unknown > 0 && t.Known > 0 {
		out.blank()
		out.line("Nothing is known of " + amount(unknown, "step") + " of " + number(t.Steps) + "; the mean of the others stands in.")
	}
	out.flush()
	return out.err
}

// barWidth is how long the longest bar is.
const barWidth = 40

func bar(j schema.TimedJobs, t *schema.Timing) string {
	if t.Work <= 0 {
		return ""
	}
	return strings.Repeat("=", max(1, int(float64(j.Duration)/float64(t.Work)*barWidth)))
}
