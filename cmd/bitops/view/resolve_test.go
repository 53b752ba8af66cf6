package view_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// What refused steps need is said once each, before the command that goes on, and no more than a few of it.
func TestWhatIsToBeResolvedFirst(t *testing.T) {
	report := func(resolve ...string) *schema.Report {
		r := &schema.Report{Command: schema.CommandApply, Outcome: schema.Failed}
		for i, text := range resolve {
			name := schema.EnvironmentName(fmt.Sprint("e", i))
			r.Steps = append(r.Steps, schema.StepReport{
				StepSummary: schema.StepSummary{Name: name.Step("x"), Environment: name}, Outcome: schema.Failed,
				Error: &schema.StepError{Message: "no", Resolve: text},
			})
		}
		return r
	}
	for want, r := range map[string]*schema.Report{
		"Go on with: bitops go\n":                             report(""),
		"Resolve first: a\nThen go on with: bitops go\n":      report("a", "a", ""),
		"Resolve first: a\nResolve first: b\nThen go on with": report("a", "b"),
		"c\nResolve first: and 2 more causes above\nThen":     report("a", "b", "c", "d", "e"),
	} {
		text := &strings.Builder{}
		if err := view.Summary(text, r, view.Options{Next: func(*schema.Report) string { return "bitops go" }}); err != nil || !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in, %v:\n%s", want, err, text)
		}
	}
}
