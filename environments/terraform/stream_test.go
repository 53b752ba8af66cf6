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

// What terraform does at the moment is said in a few words, with how long it has taken by its own clock.
func TestProgress(t *testing.T) {
	for line, want := range map[string]string{
		`{"@message":"aws_vpc.main: Creating...","type":"apply_start","hook":{"resource":{"addr":"aws_vpc.main"},"action":"create"}}`:                                                  "aws_vpc.main: creating",
		`{"@message":"aws_vpc.main: Still modifying... [1m10s elapsed]","type":"apply_progress","hook":{"resource":{"addr":"aws_vpc.main"},"action":"update","elapsed_seconds":70}}`:   "aws_vpc.main: changing, 1m10s",
		`{"@message":"aws_vpc.main: Still destroying... [10s elapsed]","type":"apply_progress","hook":{"resource":{"addr":"aws_vpc.main"},"action":"delete","elapsed_seconds":10.2}}`:  "aws_vpc.main: destroying, 10s",
		`{"@message":"aws_vpc.main: Something new...","type":"apply_start","hook":{"resource":{"addr":"aws_vpc.main"},"action":"new"}}`:                                                "aws_vpc.main: Something new...",
		`{"@message":"aws_vpc.main: Creation complete after 2s [id=vpc-1]","type":"apply_complete","hook":{"resource":{"addr":"aws_vpc.main"},"action":"create","elapsed_seconds":2}}`: "aws_vpc.main: Creation complete after 2s [id=vpc-1]",
		`{"@message":"aws_vpc.main: Refreshing state... [id=vpc-1]","type":"refresh_start","hook":{"resource":{"addr":"aws_vpc.main"}}}`:                                               "aws_vpc.main: Refreshing state... [id=vpc-1]",
	} {
		s, told := listen()
		s.line(line)
		if !strings.HasPrefix(told.String(), "progress: "+want+"\n") {
			t.Errorf("want %q, got %q", want, told)
		}
	}
}
