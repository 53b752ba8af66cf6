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
	reader := bufio.NewReader(r)
	seq := 0
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return events, nil // whatever stands behind the last newline is torn
		}
		if err != nil {
			return events, fmt.Errorf("read the journal: %w", err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		e, err := decode(line)
		if err == nil && e.Seq <= seq {
			err = fmt.Errorf("event %d comes after event %d", e.Seq, seq)
		}
		if newer, ok := errors.AsType[*newerError](err); ok {
			return events, newer
		}
		if err != nil {
			return events, fmt.Errorf("line %d of the journal is damaged: %w", number, err)
		}
		seq = e.Seq
		events = append(events, e)
	}
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
