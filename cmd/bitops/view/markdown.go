package view

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// CommentLimit is how long a comment on a pull request can be, in bytes: GitHub takes 65,536 characters, GitLab more.
const CommentLimit = 65_000

// Origin says where a report is from, for those who read it elsewhere. What is not known is "".
type Origin struct {
	Revision string // the commit
	Apply    string // the command that applies the plan
	Link     string // to what the job left, such as the plan file
}

// Markdown shows a report as a comment on a pull request: totals on top, then failures and what is lost with its cause, then
// each environment folded, with what changes of its resources as far as there is room. It is never longer than limit bytes; what
// does not fit is counted. Foreign text in it is nothing but text: it is no markup, no link, and it calls nobody.
func Markdown(w io.Writer, r *schema.Report, limit int, from Origin) error {
	r = shared(r)
	m := &markdown{summary: &summary{screen: &screen{}, report: r, environments: byEnvironment(r), options: Options{}}, from: from}
	m.left = limit - reserve
	m.title()
	m.failures()
	m.lost()
	m.held()
	m.warnings()
	m.orphans()
	m.details()
	m.rest()
	_, err := io.WriteString(w, inertLines(m.text.String()))
	return err
}

// shared returns a report as others may see it: without values where the manifest keeps them here.
func shared(r *schema.Report) *schema.Report {
	if !r.WithholdValues {
		return r
	}
	without := *r
	without.Steps = slices.Clone(r.Steps)
	for i := range without.Steps {
		without.Steps[i].Changes, without.Steps[i].Told = without.Steps[i].Changes.WithoutValues(), nil
	}
	return &without
}

// reserve is kept for the last lines, which say what is missing.
const reserve = 400

// How much of a comment its parts take.
const (
	commentResources = 100
	commentLines     = 12
	commentWidth     = 120     // columns of a value, before it is told on lines of its own
	leastDetail      = 6 << 10 // bytes for one environment, if there are so many
)

type markdown struct {
	*summary
	from    Origin
	text    strings.Builder
	left    int // bytes
	omitted int // environments
	cut     bool
}

// add adds a part as a whole, if it fits.
func (m *markdown) add(part string) bool {
	if len(part) > m.left {
		m.cut = true
		return false
	}
	m.text.WriteString(part)
	m.left -= len(part)
	return true
}

func (m *markdown) title() {
	m.add(fmt.Sprintf("### bitops %s\n\n**%s**\n\n", inline(string(m.report.Command)), strings.ReplaceAll(m.total(), "~", "&#126;")))
	var parts []string
	if m.from.Revision != "" {
		parts = append(parts, "commit "+code(m.from.Revision))
	}
	if m.report.Command.Previews() {
		parts = append(parts, m.selection())
	}
	if m.from.Apply != "" {
		parts = append(parts, "apply it with "+code(m.from.Apply))
	}
	if strings.HasPrefix(m.from.Link, "https://") && !strings.ContainsAny(m.from.Link, " <>()\"'`\n") {
		parts = append(parts, "[what the job left]("+m.from.Link+")")
	}
	if len(parts) > 0 {
		m.add(strings.Join(parts, " · ") + "\n\n")
	}
	if m.report.PlanDigest != "" {
		m.add("Digest of the plan file: " + code(m.report.PlanDigest) + "\n\n")
	}
}

// selection says which environments were selected.
func (m *markdown) selection() string {
	var selected []string
	for _, e := range m.environments {
		left := func(s *schema.StepReport) bool { return s.Outcome == schema.Skipped && s.Reason == "" }
		if !slices.ContainsFunc(e.steps, left) {
			selected = append(selected, code(string(e.name)))
		}
	}
	all := len(m.environments) + m.report.LeftOut
	switch len(selected) {
	case all:
		return "selection: everything"
	case 0:
		return "selection: nothing of " + amount(all, "environment")
	}
	return "selection: " + strings.Join(firstOf(selected, 10), ", ") + " of " + amount(all, "environment")
}

func (m *markdown) failures() {
	for _, step := range m.withOutcome(schema.Failed) {
		e := step.Error
		if e == nil {
			e = &schema.StepError{Message: step.Reason}
		}
		if !m.add(fmt.Sprintf("**Failed:** %s: %s", code(string(step.Name)), errorBlock(e))) {
			break
		}
	}
}

// errorBlock shows why something failed, and the last lines of the program.
func errorBlock(e *schema.StepError) string {
	var b strings.Builder
	b.WriteString(inline(firstLine(e.Message)) + "\n\n")
	if last := lastOf(e.Lines, commentLines); len(last) > 0 {
		b.WriteString("<pre>\n")
		for _, line := range last {
			b.WriteString(html.EscapeString(shortened(printable(line, false), 400)) + "\n")
		}
		b.WriteString("</pre>\n\n")
	}
	return b.String()
}

func firstLine(text string) string { return lines(text, false)[0] }

// shortened cuts a text that is too long, between two runes.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// lost lists every resource that is destroyed or replaced, and why, above everything else that changes.
func (m *markdown) lost() {
	total, listed := 0, 0
	var b strings.Builder
	for i := range m.report.Steps {
		step := &m.report.Steps[i]
		all := lostIn(step)
		total += len(all)
		if len(all) == 0 {
			continue
		}
		head, foot := "In "+code(string(step.Name))+":\n\n```diff\n", "```\n\n"
		room := m.left - b.Len() - len(head) - len(foot) - reserve
		fit := 0
		for fit < len(all) && room >= len(all[fit]) {
			room -= len(all[fit])
			fit++
		}
		if fit > 0 {
			b.WriteString(head + strings.Join(all[:fit], "") + foot)
			listed += fit
		}
	}
	if total == 0 {
		return
	}
	text := "#### Destroyed or replaced\n\n" + b.String()
	if more := total - listed; more > 0 {
		text += fmt.Sprintf("and %s\n\n", amount(more, "more resource"))
	}
	m.add(text)
}

func lostIn(step *schema.StepReport) []string {
	if step.Changes == nil || step.Outcome == schema.Deferred && !step.ShownFirst() { // it was only previewed with made-up values
		return nil
	}
	var all []string
	for i := range step.Changes.Resources {
		if r := &step.Changes.Resources[i]; r.Loses() {
			all = append(all, resourceLine(r))
		}
	}
	return all
}

func (m *markdown) held() {
	for _, step := range m.withOutcome(schema.Held) {
		m.add(fmt.Sprintf("**Held:** %s: %s\n\n", code(string(step.Name)), inline(step.Reason)))
	}
}

// orphans shows what the manifest no longer has.
func (m *markdown) orphans() {
	o := orphansOf(m.report)
	var b strings.Builder
	if m.report.Command.Previews() {
		writeRenames(&b, renamedTitle, o.renamed)
	}
	writeRenames(&b, contestedTitle, o.contested)
	if len(o.lines) == 0 {
		m.add(b.String())
		return
	}
	b.WriteString("#### " + orphansTitle + "\n\n")
	for _, line := range firstOf(o.lines, commentResources) {
		b.WriteString("- " + inline(line) + "\n")
	}
	if o.command != "" {
		b.WriteString("\nTake it down: " + code(o.command) + "\n")
	}
	m.add(b.String() + "\n")
}

// writeRenames shows what has another name.
func writeRenames(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	b.WriteString("#### " + title + "\n\n")
	for _, line := range firstOf(lines, commentResources) {
		b.WriteString("- " + inline(line) + "\n")
	}
	b.WriteString("\n")
}

// details has a folded part for each environment with something to say, those that lose something first.
func (m *markdown) details() {
	var said, quiet []environment
	for _, e := range m.environments {
		if o := e.outcome(); o == schema.Unchanged || o == schema.Skipped {
			quiet = append(quiet, e)
			continue
		}
		said = append(said, e)
	}
	slices.SortStableFunc(said, func(a, b environment) int { return loses(b) - loses(a) })
	lines, least := make([]string, len(said)), 0 // what the others need at least
	for i, e := range said {
		lines[i] = m.line(e)
		least += len(lines[i])
	}
	for i, e := range said {
		least -= len(lines[i])
		room := m.left - least
		share := max(room/(len(said)-i), min(room, leastDetail))
		detailed := share > len(lines[i]) && m.add(m.detail(e, share))
		if !detailed && !m.add(lines[i]) {
			m.omitted++
		}
	}
	if len(quiet) > 0 {
		m.add(m.unchanged(quiet))
	}
}

func loses(e environment) int {
	if c := e.changes(); c != nil && c.Remove > 0 {
		return 1
	}
	return 0
}

// shortWord returns how an environment is summed up.
func shortWord(e environment) string {
	if o := e.outcome(); o != schema.Succeeded {
		return outcomeWord(o)
	}
	return cmp.Or(counts(e.changes()), "unknown")
}

func (m *markdown) line(e environment) string {
	return fmt.Sprintf("<div>%s <b>%s</b>%s</div>\n", code(shortWord(e)), inline(string(e.name)), m.place(e))
}

// detail shows an environment in at most so many bytes, as far as that is possible.
func (m *markdown) detail(e environment, room int) string {
	var b strings.Builder
	for i, step := range e.steps {
		m.step(&b, step, len(e.steps) > 1, (room-b.Len())/(len(e.steps)-i))
	}
	if flag := approvalFlag(m.report, e.name); flag != "" {
		b.WriteString(waitsForApproval + code(flag) + "\n\n")
	}
	if b.Len() == 0 {
		return m.line(e)
	}
	return fmt.Sprintf("<details><summary>%s <b>%s</b>%s</summary>\n\n%s</details>\n", code(shortWord(e)), inline(string(e.name)), m.place(e), &b)
}

// place ends the line of an environment with where it is deployed.
func (m *markdown) place(e environment) string {
	if p := e.place(); p != "" {
		return " " + inline(p)
	}
	return ""
}

func (m *markdown) step(b *strings.Builder, step *schema.StepReport, named bool, room int) {
	began := b.Len()
	if named {
		fmt.Fprintf(b, "%s: %s\n\n", code(deployment(step)), inline(outcomeWord(step.Outcome)))
	}
	if step.Reason != "" {
		fmt.Fprintf(b, "<i>%s</i>\n\n", inline(step.Reason))
	}
	if step.Outcome == schema.Blocked && step.Cause != "" {
		fmt.Fprintf(b, "blocked by %s\n\n", code(string(step.Cause)))
	}
	if step.Outcome == schema.NotStarted && step.Cause != "" {
		fmt.Fprintf(b, "not started after %s failed\n\n", code(string(step.Cause)))
	}
	if text := onlyIf(step.OnlyIf); text != "" {
		fmt.Fprintf(b, "<i>%s</i>\n\n", inline(text))
	}
	for _, waiting := range step.Deferred {
		fmt.Fprintf(b, "- %s waits for %s\n", code(waiting.Input), code(strings.Join(waiting.For, ", ")))
	}
	if len(step.Deferred) > 0 {
		b.WriteString("\n")
	}
	if step.Outcome == schema.Deferred && step.Error != nil {
		b.WriteString(errorBlock(step.Error))
	}
	if step.Outcome == schema.Deferred && step.Changes != nil && !step.ShownFirst() {
		fmt.Fprintf(b, "%s %s\n\n", mocked, code(counts(step.Changes)))
	}
	if step.Changes != nil {
		resourceList(b, step.Changes, room-(b.Len()-began)-reserve)
	}
	b.WriteString(toldBlock(step.Told, room-(b.Len()-began)-reserve))
}

func (m *markdown) unchanged(quiet []environment) string {
	names := make([]string, len(quiet))
	for i, e := range quiet {
		names[i] = code(string(e.name))
		for _, step := range e.steps {
			if after := replanned(step.ReplannedAfter); after != "" {
				names[i] += " (" + inline(after) + ")"
				break
			}
		}
	}
	return fmt.Sprintf("<details><summary>%s unchanged or left out</summary>\n\n%s\n\n</details>\n",
		amount(len(quiet), "environment"), strings.Join(firstOf(names, 200), ", "))
}

// rest says what is missing. Space for it was kept.
func (m *markdown) rest() {
	m.left += reserve
	switch {
	case m.omitted > 0:
		m.add(fmt.Sprintf("\n%s not shown, because a comment can hold no more. `bitops show` has all of it.\n", amount(m.omitted, "environment")))
	case m.cut:
		m.add("\nNot everything is shown, because a comment can hold no more. `bitops show` has all of it.\n")
	}
}

// markupCharacters are those that can mean something in Markdown. As entities they never do.
const markupCharacters = "\\`*_{}[]()<>#!|~&@:\"'=$^\t"

// inline returns foreign text of one line as text and nothing else.
func inline(text string) string {
	var b strings.Builder
	for _, r := range shortened(printable(text, false), 600) {
		if strings.ContainsRune(markupCharacters, r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(b.String(), "www.", "www&#46;")
}

// code returns foreign text as code, in which nobody is called by name.
func code(text string) string { return "<code>" + inline(visible(text)) + "</code>" }
