package workspace_test

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Random edits of the source and of the workspace, and after each Sync: the workspace has everything the
// source has, everything that was generated and is not in the way, and nothing else.
func TestSyncInvariants(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		temporary, err := os.MkdirTemp("", "workspace") //nolint:usetesting // hundreds of them, each gone after its turn
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(temporary)
		environment := rapid.SampledFrom([]string{".", "e", "apps/e"}).Draw(rt, "environment")
		f := fixtureAt(t, filepath.Join(temporary, "repo"), environment)
		f.Exclude = nil
		m := &model{fixture: f, rt: rt, clock: time.Now().Add(-time.Hour)}
		m.syncAndCheck()
		rt.Repeat(map[string]func(*rapid.T){
			"source file":     func(rt *rapid.T) { m.edit(rt, m.source(), m.file) },
			"source link":     func(rt *rapid.T) { m.edit(rt, m.source(), m.link) },
			"source dir":      func(rt *rapid.T) { m.edit(rt, m.source(), m.directory) },
			"source remove":   func(rt *rapid.T) { m.edit(rt, m.source(), func(*rapid.T, string) error { return nil }) },
			"source rename":   func(rt *rapid.T) { m.edit(rt, m.source(), m.rename) },
			"source chmod":    func(rt *rapid.T) { m.chmod(rt, m.source()) },
			"workspace file":  func(rt *rapid.T) { m.edit(rt, m.copy(), m.file) },
			"workspace link":  func(rt *rapid.T) { m.edit(rt, m.copy(), m.link) },
			"workspace trap":  func(rt *rapid.T) { m.edit(rt, m.copy(), m.trap) },
			"workspace dir":   func(rt *rapid.T) { m.edit(rt, m.copy(), m.directory) },
			"workspace chmod": func(rt *rapid.T) { m.chmod(rt, m.copy()) },
			"sync":            func(*rapid.T) { m.syncAndCheck() },
		})
		m.syncAndCheck()
	})
}

// A model edits both sides of a fixture, and knows what was in the source at the last Sync.
type model struct {
	*fixture
	rt    *rapid.T
	clock time.Time
	known map[string]string
}

func (m *model) source() string { return filepath.Join(m.repo, m.Path) }
func (m *model) copy() string   { return filepath.Join(m.root(), m.Path) }

func drawName(rt *rapid.T) string {
	elements := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "a-", "\xff\n"}), 1, 3).Draw(rt, "name")
	return path.Join(elements...)
}

// edit makes way for a name below directory, and lets put make something there. It does nothing if a link
// or a file is on the way to it.
func (m *model) edit(rt *rapid.T, directory string, put func(rt *rapid.T, file string) error) {
	name := drawName(rt)
	for at := path.Dir(name); at != "."; at = path.Dir(at) {
		if info, err := os.Lstat(filepath.Join(directory, at)); err == nil && !info.IsDir() {
			return
		}
	}
	file := filepath.Join(directory, name)
	m.check(os.MkdirAll(filepath.Dir(file), 0o755))
	m.check(os.RemoveAll(file))
	m.check(put(rt, file))
}

func (m *model) check(err error) {
	if err != nil {
		m.rt.Fatal(err)
	}
}

// file writes content of few sizes, each time a nanosecond later than the last.
func (m *model) file(rt *rapid.T, file string) error {
	content := rapid.SampledFrom([]string{"", "1", "2", "three", "THREE"}).Draw(rt, "content")
	mode := rapid.SampledFrom(readable(0o644, 0o755, 0o400, 0)).Draw(rt, "mode")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		return err
	}
	m.clock = m.clock.Add(1)
	if err := os.Chtimes(file, m.clock, m.clock); err != nil {
		return err
	}
	return os.Chmod(file, mode)
}

func (m *model) link(rt *rapid.T, file string) error {
	return os.Symlink(rapid.SampledFrom([]string{"a", "../a", "nowhere", ".", "/"}).Draw(rt, "target"), file)
}

// trap leads from the workspace back to the source.
func (m *model) trap(rt *rapid.T, file string) error {
	target := filepath.Join(m.source(), drawName(rt))
	if info, err := os.Lstat(target); err == nil && info.Mode().IsRegular() {
		return os.Link(target, file)
	}
	return os.Symlink(target, file)
}

func (m *model) directory(rt *rapid.T, file string) error {
	return os.Mkdir(file, rapid.SampledFrom(readable(0o755, 0o700, 0o555)).Draw(rt, "mode"))
}

// readable are the modes that the model itself is not locked out by; root never is.
func readable(modes ...os.FileMode) []os.FileMode {
	if os.Getuid() == 0 {
		return modes
	}
	return modes[:2]
}

func (m *model) rename(rt *rapid.T, file string) error {
	from := filepath.Join(m.source(), drawName(rt))
	if from == file || strings.HasPrefix(file, from+"/") || isThroughLink(m.source(), from) {
		return nil
	}
	if err := os.Rename(from, file); err != nil && !os.IsNotExist(err) && !strings.Contains(err.Error(), "not a directory") {
		return err
	}
	return nil
}

func (m *model) chmod(rt *rapid.T, directory string) {
	file := filepath.Join(directory, drawName(rt))
	info, err := os.Lstat(file)
	if err != nil || info.Mode().Type() == os.ModeSymlink || isThroughLink(directory, file) {
		return
	}
	m.check(os.Chmod(file, rapid.SampledFrom([]os.FileMode{0o700, 0o755, 0o777}).Draw(rt, "mode")))
}

func isThroughLink(directory, file string) bool {
	for at := filepath.Dir(file); at != directory; at = filepath.Dir(at) {
		if info, err := os.Lstat(at); err == nil && info.Mode().Type() == os.ModeSymlink {
			return true
		}
	}
	return false
}

func (m *model) syncAndCheck() {
	before := snapshot(m.tb, m.source(), times)
	generated := map[string]string{}
	if _, err := os.Lstat(m.copy()); err == nil {
		generated = snapshot(m.tb, m.copy(), contents)
	}
	m.sync()
	if after := snapshot(m.tb, m.source(), times); !maps.Equal(before, after) && m.Path != "." {
		m.rt.Fatalf("the source changed: %v, was %v", after, before)
	}
	m.compare(snapshot(m.tb, m.source(), contents), generated, snapshot(m.tb, m.copy(), contents))

	quiet := snapshot(m.tb, m.Store, writes)
	m.sync()
	if after := snapshot(m.tb, m.Store, writes); !maps.Equal(quiet, after) {
		m.rt.Fatalf("a second Sync wrote: %v, was %v", after, quiet)
	}
}

// compare checks the workspace after a Sync against the source and the workspace before it.
func (m *model) compare(source, before, after map[string]string) {
	maps.DeleteFunc(source, func(name, _ string) bool { return m.Path == "." && within(name, ".bitops") })
	expected := map[string]string{}
	for name := range before {
		_, known := m.known[name]
		if known || inTheWay(source, name) {
			continue
		}
		for at := name; at != "."; at = path.Dir(at) { // with the directories it is in
			expected[at] = before[at]
		}
	}
	maps.Copy(expected, source)
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		if !same(after[name], expected[name]) {
			m.rt.Fatalf("workspace has %q at %q, want %q", after[name], name, expected[name])
		}
	}
	for name := range after {
		if _, ok := expected[name]; !ok {
			m.rt.Fatalf("workspace has %q at %q, want nothing", after[name], name)
		}
	}
	m.known = source
}

// inTheWay reports whether the source has the name, or something other than a directory above it.
func inTheWay(source map[string]string, name string) bool {
	if _, ok := source[name]; ok {
		return true
	}
	for at := path.Dir(name); at != "."; at = path.Dir(at) {
		if is, ok := source[at]; ok && !strings.HasPrefix(is, "d") {
			return true
		}
	}
	return false
}

// same compares descriptions; directories are made writable in the workspace.
func same(got, want string) bool {
	return got == want || strings.HasPrefix(want, "d") && strings.HasPrefix(got, "drwx")
}
