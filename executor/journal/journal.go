// Package journal is a run's memory on disk: an append-only file of events, one JSON document a line, and one log of
// output for each step.
//
// The line of an event is written with one write. The events that say what the world may have seen (a step started, a
// step finished, the run's end) are on the disk before Write returns. So after a crash the journal tells the truth; at
// most its last line is torn, and Read drops that.
package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// FileName is the name of the journal in a run's directory.
const FileName = "journal.jsonl"

// Journal writes one run. It belongs to one goroutine.
type Journal struct {
	// Redact returns what takes the secrets that are known by now out of the lines of one log, in their order; nil leaves
	// logs as they were written.
	Redact func() (line func(string) string)

	// Plain takes out of the text of output what has no place in a file, such as colours; nil leaves it as it is.
	Plain func(string) string

	dir      string
	file     *os.File
	withhold bool                         // no values of changes are written
	logs     map[schema.StepName]*os.File // of the steps that run; nil until something is written
}

// Create makes the journal of a run, which must not exist, in the run's directory, which may.
func Create(dir string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("begin the journal: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, FileName), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("begin the journal: %w", err)
	}
	return &Journal{dir: dir, file: f, logs: map[schema.StepName]*os.File{}}, nil
}

// LogName returns the name of a step's log within its run, with slashes.
func LogName(step schema.StepName) string { return "logs/" + step.FileName() + ".log" }

// LogFile returns the path of a step's log in its run's directory.
func LogFile(dir string, step schema.StepName) string {
	return filepath.Join(dir, filepath.FromSlash(LogName(step)))
}

// Write adds one event: output to the step's log, everything else to the journal. The journal is written even when the
// log cannot be.
func (j *Journal) Write(e schema.Event) error {
	err := j.log(e)
	if err != nil {
		err = fmt.Errorf("write the log of %s: %w", e.Step, err)
	}
	if e.Type == schema.EventOutputLine || e.Type == schema.EventProgress {
		return err
	}
	if recordErr := j.record(e); recordErr != nil {
		err = errors.Join(err, fmt.Errorf("write the journal: %w", recordErr))
	}
	return err
}

// record adds one line to the journal.
func (j *Journal) record(e schema.Event) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false) // it would make values six times as long as what their bound counts
	if err := encoder.Encode(j.bounded(e)); err != nil {
		return err
	}
	if _, err := j.file.Write(line.Bytes()); err != nil {
		return err
	}
	switch e.Type {
	case schema.EventRunStarted, schema.EventStepStarted, schema.EventStepFinished, schema.EventRunFinished:
		return j.file.Sync()
	default:
		return nil
	}
}

// bounded returns an event as the journal holds it: what a step changes can be larger than all else of a run together, and
// the run may keep its values out of journals.
func (j *Journal) bounded(e schema.Event) schema.Event {
	if e.Type == schema.EventRunStarted {
		j.withhold = e.WithholdValues
	}
	e.Changes = j.boundedChanges(e.Changes)
	if j.withhold {
		e.Told = nil
	}
	e.Approvals = slices.Clone(e.Approvals)
	for i := range e.Approvals {
		e.Approvals[i].Changes = j.boundedChanges(e.Approvals[i].Changes)
		if j.withhold {
			e.Approvals[i].Told = nil
		}
	}
	return e
}

func (j *Journal) boundedChanges(c *schema.Changes) *schema.Changes {
	if j.withhold {
		c = c.WithoutValues()
	}
	return c.Bounded()
}

// log writes what an event adds to its step's log.
func (j *Journal) log(e schema.Event) error {
	switch {
	case e.Step == "":
		return nil
	case e.Type == schema.EventStepStarted:
		j.logs[e.Step] = nil
		return nil
	case e.Type == schema.EventStepFinished:
		return j.endLog(e)
	case e.Type == schema.EventOutputLine:
		text := e.Text
		if j.Plain != nil {
			text = j.Plain(text)
		}
		if !e.Partial {
			text += "\n"
		}
		return j.write(e.Step, text)
	case e.Type == schema.EventPhaseStarted:
		return j.write(e.Step, fmt.Sprintf("--- %s: %s\n", e.Phase, e.Text))
	case e.Type == schema.EventAttemptFailed:
		return j.write(e.Step, fmt.Sprintf("--- attempt %d of %d failed: %s; the next one in %s\n",
			e.Attempt, e.Attempts, e.Reason, e.Pause.Round(time.Millisecond)))
	case e.Type == schema.EventNotice:
		return j.write(e.Step, "--- note: "+e.Text+"\n")
	}
	return nil
}

// endLog closes the log of a step, after a last line if there are others.
func (j *Journal) endLog(e schema.Event) error {
	f := j.logs[e.Step]
	delete(j.logs, e.Step)
	if f == nil {
		return nil
	}
	text := fmt.Sprintf("--- %s after %s", e.Outcome, e.Duration.Round(time.Millisecond))
	if e.Error != nil {
		text += ": " + e.Error.Message
	}
	_, err := f.WriteString(text + "\n")
	err = errors.Join(err, f.Close())
	if err == nil && hasSecrets(e.Outputs) {
		err = j.scrub(e.Step)
	}
	return err
}

// write adds text to a step's log. The log stays open while the step runs. Of a step that does not run, there can be
// something to say too: its tool was asked for outputs.
func (j *Journal) write(step schema.StepName, text string) error {
	f, running := j.logs[step]
	if f == nil {
		var err error
		if f, err = os.OpenFile(LogFile(j.dir, step), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
			return err
		}
		if !running {
			_, err := f.WriteString(text)
			return errors.Join(err, f.Close())
		}
		j.logs[step] = f
	}
	_, err := f.WriteString(text)
	return err
}

// Close ends the journal and every log that is still open.
func (j *Journal) Close() error {
	var errs []error
	for step, f := range j.logs {
		if f != nil {
			errs = append(errs, f.Close())
		}
		delete(j.logs, step)
	}
	return errors.Join(append(errs, j.file.Close())...)
}

// WriteDocument writes a JSON document into the run's directory, as a whole or not at all. redact takes secrets out of
// its text.
func (j *Journal) WriteDocument(name string, document any, redact func(string) string) error {
	file := filepath.Join(j.dir, name)
	text, err := json.MarshalIndent(document, "", "  ")
	if err == nil {
		err = atomicfile.File{Mode: 0o644, Temporary: name + ".tmp"}.Write(file, []byte(redact(string(text))+"\n"))
	}
	if err != nil {
		return fmt.Errorf("write %s of the run: %w", name, err)
	}
	return nil
}
