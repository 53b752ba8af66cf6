// Package testkit is what the tests of all tools share: the programs that they need, what they compare, and a step in a
// repository of its own. Only tests import it.
package testkit

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Tool returns where a program is: installed by make, or on PATH. A test whose program is missing is skipped, or fails where
// BITOPS_TEST_TOOLS is required. Where that is none, no program is there.
func Tool(t testing.TB, name string) string {
	t.Helper()
	file, err := find(name)
	if err == nil {
		return file
	}
	Missing(t, name+" is missing")
	return ""
}

// Missing skips a test that lacks something, or fails it where BITOPS_TEST_TOOLS is required.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("BITOPS_TEST_TOOLS") == "required" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func find(name string) (string, error) {
	if os.Getenv("BITOPS_TEST_TOOLS") == "none" {
		return "", errors.New("BITOPS_TEST_TOOLS is none")
	}
	dir, err := os.Getwd()
	for err == nil && !Exists(filepath.Join(dir, "go.mod")) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	if file := filepath.Join(dir, ".tools", "bin", name); Exists(file) {
		return file, nil
	}
	return exec.LookPath(name)
}

// Check ends the test with an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Equal compares two values deeply.
func Equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Contains looks for parts of a text.
func Contains(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
}

// Lacks looks for what must not be in a text.
func Lacks(t testing.TB, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%s holds %q:\n%s", what, part, text)
		}
	}
}

// Exists reports whether there is something of a name.
func Exists(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

// WriteFile writes a file, and makes the directories that it is in.
func WriteFile(t testing.TB, file, text string) {
	t.Helper()
	Check(t, os.MkdirAll(filepath.Dir(file), 0o755))
	Check(t, os.WriteFile(file, []byte(text), 0o644))
}

// WriteFiles writes files by their names below a directory.
func WriteFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		WriteFile(t, filepath.Join(dir, name), text)
	}
}

// ReadFile returns the text of a file.
func ReadFile(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	Check(t, err)
	return string(text)
}

// Program puts a shell script under a program's name, and returns the directory that it is in.
func Program(t testing.TB, name, script string) string {
	t.Helper()
	dir := t.TempDir()
	Check(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/bash\n"+script), 0o755))
	return dir
}

// Holding returns the files below a directory, relative to it, that contain a text.
func Holding(t testing.TB, dir, text string) []string {
	t.Helper()
	var found []string
	Check(t, filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(file)
		if bytes.Contains(content, []byte(text)) {
			rel, _ := filepath.Rel(dir, file)
			found = append(found, rel)
		}
		return err
	}))
	return found
}

// Values returns values by their JSON texts.
func Values(t testing.TB, texts map[string]string) schema.Values {
	t.Helper()
	vs := schema.Values{}
	for name, text := range texts {
		v, err := schema.FromJSON([]byte(text))
		Check(t, err)
		vs[name] = v
	}
	return vs
}

// Output checks one output by its plain text.
func Output(t testing.TB, values schema.Values, name, want string) {
	t.Helper()
	got, err := values[name].Plain()
	if err != nil || got != want {
		t.Errorf("output %s = %q (%v), want %q", name, got, err, want)
	}
}

// Counts checks how many things are added, changed and removed.
func Counts(t testing.TB, c *schema.Changes, add, change, remove int) {
	t.Helper()
	if c == nil || c.Add != add || c.Change != change || c.Remove != remove {
		t.Errorf("changes %+v, want +%d ~%d -%d", c, add, change, remove)
	}
}

// FailureLines returns what a person sees of a failure beside its message.
func FailureLines(err error) []string {
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		return failure.Lines
	}
	return nil
}
