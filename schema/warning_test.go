package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestWarningsAreBounded(t *testing.T) {
	var ws schema.Warnings
	for range 2 { // tools repeat themselves
		ws.Add(schema.Warning{Text: "the check failed", Check: true})
	}
	ws.Add(schema.Warning{Text: strings.Repeat("word ", 10_000)})
	ws.Add(schema.Warning{Text: strings.Repeat("x", 10_000)})
	for n := range 1000 {
		ws.Add(schema.Warning{Text: fmt.Sprint("warning ", n), Check: n == 999})
	}
	if ws.Count != 1003 || ws.Checks != 2 || len(ws.List) != schema.MostWarnings {
		t.Errorf("%d warnings, %d of them failed checks, %d listed", ws.Count, ws.Checks, len(ws.List))
	}
	for _, w := range ws.List {
		if len(w.Text) > 2<<10 {
			t.Errorf("a warning of %d bytes", len(w.Text))
		}
	}
	if text := ws.List[1].Text; !strings.HasSuffix(text, " word ...") {
		t.Errorf("it is cut inside a word: %q", text[len(text)-20:])
	}
}

func TestFailedCheckIsDrift(t *testing.T) {
	unchanged := schema.StepReport{Outcome: schema.Unchanged, Changes: &schema.Changes{}}
	warned, failed := unchanged, unchanged
	warned.Warnings = &schema.Warnings{Count: 1}
	failed.Warnings = &schema.Warnings{Count: 1, Checks: 1}
	for want, steps := range map[bool][]schema.StepReport{false: {unchanged, warned}, true: {unchanged, failed}} {
		report := schema.Report{Command: schema.CommandDrift, Steps: steps}
		if got := report.HasDrifted(); got != want {
			t.Errorf("%+v: drifted %v", steps, got)
		}
		if report.HasChanges() {
			t.Error("a warning is no change")
		}
	}
}
