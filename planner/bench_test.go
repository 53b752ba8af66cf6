package planner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// fake is an Inspector that looks at nothing.
type fake struct{}

func (fake) Tools() []schema.ToolName { return schema.DefaultTools }

func (fake) Deployments(schema.ToolName, string) ([]string, schema.Problems) {
	return []string{"."}, nil
}

func (fake) Inspect(schema.ToolName, string, string) (schema.Interface, schema.Problems) {
	return schema.Interface{Inputs: []schema.Parameter{{Name: "vpc_id"}}, Outputs: []schema.Parameter{{Name: "id"}}}, nil
}

// shapes are how the i-th of n environments depends on others.
var shapes = map[string]func(i, n int) string{
	"layers": func(i, _ int) string {
		if i < 10 {
			return "{}"
		}
		return fmt.Sprintf("{depends_on: [e%d, e%d, e%d], inputs: {vpc_id: '${outputs.e%d.id}'}}", i-10, i-7, i-3, i-5)
	},
	"chain": func(i, _ int) string {
		if i == 0 {
			return "{}"
		}
		return fmt.Sprintf("{depends_on: [e%d]}", i-1)
	},
	"one waits for all": func(i, n int) string {
		if i < n-1 {
			return "{}"
		}
		return "{inherit: true, inputs: {vpc_id: 1}, depends_on: [" + numbers("e%d, ", n-1) + "]}"
	},
	"all wait for one": func(i, _ int) string {
		if i == 0 {
			return "{}"
		}
		return "{depends_on: [e0], inputs: {vpc_id: '${outputs.e0.id}'}}"
	},
}

func numbers(pattern string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, pattern, i)
	}
	return b.String()
}

// large writes a repository of n environments.
func large(t testing.TB, n int, shape func(i, n int) string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.MkdirAll(filepath.Join(root, fmt.Sprintf("e%d", i), "terraform"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	declare(t, root, n, shape)
	return root
}

// declare writes the manifest of n environments.
func declare(t testing.TB, root string, n int, shape func(i, n int) string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("bitops:\n  environments:\n")
	for i := range n {
		fmt.Fprintf(&b, "    e%d: %s\n", i, shape(i, n))
	}
	if err := os.WriteFile(filepath.Join(root, schema.ManifestName), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func loadLarge(t testing.TB, root string) *schema.Manifest {
	t.Helper()
	m, problems := schema.LoadManifest(root, schema.ManifestName)
	if problems != nil {
		t.Fatal(problems[0])
	}
	return m
}

func buildLarge(t testing.TB, m *schema.Manifest, n int) {
	t.Helper()
	plan, problems := Build(m, fake{}, Options{})
	if problems != nil || len(plan.Steps) != n {
		t.Fatal(problems[:min(len(problems), 1)])
	}
}

func BenchmarkLoad10k(b *testing.B) {
	root := large(b, 10_000, shapes["layers"])
	for b.Loop() {
		loadLarge(b, root)
	}
}

func BenchmarkBuild10k(b *testing.B) {
	for name, shape := range shapes {
		b.Run(name, func(b *testing.B) {
			m := loadLarge(b, large(b, 10_000, shape))
			for b.Loop() {
				buildLarge(b, m, 10_000)
			}
		})
	}
}

func BenchmarkLoadAndBuild100k(b *testing.B) {
	root := large(b, 100_000, shapes["layers"])
	for b.Loop() {
		buildLarge(b, loadLarge(b, root), 100_000)
	}
}

// TestManyMistakes checks that hints do not make a big manifest slow.
func TestManyMistakes(t *testing.T) {
	var m schema.Manifest
	m.Root = t.TempDir()
	for i := range 10_000 {
		at := schema.Position{File: "m", Line: i}
		m.Environments = append(m.Environments, schema.Environment{
			Name: schema.EnvironmentName(fmt.Sprintf("e%d", i)), Position: at, Path: schema.Located{Text: ".", Position: at},
			DependsOn: []schema.Located{{Text: fmt.Sprintf("x%d", i), Position: at}},
		})
	}
	d := &draft{manifest: &m, inspector: fake{}, graph: dag.New[schema.StepName]()}
	discover(d)
	began := time.Now()
	connect(d)
	if len(d.problems) != 10_000 || d.problems[1].Hint == "" {
		t.Errorf("%d problems, %v", len(d.problems), d.problems[:1])
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
