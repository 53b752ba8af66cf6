package view

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Outputs shows values to a person: `name = value`, by name. Sensitive values are left out.
func Outputs(w io.Writer, values schema.Values) error {
	out := &screen{w: w}
	names := values.Names()
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = visible(name)
	}
	width := column(32, shown...)
	for i, name := range names {
		out.line(pad(shown[i], width) + " = " + visible(text(values[name])))
	}
	out.flush()
	return out.err
}

// text returns a value as JSON that a person can read: with < > & as themselves. Without the value where it is sensitive
// or not known.
func text(v schema.Value) string {
	var data any
	decoder := json.NewDecoder(strings.NewReader(v.String()))
	decoder.UseNumber()
	if v.Sensitive || !v.Known() || decoder.Decode(&data) != nil {
		return v.String()
	}
	var readable bytes.Buffer
	encoder := json.NewEncoder(&readable)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(data) != nil {
		return v.String()
	}
	return strings.TrimSpace(readable.String())
}

// OutputsJSON shows values to a program, in the shape of `terraform output -json`. Sensitive values are left out unless
// reveal says that the person asked for them.
func OutputsJSON(w io.Writer, values schema.Values, reveal bool) error {
	all := make(map[string]json.RawMessage, len(values))
	for name, value := range values {
		marshal := value.MarshalJSON
		if reveal {
			marshal = value.MarshalRevealed
		}
		text, err := marshal()
		if err != nil {
			return err
		}
		all[name] = text
	}
	return WriteJSON(w, all)
}

// OutputRaw writes one value for a shell: a text as it is, anything else as JSON, nothing added. Whoever asks for one
// value by name gets it, sensitive or not.
func OutputRaw(w io.Writer, value schema.Value) error {
	text, err := value.Plain()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// WriteJSON writes a document with indentation, and < > & as themselves.
func WriteJSON(w io.Writer, document any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := w.Write(inertJSON(text.Bytes()))
	return err
}
