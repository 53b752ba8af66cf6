package workspace_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments/workspace"
)

func TestSyncRefusesWhatIsNoEnvironment(t *testing.T) {
	f := newFixture(t, env)
	f.write("file", "")
	f.write(".bitops/x/y", "")
	outside := t.TempDir()
	for name, target := range map[string]string{"loop": "pool", "pool": "loop", "out": outside, "in": "apps", "broken": "nowhere"} {
		f.must(os.Symlink(target, filepath.Join(f.repo, name)))
	}
	for path, want := range map[string]error{
		"nowhere":      workspace.ErrMissing,
		"nowhere/deep": workspace.ErrMissing,
		"broken":       workspace.ErrMissing,
		"file":         workspace.ErrNotDirectory,
		"file/deep":    workspace.ErrNotDirectory,
		"loop":         workspace.ErrLinkLoop,
		"loop/deep":    workspace.ErrLinkLoop,
		"out":          workspace.ErrOutside,
		"in/frontend":  workspace.ErrSymlink,
		"..":           workspace.ErrOutside,
		"../x":         workspace.ErrOutside,
		".bitops/x":    workspace.ErrOutside,
	} {
		f.Path = path
		_, _, err := workspace.Sync(t.Context(), f.Options)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

func TestSyncRefusesBadOptions(t *testing.T) {
	for name, change := range map[string]func(*workspace.Options){
		"relative repository":      func(o *workspace.Options) { o.Repository = "." },
		"relative store":           func(o *workspace.Options) { o.Store = "work" },
		"store is the repository":  func(o *workspace.Options) { o.Store = o.Repository },
		"workspace is repository":  func(o *workspace.Options) { o.Store, o.Name = filepath.Split(o.Repository) },
		"no name":                  func(o *workspace.Options) { o.Name = "" },
		"name is a path":           func(o *workspace.Options) { o.Name = "a/b" },
		"name leads out":           func(o *workspace.Options) { o.Name = ".." },
		"no path":                  func(o *workspace.Options) { o.Path = "" },
		"absolute path":            func(o *workspace.Options) { o.Path = "/etc" },
		"path that is not clean":   func(o *workspace.Options) { o.Path = "apps//frontend" },
		"path that leads out late": func(o *workspace.Options) { o.Path = "apps/../../x" },
	} {
		f := newFixture(t, env)
		before := len(snapshot(t, f.repo, contents))
		change(&f.Options)
		if _, _, err := workspace.Sync(t.Context(), f.Options); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if after := len(snapshot(t, f.repo, contents)); after != before {
			t.Errorf("%s: something was written", name)
		}
	}
}

func TestDirectoryName(t *testing.T) {
	for environment, want := range map[string]string{"backend": "backend", "prod/backend": "prod~backend", ".": "~.", "..": "~.."} {
		if got := workspace.DirectoryName(environment); got != want {
			t.Errorf("%s: %s, want %s", environment, got, want)
		}
	}
	name := rapid.StringMatching(`(([a-c.]|é){1,3}|[a-b]{150,210})(/([a-c.]|é){1,2}){0,2}`)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := name.Draw(rt, "a"), name.Draw(rt, "b")
		x, y := workspace.DirectoryName(a), workspace.DirectoryName(b)
		if (a == b) != (x == y) || len(x) > 200 || strings.Contains(x, "/") || x == "." || x == ".." {
			rt.Fatalf("%q is %q and %q is %q", a, x, b, y)
		}
	})
}
