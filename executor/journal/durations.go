package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

var (
	finishedText = []byte(schema.EventStepFinished)
	startedText  = []byte(schema.EventRunStarted)
)

// Durations returns the command of a run, and how long the steps took that it did. A torn or damaged end tells no more.
func Durations(r io.Reader) (schema.Command, map[schema.StepName]time.Duration, error) {
	var command schema.Command
	all := map[schema.StepName]time.Duration{}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return command, all, nil
		}
		if err != nil {
			return command, nil, err
		}
		if !bytes.Contains(line, finishedText) && !bytes.Contains(line, startedText) {
			continue
		}
		var e struct { // and nothing else of it, which is most of its size
			Type     schema.EventType `json:"type"`
			Command  schema.Command   `json:"command"`
			Step     schema.StepName  `json:"step"`
			Outcome  schema.Outcome   `json:"outcome"`
			Duration time.Duration    `json:"duration_ns"`
		}
		if json.Unmarshal(line, &e) != nil {
			return command, all, nil //nolint:nilerr // what comes before a damaged line counts
		}
		switch {
		case e.Type == schema.EventRunStarted:
			command = e.Command
		case e.Type == schema.EventStepFinished && (e.Outcome == schema.Succeeded || e.Outcome == schema.Unchanged):
			all[e.Step] = e.Duration
		}
	}
}
