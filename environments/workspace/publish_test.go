package workspace_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/environments/workspace"
)

const lock = "terraform/.terraform.lock.hcl"

func TestPublish(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(f *fixture)
		changed bool
		want    string
		mode    os.FileMode
	}{
		{"an unchanged file is left alone", func(*fixture) {}, false, "one", 0o640},
		{"a changed file is replaced and keeps its permissions", func(f *fixture) { f.generate(env+"/"+lock, "two") }, true, "two", 0o640},
		{"permissions that a tool changed do not matter", func(f *fixture) {
			f.generate(env+"/"+lock, "two")
			f.must(os.Chmod(filepath.Join(f.root(), env, lock), 0o600))
		}, true, "two", 0o640},
		{"a file written with the same content is no change", func(f *fixture) { f.generate(env+"/"+lock, "one") }, false, "one", 0o640},
		{"a file new to the source is made", func(f *fixture) {
			f.remove(env + "/" + lock)
			f.generate(env+"/"+lock, "new")
			f.must(os.Chmod(filepath.Join(f.root(), env, lock), 0o600))
		}, true, "new", 0o600},
		{"a file that the workspace lacks is not deleted", func(f *fixture) {
			f.must(os.Remove(filepath.Join(f.root(), env, lock)))
		}, false, "one", 0o640},
		{"a temporary file left by a kill is no obstacle", func(f *fixture) {
			f.write(env+"/terraform/.bitops-publish.tmp", "half")
			f.generate(env+"/"+lock, "two")
		}, true, "two", 0o640},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, env)
			source := filepath.Join(f.repo, env, lock)
			f.write(env+"/"+lock, "one")
			f.must(os.Chmod(source, 0o640))
			w, _, err := workspace.Sync(t.Context(), f.Options)
			f.must(err)
			c.change(f)
			if changed, err := w.Publish(lock); err != nil || changed != c.changed {
				t.Errorf("changed %v, %v", changed, err)
			}
			data, err := os.ReadFile(source)
			f.must(err)
			info, err := os.Stat(source)
			f.must(err)
			if string(data) != c.want || info.Mode() != c.mode {
				t.Errorf("the source has %q %v, want %q %v", data, info.Mode(), c.want, c.mode)
			}
			f.expectUntouchedBySync(lock)
			f.expectNoTemporary()
		})
	}
}

func (f *fixture) expectUntouchedBySync(name string) {
	f.tb.Helper()
	before := snapshot(f.tb, filepath.Join(f.root(), env), writes)
	f.sync()
	after := snapshot(f.tb, filepath.Join(f.root(), env), writes)
	if was, ok := before[name]; ok && after[name] != was {
		f.tb.Errorf("the next Sync copied %s", name)
	}
}

func (f *fixture) expectNoTemporary() {
	f.tb.Helper()
	if left, err := filepath.Glob(filepath.Join(f.repo, env, "terraform", ".bitops*")); err != nil || len(left) > 0 {
		f.tb.Errorf("left in the source: %v %v", left, err)
	}
}

func TestPublishOfWhatIsAlreadyTheSources(t *testing.T) {
	f := newFixture(t, env)
	f.write("shared/"+filepath.Base(lock), "one")
	f.must(os.Symlink("../../shared", filepath.Join(f.repo, env, "terraform")))
	f.must(os.Symlink("../../shared/"+filepath.Base(lock), filepath.Join(f.repo, env, "linked")))
	w, _, err := workspace.Sync(t.Context(), f.Options)
	f.must(err)
	for _, name := range []string{lock, "linked"} {
		if changed, err := w.Publish(name); err != nil || changed {
			t.Errorf("%s: %v %v", name, changed, err)
		}
	}
}

func TestPublishRefuses(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/"+lock, "one")
	w, _, err := workspace.Sync(t.Context(), f.Options)
	f.must(err)
	f.generate(env+"/made/here", "x")
	f.must(os.Symlink("/etc/hostname", filepath.Join(w.Directory, "link")))
	for _, name := range []string{"", ".", "../x", "/etc/passwd", "terraform", "made/here", "link"} {
		if changed, err := w.Publish(name); err == nil || changed {
			t.Errorf("%q: %v %v", name, changed, err)
		}
	}
}
