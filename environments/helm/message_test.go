package helm

import (
	"strings"
	"testing"
)

func TestTheSummaryOfAnError(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"one line":              {"Error: no space left", "no space left"},
		"one line of many":      {"Error: no space left\nmore", "no space left"},
		"a list of one":         {"Error: UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job migrate failed: BackoffLimitExceeded\n\n", "UPGRADE FAILED: pre-upgrade hooks failed: job migrate failed: BackoffLimitExceeded"},
		"a list of two":         {"Error: 2 errors occurred:\n\t* a: b\n\t* c\n", "a: b; c"},
		"an item of two lines":  {"Error: x: 1 error occurred:\n\t* a\n  b\n", "x: a b"},
		"a list that is cut":    {"Error: x: 1 error occurred:", "x: 1 error occurred:"},
		"a list in the middle":  {"Error: 1 error occurred: a", "1 error occurred: a"},
		"errors on another day": {"Error: x: 12 errors occurred:\n\t* a", "x: a"},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "summary", summary(strings.Split(test.text, "\n")), test.want)
		})
	}
}

func TestValuesThatTheClusterPrintsWholeAreLeftOut(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, test := range map[string]struct{ line, want string }{
		"nothing of the kind": {"a {b} c", "a {b} c"},
		"Go":                  {`spec: Invalid value: core.Spec{A:{B:"}` + long + `"}, C:"\"}"}: field is immutable`, "spec: Invalid value: core.Spec{…}: field is immutable"},
		"JSON":                {`Invalid value: {"a":"` + long + `"}: no`, "Invalid value: {…}: no"},
		"a short one":         {`Invalid value: {"a":1}: no`, `Invalid value: {"a":1}: no`},
		"two":                 {`Invalid value: {"` + long + `"}: no && Invalid value: a.B{` + long + `}: nor this`, "Invalid value: {…}: no && Invalid value: a.B{…}: nor this"},
		"one that is cut":     {`Invalid value: a.B{` + long, "Invalid value: a.B{…}"},
		"a text":              {`Invalid value: "` + long + `": no`, `Invalid value: "` + long + `": no`},
	} {
		t.Run(name, func(t *testing.T) { equal(t, "line", withoutDump(test.line), test.want) })
	}
}
