package terraform

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// listen returns a stream and what it tells: a line each, with the type of the event.
func listen() (*stream, *bytes.Buffer) {
	var told bytes.Buffer
	return &stream{call: environments.NewCall(environments.CallOptions{
		Step: &schema.Step{Name: "backend/terraform", EnvironmentPath: "backend", Deployment: "terraform"},
		Observe: func(e schema.Event) {
			told.WriteString(string(e.Type) + ": " + e.Text + "\n")
		},
	})}, &told
}

// Each testdata/*.jsonl is what a real terraform printed; beside it is what people see of it.
func TestTranslation(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	check(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			check(t, err)
			s, told := listen()
			for line := range strings.Lines(string(text)) {
				s.line(strings.TrimSuffix(line, "\n"))
			}
			told.WriteString("--- failure\n" + strings.Join(s.lines, "\n"))
			golden := strings.TrimSuffix(file, ".jsonl") + ".golden"
			if *update {
				writeFile(t, golden, told.String())
			}
			want, err := os.ReadFile(golden)
			check(t, err)
			if told.String() != string(want) {
				t.Errorf("translated to\n%s\nwant\n%s", told, want)
			}
		})
	}
	if len(files) == 0 {
		t.Error("no files")
	}
}

func FuzzStream(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.jsonl")
	for _, file := range files {
		text, _ := os.ReadFile(file)
		f.Add(string(text))
	}
	f.Add(`{"type":"outputs","outputs":{"a":{"type":["list","string"],"value":["cAnArY"]}}}`)
	f.Add(`{"type":"diagnostic","diagnostic":{"severity":"error","range":{"filename":"../../../x"},"snippet":{"values":[{}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, told := listen()
		for line := range strings.Lines(text) {
			s.line(line)
			s.line(`{"type":"outputs","outputs":{"x":{"sensitive":false,"type":"string","value":"cAnArY"}}` + line)
		}
		s.changes()
		s.knowsOutputs()
		if !strings.Contains(text, "cAnArY") && strings.Contains(told.String(), "cAnArY") {
			t.Errorf("the value of an output is told:\n%s", told)
		}
		for line := range strings.Lines(told.String()) {
			if strings.HasPrefix(line, `output-line: {"type":"outputs"`) {
				t.Errorf("a raw message: %s", line)
			}
		}
	})
}

func TestManyErrors(t *testing.T) {
	s, _ := listen()
	for range 3 {
		s.line(`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"the same"}}`)
	}
	for i := range 100 {
		s.line(fmt.Sprintf(`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"No value","detail":"for %d"}}`, i))
	}
	lines := s.failureLines()
	equal(t, "first error", s.first, "the same")
	equal(t, "lines", strings.Join(lines[:4], "|"), "Error: the same|Error: No value|  for 0|Error: No value")
	equal(t, "last line", lines[len(lines)-1], "... and 71 more errors; the log has them all")
}
