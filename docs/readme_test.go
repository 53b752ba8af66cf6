package docs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/testkit"
)

var (
	seconds  = regexp.MustCompile(`\d+\.\d+s`)
	runID    = regexp.MustCompile(`\d{8}-\d{6}-[0-9a-f]{6}`)
	logsPath = regexp.MustCompile(`(?m)^Logs: \S*?\.bitops/`)
	spaces   = regexp.MustCompile(` +`)
)

// The README shows what apply prints for the quickstart, but for times, and for the order of what runs in parallel.
func TestReadmeShowsWhatApplyPrints(t *testing.T) {
	testkit.Tool(t, "terraform")
	p := page{"../README.md", read(t, "../README.md")}
	blocks, _ := p.fences()
	i := slices.IndexFunc(blocks, func(b fence) bool { return b.language == "text" })
	if i < 0 {
		t.Fatal("README.md shows nothing")
	}
	for _, name := range []string{"CI", "GITHUB_ACTIONS", "GITLAB_CI"} { // would fold the output
		t.Setenv(name, "")
	}
	printed, err := bitops(t.Context(), "apply", "-C", quickstart(t), "--auto-approve")
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	want, got := stable(printed), stable(blocks[i].text)
	if got != want {
		t.Errorf("README.md shows, sorted:\n%s\nbitops prints, sorted:\n%s", got, want)
	}
}

// stable leaves out what differs from run to run.
func stable(screen string) string {
	screen = seconds.ReplaceAllString(screen, "0.0s")
	screen = runID.ReplaceAllString(screen, "ID")
	screen = logsPath.ReplaceAllString(screen, "Logs: .bitops/")
	screen = spaces.ReplaceAllString(screen, " ")
	lines := strings.Split(strings.TrimSpace(screen), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
