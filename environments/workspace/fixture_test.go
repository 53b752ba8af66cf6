package workspace_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/workspace"
)

// A fixture is a repository in a temporary directory and the workspace of one of its environments.
type fixture struct {
	tb   testing.TB
	repo string
	workspace.Options
}

func newFixture(tb testing.TB, environment string) *fixture {
	tb.Helper()
	repo, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	return fixtureAt(tb, repo, environment)
}

func fixtureAt(tb testing.TB, repo, environment string) *fixture {
	tb.Helper()
	f := &fixture{tb: tb, repo: repo, Options: workspace.Options{
		Repository: repo,
		Store:      filepath.Join(repo, ".bitops", "work"),
		Name:       workspace.DirectoryName(environment),
		Path:       environment,
		Exclude:    terraformState,
	}}
	f.must(os.MkdirAll(filepath.Join(repo, environment), 0o755))
	return f
}

func terraformState(name string, _ bool) bool {
	base := filepath.Base(name)
	return base == ".terraform" || strings.HasPrefix(base, "terraform.tfstate")
}

func (f *fixture) must(err error) {
	f.tb.Helper()
	if err != nil {
		f.tb.Fatal(err)
	}
}

// write makes a file of the repository, and the directories above it.
func (f *fixture) write(name, content string) {
	f.tb.Helper()
	writeFile(f.tb, filepath.Join(f.repo, name), content)
}

// generate makes a file of the workspace, as a hook would.
func (f *fixture) generate(name, content string) {
	f.tb.Helper()
	writeFile(f.tb, filepath.Join(f.root(), name), content)
}

func (f *fixture) remove(name string) {
	f.tb.Helper()
	f.must(os.RemoveAll(filepath.Join(f.repo, name)))
}

// chmod changes a file of the repository until the test ends; after that it must be possible to delete it.
func (f *fixture) chmod(name string, mode os.FileMode) {
	f.tb.Helper()
	file := filepath.Join(f.repo, name)
	f.must(os.Chmod(file, mode))
	f.tb.Cleanup(func() { _ = os.Chmod(file, 0o755) })
}

func (f *fixture) root() string { return filepath.Join(f.Store, f.Name) }

func (f *fixture) sync() []workspace.Notice {
	f.tb.Helper()
	_, notices, err := workspace.Sync(f.tb.Context(), f.Options)
	f.must(err)
	return notices
}

// read is the content of a file of the workspace, or "absent".
func (f *fixture) read(name string) string {
	f.tb.Helper()
	data, err := os.ReadFile(filepath.Join(f.root(), name))
	if os.IsNotExist(err) {
		return "absent"
	}
	f.must(err)
	return string(data)
}

func (f *fixture) expect(name, content string) {
	f.tb.Helper()
	if got := f.read(name); got != content {
		f.tb.Errorf("workspace has %q at %s, want %q", got, name, content)
	}
}

// expectMirror checks that the workspace's copy of the environment has everything the source has.
func (f *fixture) expectMirror() {
	f.tb.Helper()
	source := snapshot(f.tb, filepath.Join(f.repo, f.Path), contents)
	copied := snapshot(f.tb, filepath.Join(f.root(), f.Path), contents)
	for name, want := range source {
		if f.Path == "." && within(name, ".bitops", ".git") {
			continue
		}
		if copied[name] != want {
			f.tb.Errorf("workspace has %q at %q, want %q", copied[name], name, want)
		}
	}
}

func within(name string, directories ...string) bool {
	first, _, _ := strings.Cut(name, "/")
	return slices.Contains(directories, first)
}

// How much of a file a snapshot describes.
const (
	contents = iota // kind, permissions, content or target
	times           // and the modification time
	writes          // and what changes with every write to the file, its attributes or its name
)

// snapshot describes everything in a directory.
func snapshot(tb testing.TB, directory string, detail int) map[string]string {
	tb.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(directory, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == directory {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(directory, file)
		found[name], err = describe(file, info)
		if detail >= times {
			found[name] += fmt.Sprint(" ", info.ModTime().UnixNano())
		}
		if detail >= writes {
			found[name] += " " + identity(info)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

func describe(file string, info fs.FileInfo) (string, error) {
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		target, err := os.Readlink(file)
		return "link " + target, err
	case 0:
		data, err := os.ReadFile(file)
		if len(data) > 40 {
			data = fmt.Appendf(nil, "%x", sha256.Sum256(data))
		}
		return fmt.Sprintf("%v %q", info.Mode(), data), err
	}
	return info.Mode().String(), nil
}

func writeFile(tb testing.TB, file, content string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		tb.Fatal(err)
	}
}
