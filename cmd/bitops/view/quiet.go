package view

import "github.com/bitops-engine/bitops/schema"

// quiet is a transcript that shows nothing of what tools print. It is in the logs, and the last lines of a failure are
// on the last screen.
type quiet struct{ out *screen }

func (q *quiet) begin(int, map[schema.StepName]string) {}

func (q *quiet) event(schema.Event) {}

func (q *quiet) finish(_ schema.Event, status []string) {
	for _, line := range status {
		q.out.hanging(line, len(margin))
	}
}

func (q *quiet) close() {}

// inside returns what a phase or an output line says, as lines without the step's name. Progress says what an output line does
// too, for who does not see those.
func inside(e schema.Event, k ink) []string {
	if e.Type == schema.EventProgress {
		return nil
	}
	text := lines(e.Text, k.color)
	if e.Type == schema.EventPhaseStarted {
		text[0] = k.bold("== " + visible(e.Phase) + joined(": ", text[0]))
	}
	return text
}
