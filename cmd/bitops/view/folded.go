package view

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// folded is a transcript for CI systems: it keeps what a step prints until the step ends, and then shows it whole, in a
// group that a person can open. Of more than a page can bear it keeps the end.
type folded struct {
	out     *screen
	ink     ink
	verbose bool
	markup  markup
	kept    map[schema.StepName]*tail
	logs    map[schema.StepName]string
}

// markup is how a CI system is told to fold lines.
type markup interface {
	open(at time.Time, name schema.StepName, title string)
	body(lines []string)
	close(at time.Time)
	failed(name schema.StepName, e *schema.StepError)
}

func newFolded(out *screen, k ink, o Options) *folded {
	f := &folded{out: out, ink: k, verbose: o.Verbose, kept: map[schema.StepName]*tail{}}
	f.markup = &githubMarkup{out: out, token: newToken}
	if o.CI == GitLab {
		f.markup = &gitlabMarkup{out: out}
	}
	return f
}

func (f *folded) begin(_ int, logs map[schema.StepName]string) { f.logs = logs }

func (f *folded) event(e schema.Event) {
	if !f.verbose && e.Type != schema.EventOutputLine {
		return
	}
	kept := f.kept[e.Step]
	if kept == nil {
		kept = &tail{}
		f.kept[e.Step] = kept
	}
	for _, line := range inside(e, f.ink) {
		kept.add(line)
	}
}

// finish shows the step as a group whose title is its status line, or as that line alone when it printed nothing.
func (f *folded) finish(e schema.Event, status []string) {
	if f.kept[e.Step] != nil {
		f.group(e, strings.TrimSpace(status[0]))
		status = status[1:]
	}
	for _, line := range status {
		f.out.hanging(line, len(margin))
	}
	if e.Outcome == schema.Failed && e.Error != nil {
		f.markup.failed(e.Step, e.Error)
	}
}

func (f *folded) group(e schema.Event, title string) {
	kept := f.kept[e.Step]
	delete(f.kept, e.Step)
	f.markup.open(e.Time.Add(-e.Duration), e.Step, title)
	if kept.forgotten > 0 {
		note := "(" + amount(kept.forgotten, "earlier line") + " not shown"
		f.out.line(note + joined("; full log: ", visible(f.logs[e.Step])) + ")")
	}
	f.markup.body(kept.lines)
	f.markup.close(e.Time)
}

func (f *folded) close() {
	for _, name := range slices.Sorted(maps.Keys(f.kept)) {
		f.group(schema.Event{Step: name}, visible(name)+": did not end")
	}
}
