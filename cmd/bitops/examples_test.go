package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"
)

// copyExample copies an example as it is in git: without what a run of it in place has left, which .gitignore names.
func copyExample(name, to string) error {
	source := os.DirFS(filepath.Join("..", "..", "docs", "examples", name))
	return fs.WalkDir(source, ".", func(file string, entry fs.DirEntry, err error) error {
		target := filepath.Join(to, filepath.FromSlash(file))
		switch {
		case err != nil:
			return err
		case leftByRun(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text, err := fs.ReadFile(source, file)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, info.Mode().Perm())
	})
}

// leftByRun reports whether a name is one that the .gitignore at the root has for examples.
func leftByRun(name string) bool {
	for _, pattern := range []string{".bitops", ".terraform", ".terraform.lock.hcl", "*.tfstate", "*.tfstate.*", "*.auto.tfvars.json"} {
		if match, _ := path.Match(pattern, name); match {
			return true
		}
	}
	return false
}

// The README's first command runs an example in place. Tests that come after it see nothing of that.
func TestExamplesAreCopiedAsInGit(t *testing.T) {
	ignored, err := os.ReadFile(filepath.Join("..", "..", ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	for name, left := range map[string]bool{
		"terraform.tfstate": true, "terraform.tfstate.backup": true, ".terraform": true, ".bitops": true, ".terraform.lock.hcl": true,
		"values.auto.tfvars.json": true, "main.tf": false, ".gitignore": false, "bitops.config.yaml": false, "VERSION": false,
	} {
		if leftByRun(name) != left {
			t.Errorf("%s is left by a run: %v, with a .gitignore of\n%s", name, !left, ignored)
		}
	}
}
