package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestToldIsWhatAPersonSees(t *testing.T) {
	var told Told
	for _, line := range []string{"", "\x1b[32m+ bucket\x1b[0m", "10%\r20%\r100%", "\xff bad", "a\x1b]0;title\x07b", strings.Repeat("x", 5000), "  indented ", "", ""} {
		told.Add(line, false)
	}
	want := []string{"+ bucket", "100%", "\uFFFD bad", "ab", "(a line of 5000 bytes)", "  indented"}
	if got := told.Lines(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if got := new(Told).Lines(); got != nil {
		t.Errorf("nothing is %q", got)
	}
}

// Of a flood the beginning and the end are kept, whatever the lines are like.
func TestToldIsBounded(t *testing.T) {
	var told Told
	for i := range 1_000_000 {
		told.Add(fmt.Sprintf("line %d", i), false)
	}
	all := told.Lines()
	if all[0] != "line 0" || all[len(all)-1] != "line 999999" {
		t.Errorf("it begins with %q and ends with %q", all[0], all[len(all)-1])
	}
	left := fmt.Sprintf("(%d more lines, which the log has)", 1_000_000-len(all)+1)
	if !slices.Contains(all, left) || len(strings.Join(all, "\n")) > 65<<10 {
		t.Errorf("%d lines are kept, and it does not say %q", len(all), left)
	}
	told = Told{}
	for range 1000 {
		told.Add(strings.Repeat("y", 100_000), true)
	}
	told.Add("z", false)
	told.Add("after", false)
	if got := told.Lines(); !slices.Equal(got, []string{"(a line of 100000001 bytes)", "after"}) {
		t.Errorf("one long line is %q", got)
	}
}
