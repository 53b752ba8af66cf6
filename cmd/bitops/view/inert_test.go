package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

const hostile = "::set-env name=PATH::x\n  ::error::y\r::warning::z\n##[error]a ##vso[task.complete]b ##teamcity[x]\n" +
	"\x1b[0Ksection_start:1:a\r\x1b[0K\u009b31mc\x07\u202e"

// obeyed returns the first line of a text that a CI system would obey, or a terminal.
func obeyed(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if isCommand(line) || strings.ContainsAny(line, "\x1b\r\a\u009b\u202e") {
			return line
		}
	}
	return ""
}

func TestNothingPrintedIsObeyed(t *testing.T) {
	var out bytes.Buffer
	for what, write := range map[string]func() error{
		"a message": func() error { return Message(&out, "bitops: no step \""+hostile+"\"") },
		"a log":     func() error { return Log(&out, strings.NewReader(hostile)) },
		"outputs":   func() error { return Outputs(&out, schema.Values{hostile: schema.Text(hostile)}) },
		"JSON":      func() error { return WriteJSON(&out, map[string]string{hostile: hostile}) },
		"events": func() error {
			j := NewJSON(&out)
			j.Event(schema.Event{Text: hostile, Step: schema.StepName(hostile)})
			return j.Err()
		},
		"a problem": func() error {
			return Problems(&out, schema.Problems{schema.Errorf(schema.Position{}, "%s", hostile)}, false, "")
		},
	} {
		out.Reset()
		if err := write(); err != nil || out.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", what, out.Len(), err)
		}
		if line := obeyed(out.String()); line != "" {
			t.Errorf("%s holds %q", what, line)
		}
	}
}

// A name in a message is a part of its line, whatever is in it.
func TestNamesInMessages(t *testing.T) {
	var out bytes.Buffer
	err := Message(&out, fmt.Sprintf("%s failed", schema.StepName("a/x\n::error::owned\x1b[2J")))
	if want := "a/x\\n::error::owned\\x1b[2J failed\n"; err != nil || out.String() != want {
		t.Errorf("%q, %v, want %q", out.String(), err, want)
	}
}

func TestJSONMeansTheSame(t *testing.T) {
	var out bytes.Buffer
	var got string
	err := WriteJSON(&out, "###[a]")
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &got)
	}
	if err != nil || got != "###[a]" {
		t.Errorf("%s, %v", out.String(), err)
	}
}
