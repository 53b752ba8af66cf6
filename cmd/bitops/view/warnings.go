package view

import (
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// How many warnings are shown: of one step, and of the whole report.
const (
	warningsOfStep = 5
	warningsShown  = 20
)

// A warned step has warnings, some of which are shown.
type warned struct {
	step  *schema.StepReport
	lines []string
	more  int
}

// warnedIn returns the steps of a report that have warnings, with their first lines, so many of all at most.
func warnedIn(r *schema.Report, most int) []warned {
	var all []warned
	for i := range r.Steps {
		step := &r.Steps[i]
		if step.Warnings == nil || step.Warnings.Count == 0 {
			continue
		}
		w := warned{step: step, lines: warningLines(step.Warnings, min(most, warningsOfStep))}
		w.more = step.Warnings.Count - len(w.lines)
		most -= len(w.lines)
		all = append(all, w)
	}
	return all
}

// warningLines returns the first warnings of a step, failed checks before the others.
func warningLines(ws *schema.Warnings, most int) []string {
	var checks, others []string
	for _, w := range ws.List {
		text := shortened(firstLine(w.Text), 300)
		if w.Check {
			checks = append(checks, text)
		} else {
			others = append(others, text)
		}
	}
	all := append(checks, others...)
	return all[:min(len(all), most)]
}

// warnings shows what tools warned about.
func (s *summary) warnings() {
	all, _ := s.report.Warnings()
	if all == 0 {
		return
	}
	s.section(amount(all, "warning"), s.ink.amber)
	for _, w := range warnedIn(s.report, s.options.limit(warningsShown, all)) {
		for _, line := range w.lines {
			s.line("  " + s.ink.bold(visible(w.step.Name)) + ": " + line)
		}
		if w.more > 0 {
			s.line("  " + s.ink.bold(visible(w.step.Name)) + ": and " + number(w.more) + " more; its log has them")
		}
	}
}

// warnings lists what tools warned about.
func (m *markdown) warnings() {
	all, _ := m.report.Warnings()
	if all == 0 {
		return
	}
	var b strings.Builder
	b.WriteString("#### " + amount(all, "warning") + "\n\n")
	for _, w := range warnedIn(m.report, warningsShown) {
		for _, line := range w.lines {
			b.WriteString("- " + code(string(w.step.Name)) + ": " + inline(line) + "\n")
		}
		if w.more > 0 {
			b.WriteString("- " + code(string(w.step.Name)) + ": and " + number(w.more) + " more\n")
		}
	}
	m.add(b.String() + "\n")
}
