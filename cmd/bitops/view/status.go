package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// labels is the width of the words that a status line begins with.
const labels = len("interrupted")

// margin is what stands under that word in further lines.
var margin = strings.Repeat(" ", 2+labels+2)

// status returns one line about a step: a word, the step, and what there is to say.
func (h *Human) status(word string, paint func(string) string, step schema.StepName, what string) string {
	name := h.options.name(visible(step), max(h.names, h.options.width()-len(margin)))
	if what != "" {
		name = pad(h.options.name(name, h.names), h.names)
	}
	return strings.TrimRight("  "+paint(pad(word, labels))+"  "+name+"  "+what, " ")
}

// ended returns the lines that say how a step ended.
func (h *Human) ended(e schema.Event) []string {
	word, paint := label(e.Outcome, h.ink)
	if h.command.Previews() && e.Outcome == schema.Succeeded {
		word = "planned"
	}
	what := h.what(e)
	status := []string{h.status(word, paint, e.Step, what[0])}
	for _, more := range what[1:] {
		status = append(status, margin+more)
	}
	return status
}

// label returns the word for an outcome and its colour. Failure is in capitals, to be found without colour too.
func label(o schema.Outcome, k ink) (word string, paint func(string) string) {
	switch o {
	case schema.Succeeded:
		return "done", k.green
	case schema.Failed:
		return "FAILED", k.alarm
	case schema.Interrupted, schema.Held, schema.Blocked, schema.NotStarted, schema.Deferred:
		return outcomeWord(o), k.amber
	case schema.Unchanged, schema.Skipped:
		return string(o), k.faint
	}
	return visible(o), k.faint
}

// what returns what there is to say of a step that ended, one line at least. Only a failure takes more.
func (h *Human) what(e schema.Event) []string {
	took := ""
	if e.Duration > 0 {
		took = "after " + elapsed(e.Duration)
	}
	switch e.Outcome {
	case schema.Succeeded, schema.Unchanged:
		change := ""
		if e.Outcome == schema.Succeeded {
			change = counts(e.Changes)
		}
		return []string{pad(change, len("+0 ~0 -0  ")) + padLeft(elapsed(e.Duration), 6) +
			joined("  ", h.ink.text(e.Reason)) + joined("  ", replanned(e.ReplannedAfter))}
	case schema.Failed:
		return h.failure(e, took)
	case schema.Blocked, schema.NotStarted:
		return []string{because(e.Outcome, e.Cause)}
	case schema.Deferred:
		if len(e.OnlyIf) > 0 {
			return []string{onlyIf(e.OnlyIf)}
		}
		if len(e.Deferred) > 0 {
			return []string{"waits for " + strings.Join(firstOf(awaited(e.Deferred), 3), ", ")}
		}
	case schema.Interrupted, schema.Held, schema.Skipped:
	}
	reason := h.ink.text(e.Reason)
	if e.Outcome == schema.Deferred && e.Error != nil {
		reason += joined(": ", h.ink.text(firstLine(e.Error.Message)))
	}
	if took != "" && reason != "" {
		took += ": "
	}
	return []string{took + reason}
}

// failure returns why a step failed, the message's first line first, and where its log is. The last lines of its
// output come with the last screen, when nothing scrolls them away.
func (h *Human) failure(e schema.Event, took string) []string {
	message := []string{h.ink.text(e.Reason)}
	if e.Error != nil {
		message = lines(e.Error.Message, h.options.Color)
	}
	if took != "" && message[0] != "" {
		took += ": "
	}
	message[0] = took + message[0]
	if log := h.logs[e.Step]; log != "" {
		message = append(message, h.ink.faint("log: "+visible(log)))
	}
	return message
}

// nextAttempt says when a step's tool is tried again, and why.
func nextAttempt(e schema.Event) string {
	return fmt.Sprintf("attempt %d of %d in %s: %s", e.Attempt+1, e.Attempts, elapsed(e.Pause), shortened(firstLine(e.Reason), 160))
}

// awaited returns the references that a deferred step waits for, each once.
func awaited(waiting []schema.Waiting) []string {
	var all []string
	for _, w := range waiting {
		for _, reference := range w.For {
			if text := visible(reference); !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
}

// onlyIf says of a deferred step which values are a reason to run it, once they are known, or "".
func onlyIf(values []string) string {
	names := make([]string, len(values))
	for i, value := range values {
		names[i] = visible(value)
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "runs only if " + names[0] + " changes"
	}
	return "runs only if one of these changes: " + strings.Join(firstOf(names, 3), ", ")
}

// replanned says after which steps an unchanged one is planned again, or "".
func replanned(after []schema.StepName) string {
	if len(after) == 0 {
		return ""
	}
	names := make([]string, len(after))
	for i, step := range after {
		names[i] = visible(step)
	}
	return "planned again after " + strings.Join(firstOf(names, 3), ", ")
}

// joined returns text with something between it and what stands before it, or nothing.
func joined(between, text string) string {
	if text == "" {
		return ""
	}
	return between + text
}

// repeatedLimit is how many steps that end alike without having started are shown one by one.
const repeatedLimit = 5

// repeated counts steps that end without having started, one after the other and for the same reason: when the first of
// 10,000 environments fails, a line for each of the others helps nobody.
type repeated struct {
	last  schema.Event
	count int
}

// add counts one more step. It reports whether the step is one too many to show, and returns what is to be said of
// those before it when it is of another kind.
func (r *repeated) add(e schema.Event) (again bool, more string) {
	alike := e.Outcome != schema.Failed && e.Outcome != schema.Held // each of those matters
	if alike && r.count > 0 && r.last.Outcome == e.Outcome && r.last.Cause == e.Cause && r.last.Reason == e.Reason {
		r.count++
		return r.count > repeatedLimit, ""
	}
	more = r.rest()
	r.last, r.count = e, 1
	return false, more
}

// rest returns what is to be said of the steps that were not shown, and forgets all.
func (r *repeated) rest() string {
	hidden, last := r.count-repeatedLimit, r.last
	*r = repeated{}
	if hidden <= 0 {
		return ""
	}
	word, _ := label(last.Outcome, ink{})
	text := "  " + pad(word, labels) + "  and " + number(hidden) + " more"
	return text + joined(" ", because(last.Outcome, last.Cause))
}
