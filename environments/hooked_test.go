package environments_test

import (
	"io/fs"
	"os"
	"path/filepath"
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

// choosy is a tool of whose hooks BitOps ran the executable ones.
type choosy struct{ *fake }

func (*choosy) LeftOut(hook fs.FileMode) string {
	if hook.Perm()&0o111 == 0 {
		return "is not executable"
	}
	return ""
}

func TestDeployLeavesOutHooksThatBitOpsDidNotRun(t *testing.T) {
	for name, test := range map[string]struct {
		command schema.Command
		want    string
	}{
		"deploy": {schema.CommandDeploy, "executable tool"},
		"apply":  {schema.CommandApply, "plain executable tool"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, before+"a", "echo plain", before+"b", "echo executable")
			if err := os.Chmod(filepath.Join(b.Repository, before+"b"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(filepath.Join(b.Repository, before+"b"), 0o644) }) // as it was
			b.tool.script = "echo tool"
			b.Tools = []environments.Tool{&choosy{b.tool}}
			b.Do(t.Context(), environments.Request{Step: step("a", "fake"), Command: test.command}, b.observe)
			if got := strings.ReplaceAll(b.printed(), "\n", " "); got != test.want {
				t.Errorf("printed %q, want %q", got, test.want)
			}
		})
	}
}
