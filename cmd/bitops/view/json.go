package view

import (
	"encoding/json"
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// JSON shows a run to a program: one event a line, and on the last line the report that they make.
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
		_, err = j.w.Write(append(inertJSON(text), '\n'))
	}
	j.err = err
}

// Close writes the report: {"version": 1, "type": "report", "report": {...}}. Of a preview, that is the plan.
func (j *JSON) Close(r *schema.Report) {
	if j.err != nil || r == nil {
		return
	}
	text, err := json.Marshal(struct {
		Version int            `json:"version"`
		Type    string         `json:"type"`
		Report  *schema.Report `json:"report"`
	}{1, "report", r})
	if err == nil {
		_, err = j.w.Write(append(inertJSON(text), '\n'))
	}
	j.err = err
}

// Err returns the first error of the writer, or nil.
func (j *JSON) Err() error { return j.err }
