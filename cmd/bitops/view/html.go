package view

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

//go:embed report.html.tmpl
var reportTemplate string

// parsed on first use: most commands show no page.
var page = sync.OnceValue(func() *template.Template { return template.Must(template.New("report").Parse(reportTemplate)) })

// How much a page shows, so that it opens quickly whatever ran.
const (
	pageSteps      = 2000
	pageResources  = 200
	pageToldLines  = 200    // of what a tool printed as its plan
	pageLinesOfOne = 100    // of what changes of one resource
	pageWidth      = 110    // columns of a value, before it is told on lines of its own
	pageAllLines   = 20_000 // of what changes in all
)

type pageReport struct {
	Command, Run, Headline, Tone, Total, Started, Resumes, Digest, More string
	Notices                                                             []string
	Steps                                                               []pageStep
}

type pageStep struct {
	Name, Outcome, Tone, Why, Changes, Time string
	Lines, Waits, Warnings                  []string
	Told                                    []string // what the tool printed as its plan
	Resources                               []pageResource
	Open, Unknown                           bool // Unknown: nothing else is known of what changes
}

type pageResource struct {
	Text, Tone string
	Lines      []pageLine // what changes of it
}

type pageLine struct{ Text, Tone string }

// HTML shows a report as one page that needs nothing else: no scripts, no other files. What went wrong stands first.
func HTML(w io.Writer, r *schema.Report) error {
	r = shared(r)
	s := &summary{screen: &screen{}, report: r, environments: byEnvironment(r)}
	head := s.headline()
	p := pageReport{
		Command: visible(r.Command), Run: visible(r.Run), Headline: head.text, Tone: head.tone, Total: head.below,
		Started: r.Started.Format(time.RFC1123), Resumes: visible(r.Resumes), Digest: visible(r.PlanDigest),
	}
	for _, notice := range r.Notices {
		p.Notices = append(p.Notices, firstLine(notice))
	}
	if o := orphansOf(r); len(o.lines) > 0 {
		p.Notices = append(p.Notices, orphansTitle+": "+strings.Join(firstOf(o.lines, groupsShown), "; ")+joined(". Take it down: ", o.command))
	}
	steps := make([]*schema.StepReport, len(r.Steps))
	for i := range r.Steps {
		steps[i] = &r.Steps[i]
	}
	slices.SortStableFunc(steps, func(a, b *schema.StepReport) int { return urgency(a.Outcome) - urgency(b.Outcome) })
	left := pageAllLines
	for _, step := range steps[:min(len(steps), pageSteps)] {
		p.Steps = append(p.Steps, pageStepOf(step, &left))
		if r.Command.Previews() && step.Outcome == schema.Succeeded {
			p.Steps[len(p.Steps)-1].Outcome = "planned"
		}
		if flag := approvalFlag(r, step.Environment); flag != "" && step.Digest != "" {
			last := &p.Steps[len(p.Steps)-1]
			last.Waits = append(last.Waits, waitsForApproval+flag)
		}
	}
	if more := len(steps) - pageSteps; more > 0 {
		p.More = "and " + amount(more, "more step") + "; bitops show has all of them"
	}
	return page().Execute(w, p)
}

// urgency sorts outcomes by how soon a person wants to see them.
func urgency(o schema.Outcome) int {
	order := []schema.Outcome{
		schema.Failed, schema.Interrupted, "", schema.Held, schema.Blocked, schema.NotStarted, schema.Deferred, schema.Succeeded, schema.Unchanged, schema.Skipped,
	}
	return slices.Index(order, o)
}

func tone(o schema.Outcome) string {
	switch o {
	case schema.Succeeded:
		return "good"
	case schema.Failed:
		return "bad"
	case schema.Unchanged, schema.Skipped:
		return "faint"
	default:
		return "warn"
	}
}

// pageStepOf returns a step as a page shows it, with as many lines of what changes as are left.
func pageStepOf(step *schema.StepReport, left *int) pageStep {
	p := pageStep{
		Name: visible(step.Name), Outcome: outcomeWord(step.Outcome), Tone: tone(step.Outcome), Time: elapsed(step.Duration),
		Changes: counts(step.Changes),
	}
	if step.Outcome == schema.Deferred && step.Changes != nil && !step.ShownFirst() {
		p.Changes = mocked + " " + p.Changes
	}
	if step.Error != nil {
		p.Why = firstLine(step.Error.Message)
		if step.Outcome == schema.Deferred {
			p.Why = howStepEnded(step)
		}
		for _, line := range step.Error.Lines {
			p.Lines = append(p.Lines, shortened(printable(line, false), 2000))
		}
	} else if step.Reason != "" || step.Cause != "" {
		p.Why = howStepEnded(step)
	} else if step.Again != "" {
		p.Why = "ran again: " + firstLine(step.Again)
	} else {
		p.Why = replanned(step.ReplannedAfter)
	}
	if text := onlyIf(step.OnlyIf); text != "" {
		p.Waits = append(p.Waits, text)
	}
	for _, w := range step.Deferred {
		p.Waits = append(p.Waits, visible(w.Input)+" waits for "+strings.Join(awaited([]schema.Waiting{w}), ", "))
	}
	if ws := step.Warnings; ws != nil {
		p.Warnings = warningLines(ws, len(ws.List))
		if more := ws.Count - len(p.Warnings); more > 0 {
			p.Warnings = append(p.Warnings, "and "+number(more)+" more")
		}
	}
	if where := place(step); where != "" {
		p.Waits = append(p.Waits, where)
	}
	p.Unknown = unforeseeable(step)
	for _, line := range ends(step.Told, min(pageToldLines, *left)) {
		p.Told = append(p.Told, printable(line, false))
		*left--
	}
	p.resources(step, left)
	return p
}

func (p *pageStep) resources(step *schema.StepReport, left *int) {
	if step.Changes == nil {
		return
	}
	d := differences{width: pageWidth, all: "bitops show -v has them"}
	sorted := byDanger(step.Changes.Resources)
	for i := range sorted[:min(len(sorted), pageResources)] {
		r := &sorted[i]
		mark, _, lost := sign(r.Action)
		shown := pageResource{Text: pad(mark, 3) + " " + visible(r.Address) + joined("  ", remark(r)), Lines: pageLines(d.resource(r), left)}
		switch {
		case lost:
			shown.Tone, p.Open = "bad", true
		case mark == "+":
			shown.Tone = "good"
		case mark == "~":
			shown.Tone = "warn"
		}
		p.Resources = append(p.Resources, shown)
	}
	if more := len(sorted) - pageResources; more > 0 {
		p.Resources = append(p.Resources, pageResource{Text: "and " + number(more) + " more"})
	}
	if outputs := pageLines(d.outputs(step.Changes), left); len(outputs) > 0 {
		p.Resources = append(p.Resources, pageResource{Text: outputsTitle, Lines: outputs})
	}
	if beside := pageLines(d.beside(step.Changes), left); len(beside) > 0 {
		p.Resources = append(p.Resources, pageResource{Lines: beside})
	}
}

// pageLines returns what changes of a resource, as many lines as are left at most.
func pageLines(all []diffLine, left *int) []pageLine {
	tones := map[byte]string{'+': "good", '-': "bad", '~': "warn", ' ': "faint"}
	var lines []pageLine
	for i, l := range all {
		if i == pageLinesOfOne || *left == 0 {
			return append(lines, pageLine{Text: "        and more; bitops show -v has all", Tone: "faint"})
		}
		*left--
		line := pageLine{Text: "    " + strings.Repeat("  ", l.depth) + string(l.sign) + " " + l.text, Tone: tones[l.sign]}
		if remark := l.remark(); remark != "" {
			line.Text, line.Tone = line.Text+"  "+remark, "bad"
		}
		lines = append(lines, line)
	}
	return lines
}
