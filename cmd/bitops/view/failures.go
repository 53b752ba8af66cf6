package view

import (
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// How much the last screen shows of what went wrong, unless the person asked for everything.
const (
	failuresShown = 20 // failed steps in full; the others by name
	failureLines  = 20 // last lines of a failed program
	groupsShown   = 20 // causes, reasons
	namesShown    = 20 // steps of one cause or reason
)

// failures shows each failure: step, phase, message, the program's last lines and where the rest is.
func (s *summary) failures() {
	failed := s.withOutcome(schema.Failed)
	if len(failed) == 0 {
		return
	}
	s.section("Failed", s.ink.alarm)
	shown := s.options.limit(failuresShown, len(failed))
	for i, step := range failed[:shown] {
		if i > 0 {
			s.blank()
		}
		s.failure(step)
	}
	if rest := failed[shown:]; len(rest) > 0 {
		names := make([]string, len(rest))
		for i, step := range rest {
			names[i] = visible(step.Name)
		}
		s.blank()
		s.linef("  %s failed too:", amount(len(rest), "more step"))
		s.list("    ", names, namesShown)
	}
}

func (s *summary) failure(step *schema.StepReport) {
	failed := step.Error
	if failed == nil {
		failed = &schema.StepError{Message: step.Reason}
	}
	message := lines(failed.Message, s.options.Color)
	s.line("  " + s.ink.bold(visible(step.Name)) + joined(": ", message[0]) + s.ink.faint(circumstances(step, failed)))
	for _, more := range message[1:] {
		s.line("    " + more)
	}
	s.lastLines(failed, s.options.limit(failureLines, len(failed.Lines)), "    ")
	s.log(step, "    ")
}

// lastLines shows the last error lines of a program, at most so many.
func (s *summary) lastLines(e *schema.StepError, most int, indent string) {
	for _, line := range lastOf(e.Lines, most) {
		for _, text := range lines(line, s.options.Color) {
			s.whole(indent + s.ink.red("|") + joined(" ", text))
		}
	}
}

// circumstances returns when a step failed, in brackets: the phase where it is not the tool itself, after how long, and
// after how many attempts.
func circumstances(step *schema.StepReport, e *schema.StepError) string {
	var known []string
	if e.Phase != "" && e.Phase != schema.PhaseTool {
		known = append(known, "in "+visible(e.Phase))
	}
	if step.Duration > 0 {
		known = append(known, "after "+elapsed(step.Duration))
	}
	if n := len(step.FailedAttempts); n > 0 {
		known = append(known, fmt.Sprintf("attempt %d", n+1))
	}
	if len(known) == 0 {
		return ""
	}
	return " (" + strings.Join(known, ", ") + ")"
}

// blocked shows what could not run, by what is in its way.
func (s *summary) blocked() {
	s.groups("Blocked", s.withOutcome(schema.Blocked), func(step *schema.StepReport) string {
		if step.Reason != "" || step.Cause == "" {
			return s.ink.text(step.Reason)
		}
		by := because(step.Outcome, step.Cause)
		if outcome := s.outcomes[step.Cause]; outcome != "" {
			by += ", which " + verb(outcome)
		}
		return by
	})
}

// verb returns what a step did to end so.
func verb(o schema.Outcome) string {
	switch o {
	case schema.Failed, schema.Succeeded:
		return string(o)
	case schema.Interrupted, schema.Skipped:
		return "was " + string(o)
	default:
		return "is " + outcomeWord(o)
	}
}

// cutShort shows what was interrupted, and what did not start or has no end.
func (s *summary) cutShort() {
	s.groups("Interrupted", s.withOutcome(schema.Interrupted), func(step *schema.StepReport) string {
		return s.ink.text(step.Reason)
	})
	s.groups("Not started", s.withOutcome(schema.NotStarted), func(step *schema.StepReport) string {
		return because(step.Outcome, step.Cause)
	})
	if s.report.State == schema.RunRunning {
		s.running()
		return
	}
	s.groups("Not finished", s.withOutcome(""), func(step *schema.StepReport) string {
		if step.Started {
			return "started, and its end was never recorded"
		}
		return "not started"
	})
}

// running shows the steps of a running run that have not ended.
func (s *summary) running() {
	var running, waiting []*schema.StepReport
	for _, step := range s.withOutcome("") {
		if step.Started {
			running = append(running, step)
		} else {
			waiting = append(waiting, step)
		}
	}
	s.groups("Running", running, func(*schema.StepReport) string { return "" })
	s.groups("Waiting", waiting, func(*schema.StepReport) string { return "" })
}

// unfinished is the word for environments without an outcome.
func (s *summary) unfinished() string {
	if s.report.State == schema.RunRunning {
		return "running or waiting"
	}
	return outcomeWord("")
}

// groups shows steps by what they have in common.
func (s *summary) groups(title string, steps []*schema.StepReport, key func(*schema.StepReport) string) {
	if len(steps) == 0 {
		return
	}
	s.section(title, s.ink.amber)
	groups := s.grouped(steps, key)
	shown := s.options.limit(groupsShown, len(groups))
	for _, g := range groups[:shown] {
		indent := "  "
		if g.key != "" {
			s.line("  " + g.key + ":")
			indent = "    "
		}
		s.list(indent, g.names, namesShown)
	}
	rest := 0
	for _, g := range groups[shown:] {
		rest += len(g.names)
	}
	if rest > 0 {
		s.linef("  and %s for %s", amount(rest, "more step"), amount(len(groups)-shown, "other reason"))
	}
}

// held shows what waits for a person, with the changes to look at.
func (s *summary) held() {
	held := s.withOutcome(schema.Held)
	if len(held) == 0 {
		return
	}
	s.section("Held: waits for a person", s.ink.amber)
	shown := s.options.limit(failuresShown, len(held))
	for _, step := range held[:shown] {
		s.line("  " + s.ink.bold(visible(step.Name)) + joined(": ", s.ink.text(step.Reason)))
		s.resources("    ", step.Changes)
		s.told("    ", step)
	}
	if rest := len(held) - shown; rest > 0 {
		s.linef("  and %s", amount(rest, "more step"))
	}
	if s.options.Differs != nil {
		if command := s.options.Differs(s.report); command != "" {
			s.whole("  What differs from the reviewed plan: " + s.ink.bold(visible(command)))
		}
	}
}
