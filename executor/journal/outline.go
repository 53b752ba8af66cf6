package journal

import (
	"bytes"
	"errors"
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// Outline returns the first and the last event of a journal without reading those in between. A last line that was torn
// by a crash is dropped.
func Outline(r io.Reader) (first, last schema.Event, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return first, last, err
	}
	text = bytes.TrimSpace(text[:bytes.LastIndexByte(text, '\n')+1])
	if len(text) == 0 {
		return first, last, errors.New("the journal is empty")
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if first, err = decode(line); err != nil {
		return first, last, err
	}
	last, err = decode(text[bytes.LastIndexByte(text, '\n')+1:])
	return first, last, err
}
