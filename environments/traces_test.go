package environments_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// aRun is what hooks and tools of two steps do in one run.
type aRun struct {
	hooks   [2]string            // shell
	tools   [2]map[string]string // what they write: files of the environment's directory
	planned [2]bool              // the step is planned before, in the same run
}

const tracedSteps = "ab"

var histories = flag.Int("histories", 20, "how many histories of runs TestHooksFindAFreshCopy goes through")

// TestHooksFindAFreshCopy: what a tool sees is what it would see if the workspace were new, and held what tools wrote. Hooks of
// two steps make, append to, delete and close files of their own, of each other, of the repository and of tools, otherwise in
// each run; some fail in the middle.
func TestHooksFindAFreshCopy(t *testing.T) {
	kept, fresh := newTraced(t), newTraced(t)
	drawn := rapid.Custom(func(t *rapid.T) []aRun {
		all := make([]aRun, rapid.IntRange(2, 4).Draw(t, "runs"))
		for n := range all {
			all[n] = drawRun(t, n)
		}
		return all
	})
	for seed := range *histories {
		kept.clear()
		made := map[string]string{} // by tools
		for n, run := range drawn.Example(seed) {
			fresh.clear()
			fresh.run(aRun{tools: [2]map[string]string{made}})
			got, _ := kept.run(run)
			run.planned = [2]bool{} // a preview finds the same
			want, wrote := fresh.run(run)
			if !slices.Equal(got, want) {
				t.Fatalf("history %d, run %d %q:\n%s\nand in a new workspace\n%s", seed, n, run.hooks, strings.Join(got, "\n\n"), strings.Join(want, "\n\n"))
			}
			maps.Copy(made, wrote)
		}
	}
}

func drawRun(t *rapid.T, n int) aRun {
	var r aRun
	for at := range tracedSteps {
		var script strings.Builder
		for range rapid.IntRange(0, 5).Draw(t, "operations") {
			script.WriteString(drawOperation(t, n))
		}
		r.hooks[at] = script.String()
		r.tools[at] = map[string]string{}
		for _, name := range []string{"a/tool", "b/tool"}[at:] {
			if rapid.Bool().Draw(t, "tool writes") {
				r.tools[at][name] = fmt.Sprintf("of the tool of %c in run %d\n", tracedSteps[at], n)
			}
		}
		r.planned[at] = rapid.Bool().Draw(t, "planned")
	}
	return r
}

func drawOperation(t *rapid.T, n int) string {
	if rapid.IntRange(0, 19).Draw(t, "fails") == 0 {
		return "exit 1\n"
	}
	file := rapid.SampledFrom([]string{
		"src", "../a/src", "../b/src", "gen", "../a/gen", "../b/gen", "d/gen", "../b/d/gen", "../../out/gen", "$BITOPS_TEMPDIR/gen",
		"../a/tool", "../b/tool",
	}).Draw(t, "file")
	operation := rapid.SampledFrom([]string{
		"echo N >> FILE", "echo N > FILE", "rm -rf FILE", "chmod 600 FILE", "chmod 755 FILE", "ln -sf src FILE.link", "rm -rf ../*/d",
		"rm -f FILE; mkdir FILE; touch FILE/N",
	}).Draw(t, "operation")
	if strings.HasSuffix(file, "tool") {
		operation = "test ! -f FILE || { " + strings.ReplaceAll(operation, "mkdir", "false && mkdir") + "; }" // what hooks make first is theirs
	} else {
		operation = "mkdir -p $(dirname FILE); " + operation
	}
	return "{ " + strings.NewReplacer("FILE", file, "N", fmt.Sprint(n)).Replace(operation) + "; } 2>/dev/null || true\n"
}

// traced is a repository with two steps, whose hooks do what a file says.
type traced struct {
	*bench
	t   *testing.T
	ops string
}

func newTraced(t *testing.T) *traced {
	t.Helper()
	const hook = ". $OPS/$(basename $PWD)\n"
	b := newBench(t, "e/a/src", "a\n", "e/b/src", "b\n", "e/a/bitops.before-deploy.d/1.sh", hook, "e/b/bitops.before-deploy.d/1.sh", hook)
	return &traced{b, t, t.TempDir()}
}

func (b *traced) clear() {
	if err := os.RemoveAll(b.Store); err != nil {
		b.t.Fatal(err)
	}
}

// run does both steps, the second one where the first did not fail, and returns what their tools saw and wrote.
func (b *traced) run(r aRun) (saw []string, wrote map[string]string) {
	wrote = map[string]string{}
	l := &environments.Lifecycle{
		Repository: b.Repository, Store: b.Store, Run: b.Run, Default: b.Default, Tools: b.Tools, Runner: b.Runner,
		Environ: append([]string{"OPS=" + b.ops}, b.Environ...), Secrets: func(...string) {},
		Deployments: map[schema.EnvironmentName][]string{"e": {"a", "b"}},
	}
	for at, name := range tracedSteps {
		write(b.t, filepath.Join(b.ops, string(name)), r.hooks[at])
		command := schema.CommandApply
		b.tool.during = func(c *environments.Call) {
			saw = append(saw, seen(b.t, c, at == 0))
			if command == schema.CommandPlan {
				return
			}
			for file, content := range r.tools[at] {
				wrote[file] = content
				file = filepath.Join(c.Workspace.Directory, file)
				if err := os.RemoveAll(file); err != nil {
					b.t.Error(err)
				}
				write(b.t, file, content)
			}
		}
		if r.planned[at] {
			command = schema.CommandPlan
			l.Do(b.t.Context(), environments.Request{Step: step("e", string(name)), Command: command}, func(schema.Event) {})
			command = schema.CommandApply
		}
		result := l.Do(b.t.Context(), environments.Request{Step: step("e", string(name)), Command: command}, func(schema.Event) {})
		if n := len(saw); r.planned[at] && n > 1 && saw[n-1] == saw[n-2] {
			saw = saw[:n-1]
		}
		if result.Error != nil {
			saw = append(saw, result.Error.Message)
			break
		}
	}
	return saw, wrote
}

// seen describes what is in the workspace. The first step is not told of the directory of the second.
func seen(t *testing.T, c *environments.Call, first bool) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(c.Workspace.Root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, inside := strings.CutPrefix(file, c.Workspace.Root+"/")
		if !inside {
			return nil
		}
		if first && name == "e/b" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := name + " " + info.Mode().String()
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			line += " " + strings.ReplaceAll(string(text), "\n", ";")
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
