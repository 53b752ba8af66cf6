package planner

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/bitops-engine/bitops/schema"
)

var update = flag.Bool("update", false, "write what the stories expect anew")

// TestStories plans the small repositories in testdata. The comment of each archive tells its story; a line `select: a b`
// in it names selectors, `env: A=1`, `timeout:`, `parallelism:` and `fail_fast:` are flags. The file `want` is the
// summary of the plan, then the problems.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		name := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".txtar"), "_", " ")
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := len(archive.Files) - 1
			root := repository(t, &txtar.Archive{Files: archive.Files[:want]})
			plan, problems := build(t, root, flags(t, string(archive.Comment)))
			got := summary(plan)
			for _, p := range problems {
				got += strings.ReplaceAll(p.String(), root, "ROOT") + "\n"
			}
			if *update {
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if expected := string(archive.Files[want].Data); got != expected {
				t.Errorf("got:\n%swant:\n%s", got, expected)
			}
		})
	}
}

func flags(t *testing.T, comment string) Options {
	t.Helper()
	o := Options{Command: schema.CommandPlan}
	for line := range strings.Lines(comment) {
		word, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch word {
		case "select":
			o.Select.Selectors = strings.Fields(value)
		case "env":
			name, v, _ := strings.Cut(value, "=")
			o.Env = map[string]string{name: v}
		case "timeout":
			timeout, err := schema.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			o.Timeout = timeout
		case "parallelism":
			o.Parallelism = 7
		case "fail_fast":
			set := value == "true"
			o.FailFast = &set
		}
	}
	return o
}
