package workspace_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func (f *fixture) expectLink(name, target string) {
	f.tb.Helper()
	if got, err := os.Readlink(filepath.Join(f.root(), name)); err != nil || got != target {
		f.tb.Errorf("%s is a link to %q (%v), want %q", name, got, err, target)
	}
}

func (f *fixture) expectAbsent(name string) {
	f.tb.Helper()
	if _, err := os.Lstat(filepath.Join(f.root(), name)); !os.IsNotExist(err) {
		f.tb.Errorf("%s is there: %v", name, err)
	}
}

func TestSiblingsAreRelativeLinks(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "")
	f.write("apps/other/main.tf", "other")
	f.write("modules/m.tf", "module")
	f.write(".git/HEAD", "")
	f.write("apps/.git", "")
	f.sync()
	f.expectLink("modules", "../../../modules")
	f.expectLink("apps/other", "../../../../apps/other")
	f.expect(env+"/../other/main.tf", "other")
	f.expect(env+"/../../modules/m.tf", "module")
	for _, name := range []string{".git", ".bitops", "apps/.git"} {
		f.expectAbsent(name)
	}
}

func TestSiblingsComeAndGo(t *testing.T) {
	f := newFixture(t, env)
	f.write("modules/m.tf", "module")
	f.sync()
	f.generate("generated.txt", "kept")
	f.generate("late", "gives way")
	f.generate("apps/late/x", "gives way")
	f.must(os.Symlink("elsewhere", filepath.Join(f.root(), "apps/hooked")))
	f.remove("modules")
	f.write("late", "source")
	f.write("apps/late/x", "source")
	f.sync()
	f.expectAbsent("modules")
	f.expect("generated.txt", "kept")
	f.expectLink("late", "../../../late")
	f.expect("apps/late/x", "source")
	f.expectLink("apps/hooked", "elsewhere")
}

func TestALevelThatWasALinkBecomesADirectory(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "one")
	f.must(os.MkdirAll(f.root(), 0o755))
	f.must(os.Symlink("../../../apps", filepath.Join(f.root(), "apps")))
	f.sync()
	f.generate(env+"/main.tf", "hook")
	if data, err := os.ReadFile(filepath.Join(f.repo, env, "main.tf")); err != nil || string(data) != "one" {
		t.Errorf("the source has %q, %v", data, err)
	}
}

func TestSiblingsThatAreLeftOutGetNoLink(t *testing.T) {
	f := newFixture(t, env)
	f.write("apps/other/main.tf", "")
	f.write("modules/m.tf", "")
	f.sync()
	f.Siblings = func(level string) ([]string, error) {
		return map[string][]string{".": {"modules", "apps", ".bitops"}, "apps": {"e"}}[level], nil
	}
	f.sync()
	f.expectAbsent("apps/other")
	f.expectLink("modules", "../../../modules")
}

func TestASiblingThatHoldsTheStoreGetsNoLink(t *testing.T) {
	f := newFixture(t, env)
	f.Store = filepath.Join(f.repo, "tmp", "work")
	f.write(env+"/main.tf", "")
	f.sync()
	f.expectAbsent("tmp")
}

func TestTheCheckoutCanMove(t *testing.T) {
	f := newFixture(t, env)
	f.repo = filepath.Join(f.repo, "before")
	f.Repository, f.Store = f.repo, filepath.Join(f.repo, ".bitops/work")
	f.write(env+"/main.tf", "one")
	f.write("modules/m.tf", "module")
	f.sync()
	before := snapshot(t, f.Store, writes)
	moved := filepath.Join(filepath.Dir(f.repo), "after")
	f.must(os.Rename(f.repo, moved))
	f.repo, f.Repository, f.Store = moved, moved, filepath.Join(moved, ".bitops/work")
	f.expect("modules/m.tf", "module")
	f.sync()
	after := snapshot(t, f.Store, writes)
	for name := range before {
		if before[name] != after[name] {
			t.Errorf("%s was written again", name)
		}
	}
}

func TestAStoreOutsideTheRepository(t *testing.T) {
	f := newFixture(t, env)
	outside := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	f.must(os.Symlink(outside, link))
	f.Store = filepath.Join(link, "store")
	f.write(env+"/main.tf", "one")
	f.write("modules/m.tf", "module")
	f.sync()
	f.expectMirror()
	f.expect(env+"/../../modules/m.tf", "module")
}
