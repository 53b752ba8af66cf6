package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// Read returns the events of a journal in their order. A last line that was torn by a crash is dropped; damage anywhere
// else is an error that names the line, together with the events before it.
func Read(r io.Reader) ([]schema.Event, error) {
	var events []schema.Event
	var all sequence
	reader := bufio.NewReader(r)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil // whatever stands behind the last newline is torn
		}
		if err != nil {
			return events, fmt.Errorf("read the journal: %w", err)
		}
		if events, err = all.add(events, line); err != nil {
			return events, err
		}
	}
}

// Follower reads a journal piece by piece while it is written. Its zero value begins at the beginning.
type Follower struct {
	all  sequence
	torn []byte // the beginning of a line
}

// Add takes the next piece of the journal, and returns the events that it completes. Errors are those of Read.
func (f *Follower) Add(text []byte) ([]schema.Event, error) {
	var events []schema.Event
	f.torn = append(f.torn, text...)
	for {
		line, rest, whole := bytes.Cut(f.torn, []byte("\n"))
		if !whole {
			return events, nil
		}
		f.torn = rest
		var err error
		if events, err = f.all.add(events, line); err != nil {
			return events, err
		}
	}
}

// sequence is where in a journal its reader is.
type sequence struct {
	line int // the number of the last one
	seq  int // of the last event
}

// add appends the event on the next line, if one is on it.
func (s *sequence) add(events []schema.Event, line []byte) ([]schema.Event, error) {
	s.line++
	if len(bytes.TrimSpace(line)) == 0 {
		return events, nil
	}
	e, err := decode(line)
	if err == nil && e.Seq <= s.seq {
		err = fmt.Errorf("event %d comes after event %d", e.Seq, s.seq)
	}
	if newer, ok := errors.AsType[*newerError](err); ok {
		return events, newer
	}
	if err != nil {
		return events, fmt.Errorf("line %d of the journal is damaged: %w", s.line, err)
	}
	s.seq = e.Seq
	return append(events, e), nil
}

// newerError says that a journal cannot be read because its format is a later one.
type newerError struct{ version int }

func (e *newerError) Error() string {
	return fmt.Sprintf("the journal was written by a newer bitops (version %d of its format)", e.version)
}

// decode reads one line. A later format may not fit into this Event at all, so its version is looked at first.
func decode(line []byte) (schema.Event, error) {
	var head struct {
		Version int              `json:"version"`
		Type    schema.EventType `json:"type"`
	}
	var e schema.Event
	err := json.Unmarshal(line, &e)
	if err == nil {
		head.Version, head.Type = e.Version, e.Type
	} else if json.Unmarshal(line, &head) != nil {
		return e, err
	}
	switch {
	case head.Version > schema.EventVersion:
		return e, &newerError{head.Version}
	case err == nil && (head.Version < 1 || head.Type == ""):
		err = errors.New("it is not an event")
	}
	return e, err
}
