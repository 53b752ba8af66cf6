package environments_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// fake is a Tool that runs a shell script, and leaves what it is told to.
type fake struct {
	script   string // run by apply, destroy and plan
	result   environments.Result
	outputs  schema.Values // of earlier
	skip     string
	skipErr  error
	deployed bool
	during   func(*environments.Call)

	attempts  int
	ends      []error          // of the first attempts
	changes   []schema.Changes // of the first attempts
	transient []*regexp.Regexp
}

func (*fake) Name() schema.ToolName { return "fake" }

func (*fake) Inspect(schema.Directory) (schema.Interface, schema.Problems) {
	return schema.Interface{}, nil
}

func (*fake) Private(name string, _ bool) bool { return strings.HasSuffix(name, ".state") }

func (f *fake) operate(ctx context.Context, c *environments.Call) (environments.Result, error) {
	c.Phase(schema.PhaseTool, "fake")
	if f.during != nil {
		f.during(c)
	}
	f.attempts++
	if f.attempts <= len(f.ends) {
		var result environments.Result
		if f.attempts <= len(f.changes) {
			result.Changes = &f.changes[f.attempts-1]
		}
		return result, f.ends[f.attempts-1]
	}
	if f.script == "" {
		return f.result, nil
	}
	args := []string{"-c", f.script + " # /"} // what holds a slash is not named in a failure
	return f.result, c.Must(ctx, environments.ProgramCall{Name: "bash", Args: args})
}

func (f *fake) Plan(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return f.operate(ctx, c)
}

func (f *fake) Apply(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return f.operate(ctx, c)
}

func (f *fake) PlanDestroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return f.operate(ctx, c)
}

func (f *fake) Destroy(ctx context.Context, c *environments.Call) (environments.Result, error) {
	return f.operate(ctx, c)
}

func (f *fake) Outputs(context.Context, *environments.Call) (schema.Values, error) {
	return f.outputs, nil
}

func (f *fake) Deployed(context.Context, *environments.Call) (bool, error) { return f.deployed, nil }

func (*fake) Programs(string, string) []environments.Program { return nil }

func (f *fake) Skip(*environments.Call) (string, error) { return f.skip, f.skipErr }

func (f *fake) Transient() []*regexp.Regexp { return f.transient }

var (
	_ environments.Skipper = (*fake)(nil)
	_ environments.Patient = (*fake)(nil)
)

// bench is a repository and what happens in it.
type bench struct {
	*environments.Lifecycle
	tool    *fake
	mu      sync.Mutex
	events  []schema.Event
	secrets []string
	began   int
}

// newBench makes a repository of files: path and content in turn. It must not have changed when the test ends.
func newBench(t *testing.T, files ...string) *bench {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		write(t, filepath.Join(root, files[i]), files[i+1])
	}
	b := &bench{tool: &fake{}}
	b.Lifecycle = &environments.Lifecycle{
		Repository: root, Store: filepath.Join(root, ".bitops"), Run: "20261123-143005-9f3c1a", Default: "_default",
		Tools: []environments.Tool{b.tool}, Runner: process.Local{}, Environ: []string{"PATH=" + os.Getenv("PATH")},
		Secrets: func(texts ...string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.secrets = append(b.secrets, texts...)
		},
	}
	before := fingerprint(t, root)
	t.Cleanup(func() {
		if after := fingerprint(t, root); after != before {
			t.Errorf("the checkout has changed:\n%s\nand was\n%s", after, before)
		}
		left, _ := filepath.Glob(filepath.Join(b.Store, "work", "*~~private"))
		if len(left) > 0 {
			t.Errorf("private files are left: %v", left)
		}
	})
	return b
}

func write(t *testing.T, file, content string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fingerprint describes every file of a checkout but bitops' own.
func fingerprint(t *testing.T, root string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".bitops" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", strings.TrimPrefix(file, root), info.Mode())
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x %s", sha256.Sum256(text), info.ModTime())
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func (b *bench) observe(e schema.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e)
}

func step(environment schema.EnvironmentName, deployment string) *schema.Step {
	return &schema.Step{
		Name: environment.Step(deployment), Environment: environment, EnvironmentPath: string(environment),
		Deployment: deployment, Tool: "fake",
	}
}

// do applies a step.
func (b *bench) do(t *testing.T, s *schema.Step) environments.StepResult {
	t.Helper()
	return b.request(t.Context(), environments.Request{Step: s, Command: schema.CommandApply})
}

func (b *bench) request(ctx context.Context, r environments.Request) environments.StepResult {
	if r.Begin == nil {
		r.Begin = func() error {
			b.began++
			return nil
		}
	}
	return b.Do(ctx, r, b.observe)
}

// log returns what a step printed, and its notices and phases.
func (b *bench) log(kinds ...schema.EventType) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []string
	for _, e := range b.events {
		if slices.Contains(kinds, e.Type) {
			lines = append(lines, strings.TrimSpace(string(e.Phase)+" "+e.Text))
		}
	}
	return strings.Join(lines, "\n")
}

// printed returns the lines that a step printed.
func (b *bench) printed() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []string
	for _, e := range b.events {
		if e.Type == schema.EventOutputLine {
			lines = append(lines, e.Text)
		}
	}
	return strings.Join(lines, "\n")
}

func wantResult(t *testing.T, r environments.StepResult, want schema.Outcome, inMessage string) {
	t.Helper()
	message := ""
	if r.Error != nil {
		message = r.Error.Message
	}
	if r.Outcome != want || !strings.Contains(message, inMessage) || inMessage == "" && message != "" {
		t.Fatalf("the step is %s: %q; want %s with %q", r.Outcome, message, want, inMessage)
	}
}
