package view

import (
	"encoding/json"
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// JSON shows a run to a program: one event a line, and nothing else.
type JSON struct {
	w   io.Writer
	err error
}

// NewJSON returns a view that writes to w.
func NewJSON(w io.Writer) *JSON { return &JSON{w: w} }

// Event writes the event in one write.
func (j *JSON) Event(e schema.Event) {
	if j.err != nil {
		return
	}
	text, err := json.Marshal(e)
	if err == nil {
		_, err = j.w.Write(append(text, '\n'))
	}
	j.err = err
}

// Close does nothing: the last event said it all.
func (j *JSON) Close(*schema.Report) {}

// Err returns the first error of the writer, or nil.
func (j *JSON) Err() error { return j.err }
