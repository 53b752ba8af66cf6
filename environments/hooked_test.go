package environments_test

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// hooked is a tool that says which hooks run.
type hooked struct {
	*fake
	before, after bool
}

func (h *hooked) Hooks() (before, after bool) { return h.before, h.after }

var _ environments.Hooked = (*hooked)(nil)

func TestToolsCanKeepHooksFromRunning(t *testing.T) {
	for name, test := range map[string]struct {
		before, after bool
		want          string
	}{
		"both":   {true, true, "before tool after"},
		"before": {true, false, "before tool"},
		"after":  {false, true, "tool after"},
		"none":   {false, false, "tool"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, before+"x", "echo before", after+"x", "echo after")
			b.tool.script = "echo tool"
			b.Tools = []environments.Tool{&hooked{b.tool, test.before, test.after}}
			wantResult(t, b.do(t, step("a", "fake")), schema.Succeeded, "")
			if got := strings.ReplaceAll(b.printed(), "\n", " "); got != test.want {
				t.Errorf("printed %q, want %q", got, test.want)
			}
		})
	}
}
