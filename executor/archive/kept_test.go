package archive_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/schema"
)

func aStep() *schema.Kept {
	return &schema.Kept{Version: 1, Default: "_default", Step: schema.Step{Name: "a/x", Environment: "a", DependsOn: []schema.StepName{"b/x"}}}
}

func TestKeptFilesComeBack(t *testing.T) {
	root, into := t.TempDir(), t.TempDir()
	put := func(dir, name, text string, mode fs.FileMode) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), mode)); err != nil {
			t.Fatal(err)
		}
	}
	put(root, "a/x/main.tf", "main", 0o644)
	put(root, "a/x/hook.sh", "#!/bin/sh", 0o755)
	put(root, "modules/é ü/m.tf", "", 0o644)
	if err := os.Symlink("../../modules", filepath.Join(root, "a/x/link")); err != nil {
		t.Fatal(err)
	}
	files := []string{"a/x/hook.sh", "a/x/link", "a/x/main.tf", "gone", "modules/é ü/m.tf"}
	content, err := archive.KeptBytes(aStep(), root, files)
	if err != nil {
		t.Fatal(err)
	}
	again, err := archive.KeptBytes(aStep(), root, files)
	if err != nil || !bytes.Equal(content, again) {
		t.Errorf("the same files make other bytes: %v", err)
	}
	hash := func() string {
		t.Helper()
		hash, err := archive.KeptHash(aStep(), root, files)
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	first, second := hash(), hash()
	put(root, "a/x/main.tf", "mean", 0o644)
	third := hash()
	put(root, "a/x/main.tf", "main", 0o644)
	if first != second || first == third || first != hash() {
		t.Errorf("hashes %s and %s of the same, %s of another", first, second, third)
	}
	put(into, "a/x/main.tf", "of another step", 0o600)
	kept, err := archive.ReadKept(content)
	if err != nil || kept.Step.Name != "a/x" || kept.Default != "_default" {
		t.Fatalf("%v, %v", kept, err)
	}
	if recorded, err := kept.Hash(); err != nil || recorded != hash() {
		t.Errorf("the archive has the hash %s, recorded is %s, %v", recorded, hash(), err)
	}
	if _, err := kept.Restore(into, root); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a/x/main.tf": "main", "a/x/hook.sh": "#!/bin/sh", "a/x/link/é ü/m.tf": ""} {
		if text, err := os.ReadFile(filepath.Join(into, name)); err != nil || string(text) != want {
			t.Errorf("%s is %q, %v", name, text, err)
		}
	}
	if info, err := os.Stat(filepath.Join(into, "a/x/hook.sh")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the hook is %v, %v", info.Mode(), err)
	}
	if _, err := os.Lstat(filepath.Join(into, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestWhatIsTooLargeIsNotKept(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := os.WriteFile(filepath.Join(root, name), make([]byte, archive.MostKept/2+1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := archive.KeptBytes(aStep(), root, []string{"one", "two"}); !errors.Is(err, archive.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := archive.KeptBytes(aStep(), root, []string{"one"}); err != nil {
		t.Error(err)
	}
}

// Nothing that is damaged is read, and nothing is written outside.
func FuzzReadKept(f *testing.F) {
	content, err := archive.KeptBytes(aStep(), f.TempDir(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add(content[:len(content)/2])
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		kept, err := archive.ReadKept(content)
		if err != nil {
			return
		}
		outside := t.TempDir()
		inside := filepath.Join(outside, "in")
		if err := os.Mkdir(inside, 0o700); err != nil {
			t.Fatal(err)
		}
		_, _ = kept.Restore(inside, inside)
		if entries, _ := os.ReadDir(outside); len(entries) != 1 {
			t.Errorf("something was written outside: %v", entries)
		}
	})
}
