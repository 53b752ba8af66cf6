package view

import (
	"io"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// SavedPlan shows a saved plan: where it is from, then the screen with which it was made.
func SavedPlan(w io.Writer, p *schema.SavedPlan, o Options) error {
	out, k := &screen{w: w, width: o.Width}, ink{o.Color}
	made := "made " + p.Created.Local().Format(time.DateTime) + " by bitops " + visible(p.Bitops)
	if p.Revision != "" {
		made += " at commit " + visible(p.Revision)
	}
	out.line(k.bold("Plan for "+visible(p.Command)) + ", " + k.text(made))
	if p.Signer != "" {
		out.line("Signed with " + visible(p.Signer) + ", which is checked when it is applied")
	}
	report := *p.Report
	report.Steps = nil
	for _, step := range p.Report.Steps {
		step.Log = "" // it is where the plan was made
		report.Steps = append(report.Steps, step)
	}
	showSummary(out, k, o, &report)
	out.flush()
	return out.err
}

// SavedPlanJSON shows a saved plan to a program: the document as it is.
func SavedPlanJSON(w io.Writer, p *schema.SavedPlan) error { return WriteJSON(w, p) }
