package view

import (
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// plannedShown is how many environments a plan shows one by one.
const plannedShown = 50

// plan shows what a run would do: a line for each environment, and below it what changes or waits.
func (s *summary) plan() {
	var planned []environment
	for _, e := range s.environments {
		if e.planned() {
			planned = append(planned, e)
		}
	}
	if len(planned) == 0 {
		return
	}
	shown := s.chosen(planned)
	what := make([]string, len(planned))
	for i, e := range planned {
		if shown[i] {
			what[i] = foreseen(e)
		}
	}
	s.blank()
	width := column(20, what...)
	var rest []environment
	for i, e := range planned {
		if !shown[i] {
			rest = append(rest, e)
			continue
		}
		s.line(s.paintCounts(pad(what[i], width), e) + "  " + s.ink.bold(visible(e.name)) + s.behind(e))
		for _, step := range e.steps {
			s.plannedStep(step, len(e.steps) > 1, strings.Repeat(" ", width+2))
		}
		if flag := approvalFlag(s.report, e.name); flag != "" {
			s.line(strings.Repeat(" ", width+2) + s.ink.amber(waitsForApproval+flag))
		}
	}
	if len(rest) > 0 {
		s.linef("and %s%s (-v shows them all)", amount(len(rest), "more environment"), joined(": ", counts(sumOf(rest))))
	}
}

const waitsForApproval = "waits for approval: "

// approvalFlag returns the flag that approves what a report shows of an environment, or "" where nothing waits for that.
func approvalFlag(r *schema.Report, name schema.EnvironmentName) string {
	if _, digest := r.Approvable(name); digest != "" {
		return "--approve " + visible(name) + "@" + visible(digest)
	}
	return ""
}

// planned reports whether a plan has something to say of the environment.
func (e environment) planned() bool { return slices.ContainsFunc(e.steps, foretold) }

// foretold reports whether a plan has something to say of the step.
func foretold(s *schema.StepReport) bool {
	return s.Outcome == schema.Succeeded || s.Outcome == schema.Deferred
}

// chosen marks the environments to show. Those that lose something come before all others.
func (s *summary) chosen(planned []environment) []bool {
	left := s.options.limit(plannedShown, len(planned))
	shown := make([]bool, len(planned))
	for _, destructive := range []bool{true, false} {
		for i, e := range planned {
			if sum := e.changes(); left > 0 && !shown[i] && (!destructive || sum != nil && sum.Remove > 0) {
				shown[i] = true
				left--
			}
		}
	}
	return shown
}

// foreseen returns what an environment would change in short.
func foreseen(e environment) string {
	if text := counts(e.changes()); text != "" {
		return text
	}
	if e.outcome() == schema.Deferred {
		return "deferred"
	}
	return "unknown"
}

func (s *summary) paintCounts(text string, e environment) string {
	switch sum := e.changes(); {
	case sum == nil:
		return s.ink.amber(text)
	case sum.Remove > 0:
		return s.ink.alarm(text)
	case sum.Empty():
		return text
	}
	return s.ink.green(text)
}

// plannedStep shows what one step of an environment would do, under its name where there are several.
func (s *summary) plannedStep(step *schema.StepReport, named bool, indent string) {
	if !foretold(step) {
		return
	}
	if named {
		name := visible(deployment(step))
		if step.Outcome == schema.Deferred {
			name += s.ink.amber(" (deferred)")
		}
		s.line(indent + name)
		indent += "  "
	}
	if step.Reason != "" {
		s.line(indent + s.ink.amber(s.ink.text(step.Reason)))
	}
	switch {
	case step.Outcome == schema.Deferred:
		s.deferred(step, indent)
	case step.Changes == nil && len(step.Told) > 0:
		s.line(indent + s.ink.amber(visible(step.Tool)+" cannot tell how much will change. Its plan:"))
	case step.Changes == nil && step.Reason == "":
		s.line(indent + s.ink.amber(visible(step.Tool)+" cannot tell what will change"))
	default:
		s.resources(indent, step.Changes)
	}
	s.told(indent, step)
}

// mocked marks the changes of a deferred step, which come of made-up values and are no promise.
const mocked = "preview with mock values:"

// deferred shows what a step waits for before it can be planned, and how its preview failed.
func (s *summary) deferred(step *schema.StepReport, indent string) {
	if text := onlyIf(step.OnlyIf); text != "" {
		s.line(indent + text)
	}
	shown := s.options.limit(namesShown, len(step.Deferred))
	for _, w := range step.Deferred[:shown] {
		waits := strings.Join(awaited([]schema.Waiting{w}), ", ")
		s.line(indent + visible(w.Input) + " waits for " + waits)
	}
	if rest := len(step.Deferred) - shown; rest > 0 {
		s.line(indent + "and " + amount(rest, "more input"))
	}
	switch {
	case step.ShownFirst():
		s.resources(indent, step.Changes)
	case step.Changes != nil:
		s.line(indent + mocked + " " + counts(step.Changes))
		s.resources(indent+"  ", step.Changes)
	}
	if step.Error != nil {
		for _, text := range lines(step.Error.Message, s.options.Color) {
			s.line(indent + text)
		}
		s.lastLines(step.Error, s.options.limit(failureLines, len(step.Error.Lines)), indent)
		s.log(step, indent)
	}
}

// planSum is what a plan comes to: what changes, and how many environments did not get that far.
type planSum struct {
	changes  schema.Changes
	kinds    schema.Kinds
	replaced int // resources that are counted as added and as removed
	changed  int // environments
	same     int // environments
	others   []string
}

func (s *summary) planSum() planSum {
	var sum planSum
	unknown := 0
	count := map[schema.Outcome]int{}
	for _, e := range s.environments {
		changes := e.changes()
		sum.changes, sum.kinds = sum.changes.Plus(changes), sum.kinds.Plus(e.kinds())
		sum.replaced += e.replaced()
		if !changes.Empty() {
			sum.changed++
		}
		if slices.ContainsFunc(e.steps, unforeseeable) {
			unknown++
		}
		count[e.outcome()]++
	}
	others := []figure{
		{count[schema.Deferred], "deferred"},
		{unknown, "unknown"},
		{count[schema.Failed], "failed"},
		{count[schema.Blocked], "blocked"},
		{count[schema.Held], "held"},
		{count[schema.Interrupted], "interrupted"},
		{count[""], s.unfinished()},
		{count[schema.NotStarted], "not started"},
	}
	for i := range others {
		others[i].what = number(others[i].n) + " " + others[i].what
	}
	sum.others = told(others)
	sum.same = count[schema.Unchanged]
	return sum
}

// rest says what became of the environments that do not change, "" where all do.
func (p planSum) rest() string {
	all := p.others
	if p.same > 0 {
		all = append(slices.Clip(all), number(p.same)+" unchanged")
	}
	return strings.Join(all, ", ")
}

// planTotal returns the line that sums a plan up: resources first, then environments.
func (s *summary) planTotal() string {
	sum := s.planSum()
	promised := strings.Join(s.promised(sum), ", ")
	switch {
	case s.report.Command == schema.CommandDrift:
		return s.driftTotal(promised, sum)
	case sum.changed == 0 && sum.rest() == "":
		return "No changes"
	case sum.changed == 0 && len(sum.others) == 0:
		return "No changes: " + amount(sum.same, "environment") + " unchanged"
	}
	return "Plan: " + promised + " in " + amount(sum.changed, "environment") + joined("; ", sum.rest())
}

// driftTotal is planTotal for what should be there already.
func (s *summary) driftTotal(promised string, sum planSum) string {
	_, checks := s.report.Warnings()
	rest := sum.rest()
	switch {
	case sum.changed == 0 && checks > 0:
		return s.ink.amber(amount(checks, "check")+" failed") + "; everything else is as declared" + joined("; ", rest)
	case sum.changed == 0 && len(sum.others) == 0:
		return "No drift: " + amount(sum.same, "environment") + " as declared"
	case checks > 0:
		rest = amount(checks, "check") + " failed" + joined(", ", rest)
	}
	return "Drift in " + amount(sum.changed, "environment") + ": to be as declared, " + promised + joined("; ", rest)
}

// unforeseeable reports whether a step was planned, and yet nobody knows what it will change.
func unforeseeable(s *schema.StepReport) bool {
	return s.Outcome == schema.Succeeded && s.Changes == nil
}

// promised returns changes in words. A resource that is replaced counts as added and as destroyed.
func (s *summary) promised(sum planSum) []string {
	c := sum.changes
	destroy := number(c.Remove) + " to destroy"
	if c.Remove > 0 {
		destroy = s.ink.alarm(destroy)
	}
	return append([]string{number(c.Add) + " to add", number(c.Change) + " to change", destroy}, sum.besides()...)
}

// besides returns in words what else changes than that resources are added, changed and destroyed.
func (p planSum) besides() []string {
	k := p.kinds
	return told([]figure{
		{k.Imported, number(k.Imported) + " to import"},
		{k.Moved, number(k.Moved) + " to move"},
		{k.Forgotten, number(k.Forgotten) + " to forget"},
		{k.Invoked, amount(k.Invoked, "action") + " to invoke"},
		{k.Deferred, amount(k.Deferred, "resource") + " deferred"},
		{p.changes.Outputs, amount(p.changes.Outputs, "output") + " to change"},
	})
}

// figure is a number of things, and how it is told.
type figure struct {
	n    int
	what string
}

// told returns what there is at least one of.
func told(all []figure) []string {
	var parts []string
	for _, t := range all {
		if t.n > 0 {
			parts = append(parts, t.what)
		}
	}
	return parts
}
