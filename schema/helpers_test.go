package schema

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

// repository writes the files of a txtar archive to a new directory. A file whose text is `-> x` is a symbolic link to x.
func repository(t testing.TB, archive string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if to, link := strings.CutPrefix(strings.TrimSpace(string(f.Data)), "-> "); link {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, f.Data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// load reads a manifest from its text.
func load(t testing.TB, text string) (*Manifest, Problems) {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "m"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return LoadManifest(root, "m")
}

// input reads the value of one input, written in YAML behind `x: `.
func input(t testing.TB, yaml string) (Expression, Problems) {
	t.Helper()
	m, problems := load(t, "bitops: {environments: {a: {inputs: {\nx: "+yaml+"\n}}}}\n")
	if len(m.Environments) != 1 || len(m.Environments[0].Inputs) != 1 {
		return Expression{}, problems
	}
	return m.Environments[0].Inputs[0].Value, problems
}
