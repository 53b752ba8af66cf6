package view

import (
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// Human shows a run to a person: one line as a step starts and one as it ends, and at the end the last screen.
type Human struct {
	options Options
	out     *screen
	ink     ink
	command schema.Command
	steps   []string // their names
	names   int      // width of the column of names
	running map[schema.StepName]bool
	logs    map[schema.StepName]string
	tools   transcript
	silent  repeated

	run    progress
	live   *live // nil where nothing can be overwritten
	region region
	minute minutely
}

// A transcript is what is shown of the output of tools.
type transcript interface {
	// begin is told about a run before it starts: how wide the column of names is, and where the logs are.
	begin(names int, logs map[schema.StepName]string)

	// event takes what happens inside a step: a phase that started, progress, a line of output.
	event(schema.Event)

	// finish shows the lines that say how a step ended, with what belongs to them.
	finish(e schema.Event, status []string)

	// close shows what is left of steps that never ended.
	close()
}

// NewHuman returns a view that writes to w: once an event, or where it can overwrite, with Tick.
func NewHuman(w io.Writer, o Options) *Human {
	h := &Human{options: o, out: &screen{w: w, held: o.Live, width: o.Width}, ink: ink{o.Color}, running: map[schema.StepName]bool{}, region: region{w: w}}
	if o.Live {
		h.live = &live{ink: h.ink, glyphs: glyphsOf(o.ASCII), run: &h.run, usual: o.Usual, estimate: o.Estimate}
	}
	switch {
	case o.CI != NoCI:
		h.tools = newFolded(h.out, h.ink, o)
	case o.Verbose:
		h.tools = &streamed{out: h.out, ink: h.ink}
	default:
		h.tools = &quiet{out: h.out}
	}
	return h
}

// Event shows one event.
func (h *Human) Event(e schema.Event) {
	h.run.event(e)
	if e.Type != schema.EventStepFinished || h.running[e.Step] {
		h.rest()
	}
	switch e.Type {
	case schema.EventRunStarted:
		h.begin(e)
	case schema.EventStepStarted:
		h.running[e.Step] = true
		if h.live == nil || !h.command.Previews() { // of a preview, the region says enough
			h.state(h.status("start", h.ink.faint, e.Step, ""))
		}
	case schema.EventPhaseStarted, schema.EventProgress, schema.EventOutputLine:
		h.tools.event(e)
	case schema.EventNotice:
		h.notice(e)
	case schema.EventAttemptFailed:
		h.state(h.status("retrying", h.ink.amber, e.Step, nextAttempt(e)))
	case schema.EventStepFinished:
		h.finish(e)
	case schema.EventRunStopping:
		h.state("  " + h.ink.amber(pad("stopping", labels)) + "  " + h.ink.text(e.Text))
	case schema.EventRunFinished: // Close says how
		h.endLive()
	}
	h.out.flush()
	if h.out.held && h.out.buf.Len() > mostHeld {
		h.draw(h.region.rows)
	}
}

// state shows a line that begins with a word about a step.
func (h *Human) state(line string) { h.out.hanging(line, len(margin)) }

// measure finds out how wide the column of names is. Behind it there is room for what a step changed and how long it took,
// unless the terminal is so narrow that this goes to a line of its own.
func (h *Human) measure() {
	width := h.options.width()
	room := width - len(margin) - len("  +0 ~0 -0   0m00s ")
	if room < 16 {
		room = width - len(margin)
	}
	h.names = column(min(48, width/2, room), h.steps...)
}

// Close shows the last screen.
func (h *Human) Close(r *schema.Report) {
	h.endLive()
	h.rest()
	h.tools.close()
	if r != nil {
		showSummary(h.out, h.ink, h.options, r)
	}
	h.out.flush()
}

// Err returns the first error of the writer, or nil.
func (h *Human) Err() error { return h.out.err }

func (h *Human) begin(e schema.Event) {
	h.command = e.Command
	h.steps = make([]string, len(e.Steps))
	h.logs = make(map[schema.StepName]string, len(e.Steps))
	for i, step := range e.Steps {
		h.steps[i] = visible(step.Name)
		h.logs[step.Name] = step.Log
	}
	h.measure()
	h.tools.begin(h.names, h.logs)
}

func (h *Human) notice(e schema.Event) {
	text := lines(e.Text, h.options.Color)
	if e.Step != "" {
		text[0] = visible(e.Step) + ": " + text[0]
	}
	h.state("  " + h.ink.amber(pad("note:", labels)) + "  " + text[0])
	for _, line := range text[1:] {
		h.state(margin + line)
	}
}

func (h *Human) finish(e schema.Event) {
	if h.running[e.Step] {
		delete(h.running, e.Step)
		h.tools.finish(e, h.ended(e))
		return
	}
	if e.Outcome == schema.Skipped { // nobody asked for it
		return
	}
	again, more := h.silent.add(e)
	if more != "" {
		h.out.line(more)
	}
	if !again {
		h.tools.finish(e, h.ended(e))
	}
}

// rest says how many more steps ended like those shown last.
func (h *Human) rest() {
	if more := h.silent.rest(); more != "" {
		h.out.line(more)
	}
}
