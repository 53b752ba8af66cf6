package planner

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/bitops-engine/bitops/schema"
)

// lines is an Inspector that reads what a step declares from a file `declares` in its directory, a line each:
// `in NAME`, `out NAME`, `hooks` (any input, more outputs), `broken` (a problem).
type lines struct {
	root  string
	tools []schema.ToolName
}

var _ Inspector = lines{}

func (l lines) Tools() []schema.ToolName { return l.tools }

// Deployments reads the directories of several steps from a file `charts`.
func (l lines) Deployments(_ schema.ToolName, dir string) ([]string, schema.Problems) {
	if text, err := os.ReadFile(filepath.Join(l.root, dir, "charts")); err == nil {
		return strings.Fields(string(text)), nil
	}
	return []string{"."}, nil
}

func (l lines) Inspect(_ schema.ToolName, environment, deployment string) (schema.Interface, schema.Problems) {
	dir := path.Join(environment, deployment)
	var i schema.Interface
	text, err := os.ReadFile(filepath.Join(l.root, dir, "declares"))
	if err != nil {
		return schema.Interface{AnyInput: true, MoreOutput: true}, nil
	}
	for line := range strings.Lines(string(text)) {
		word, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "in":
			i.Inputs = append(i.Inputs, schema.Parameter{Name: name})
		case "out":
			i.Outputs = append(i.Outputs, schema.Parameter{Name: name})
		case "hooks":
			i.AnyInput, i.MoreOutput = true, true
		case "broken":
			return i, schema.Problems{schema.Errorf(schema.Position{File: dir + "/declares"}, "is broken")}
		}
	}
	return i, nil
}

// repository writes the files of a txtar archive to a new directory: `-> x` is a symbolic link to x, a name that ends in
// a slash is a directory.
func repository(t testing.TB, archive *txtar.Archive) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		path := filepath.Join(root, f.Name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		to, link := strings.CutPrefix(strings.TrimSpace(string(f.Data)), "-> ")
		switch {
		case err != nil:
		case strings.HasSuffix(f.Name, "/"):
			err = os.MkdirAll(path, 0o755)
		case link:
			err = os.Symlink(to, path)
		default:
			err = os.WriteFile(path, f.Data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// build plans a repository.
func build(t testing.TB, root string, o Options) (*schema.Plan, schema.Problems) {
	t.Helper()
	m, problems := schema.LoadManifest(root, schema.ManifestName)
	if problems.HasErrors() {
		return nil, problems
	}
	plan, more := Build(m, lines{root, []schema.ToolName{"terraform", "ansible", "helm", "hello"}}, o)
	return plan, append(problems, more...)
}

// summary writes a plan a line for each step, with its dependencies and what else is not as usual.
func summary(p *schema.Plan) string {
	if p == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "parallelism %d, fail fast %t, limits %v\n", p.Parallelism, p.FailFast, p.Limits)
	for i := range p.Steps {
		summarise(&b, &p.Steps[i])
	}
	return b.String()
}

func summarise(b *strings.Builder, s *schema.Step) {
	fmt.Fprintf(b, "%s (%s in %s)", s.Name, s.Tool, s.Directory())
	if len(s.DependsOn) > 0 {
		fmt.Fprintf(b, " <- %v", s.DependsOn)
	}
	if !s.Selected {
		b.WriteString(" not selected")
	}
	for _, word := range []struct {
		name  string
		value any
		set   bool
	}{
		{"env", s.Env, len(s.Env) > 0},
		{"tags", s.Tags, len(s.Tags) > 0},
		{"limit", s.Limit, s.Limit != ""},
		{"timeout", s.Timeout, s.Timeout != 0},
		{"retry", s.Retry, s.Retry.Attempts != schema.DefaultAttempts || s.Retry.Backoff != schema.DefaultBackoff || s.Retry.On != nil},
		{"protect", s.Protect, s.Protect},
		{"approval", s.Approval, s.Approval},
	} {
		if word.set {
			fmt.Fprintf(b, " %s=%v", word.name, word.value)
		}
	}
	b.WriteString("\n")
	for _, in := range s.Inputs {
		fmt.Fprintf(b, "  given %s\n", in.Name)
	}
	for _, o := range s.Offers {
		fmt.Fprintf(b, "  offered by %s %v near=%t\n", o.Environment, o.Steps, o.Near)
	}
	for _, w := range s.Wiring {
		fmt.Fprintf(b, "  %s %s %s\n", w.How, w.Input, slices.Clip(w.From))
	}
}
