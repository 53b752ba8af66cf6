package workspace_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/workspace"
)

const env = "apps/frontend"

func TestSyncRules(t *testing.T) {
	main := env + "/terraform/main.tf"
	for _, c := range []struct {
		name   string
		change func(f *fixture) // after a first Sync with main.tf = "one"
		file   string
		want   string
	}{
		{"a changed file is copied", func(f *fixture) { f.write(main, "other") }, main, "other"},
		{"a change that keeps the size is copied", func(f *fixture) { f.write(main, "two") }, main, "two"},
		{"a deleted file is deleted", func(f *fixture) { f.remove(main) }, main, "absent"},
		{"an edit by a hook is undone", func(f *fixture) { f.generate(main, "2nd") }, main, "one"},
		{"an edit by a hook to a deleted file is deleted with it", func(f *fixture) { f.generate(main, "2nd"); f.remove(main) }, main, "absent"},
		{"a file that a hook deleted is restored", func(f *fixture) { f.must(os.Remove(filepath.Join(f.root(), main))) }, main, "one"},
		{"a generated file is kept", func(f *fixture) { f.generate(env+"/terraform/inventory", "gen") }, env + "/terraform/inventory", "gen"},
		{"a generated file is kept when its directory is deleted", func(f *fixture) {
			f.generate(env+"/terraform/inventory", "gen")
			f.remove(env + "/terraform")
		}, env + "/terraform/inventory", "gen"},
		{"a generated file gives way to the source's", func(f *fixture) {
			f.generate(env+"/inventory", "gen")
			f.write(env+"/inventory", "source")
		}, env + "/inventory", "source"},
		{"a generated directory gives way to the source's file", func(f *fixture) {
			f.generate(env+"/inventory/hosts", "gen")
			f.write(env+"/inventory", "source")
		}, env + "/inventory", "source"},
		{"a file becomes a directory", func(f *fixture) { f.remove(main); f.write(main+"/x", "deep") }, main + "/x", "deep"},
		{"a directory becomes a file", func(f *fixture) { f.remove(env + "/terraform"); f.write(env+"/terraform", "flat") }, env + "/terraform", "flat"},
		{"an excluded file of the source is not copied", func(f *fixture) { f.write(env+"/terraform.tfstate", "state") }, env + "/terraform.tfstate", "absent"},
		{"an excluded file of the workspace is kept", func(f *fixture) {
			f.write(env+"/terraform/.terraform/x", "source")
			f.generate(env+"/terraform/.terraform/x", "tool")
		}, env + "/terraform/.terraform/x", "tool"},
		{"a name that is excluded from now on is kept", func(f *fixture) {
			f.Exclude = func(string, bool) bool { return true }
			f.remove(main)
		}, main, "one"},
		{"the environment's .git is not copied", func(f *fixture) { f.write(env+"/.git", "gitdir: ../../.git/modules/x") }, env + "/.git", "absent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, env)
			f.write(main, "one")
			f.sync()
			c.change(f)
			before := snapshot(t, filepath.Join(f.repo, env), writes)
			if notices := f.sync(); len(notices) > 0 {
				t.Errorf("unexpected notices: %v", notices)
			}
			f.expect(c.file, c.want)
			if after := snapshot(t, filepath.Join(f.repo, env), writes); !maps.Equal(before, after) {
				t.Errorf("the source changed:\n%v\n%v", before, after)
			}
		})
	}
}

func TestSyncWritesNothingWhenNothingChanged(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "one")
	f.write(env+"/hooks/empty", "")
	f.write("modules/m.tf", "")
	f.must(os.Symlink("nowhere", filepath.Join(f.repo, env, "broken")))
	f.sync()
	f.generate(env+"/hooks/generated", "x")
	before := snapshot(t, f.Store, writes)
	f.sync()
	if after := snapshot(t, f.Store, writes); !maps.Equal(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

// A hook may make the workspace's file another name of the checkout's, or a link to it.
func TestSyncNeverWritesThroughWhatAHookLinked(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/d/file", "one")
	f.write("shared/file", "shared")
	f.write("shared/gone", "shared")
	f.write(env+"/d/gone", "gone")
	f.write(env+"/hard", "hard")
	f.sync()
	f.must(os.RemoveAll(filepath.Join(f.root(), env, "d")))
	f.must(os.Symlink(filepath.Join(f.repo, "shared"), filepath.Join(f.root(), env, "d")))
	f.must(os.Remove(filepath.Join(f.root(), env, "hard")))
	f.must(os.Link(filepath.Join(f.repo, "shared/file"), filepath.Join(f.root(), env, "hard")))
	f.remove(env + "/d/gone")
	before := snapshot(t, filepath.Join(f.repo, "shared"), contents)
	f.sync()
	f.expectMirror()
	f.remove(env + "/d")
	f.must(os.RemoveAll(filepath.Join(f.root(), env, "d")))
	f.must(os.Symlink(filepath.Join(f.repo, "shared"), filepath.Join(f.root(), env, "d")))
	f.sync()
	if after := snapshot(t, filepath.Join(f.repo, "shared"), contents); !maps.Equal(before, after) {
		t.Errorf("files beside the environment changed: %v, were %v", after, before)
	}
}

func TestWasACrashOnOddFiles(t *testing.T) {
	f := newFixture(t, env)
	for _, name := range []string{
		"-rf", " ", "new\nline", "quote\"d", "back\\slash", "\xff\xfe", "é", "�", "tab\t", "~", "*",
		strings.Repeat("n", 255), strings.Repeat("deep/", 100) + "file", "end 3", "..hidden", "...",
	} {
		f.write(env+"/"+name, name)
	}
	directory := filepath.Join(f.repo, env)
	f.must(os.MkdirAll(filepath.Join(directory, "empty"), 0o755))
	for name, target := range map[string]string{
		"broken": "nowhere", "absolute": "/etc", "self": "self", "up": "../../modules", "loop": ".", "bytes": "\xff\n",
	} {
		f.must(os.Symlink(target, filepath.Join(directory, name)))
	}
	modes := map[string]os.FileMode{"x": 0o755, "ro": 0o444, "all": 0o777}
	if os.Getuid() == 0 {
		modes["none"] = 0
	}
	for name, mode := range modes {
		f.write(env+"/mode/"+name, name)
		f.chmod(env+"/mode/"+name, mode)
	}
	f.chmod(env+"/mode", 0o711)
	f.must(os.Link(filepath.Join(directory, "-rf"), filepath.Join(directory, "hardlink")))
	f.write("modules/m.tf", "module")

	f.sync()
	f.expectMirror()
	f.expect(env+"/up/m.tf", "module")
	f.must(os.RemoveAll(directory))
	f.must(os.Mkdir(directory, 0o755))
	f.sync()
	if left := snapshot(t, filepath.Join(f.root(), env), contents); len(left) > 0 {
		t.Errorf("left after everything was deleted: %v", left)
	}
}

func TestSyncReportsWhatHasNoCopy(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/pipe\n", "was a file")
	f.sync()
	f.remove(env + "/pipe\n")
	f.must(syscall.Mkfifo(filepath.Join(f.repo, env, "pipe\n"), 0o644))
	notices := f.sync()
	if len(notices) != 1 || notices[0].String() != `"apps/frontend/pipe\n": is a named pipe, so the workspace lacks it` {
		t.Errorf("notices: %v", notices)
	}
	f.expect(env+"/pipe\n", "absent")
}

func TestSyncMovesExcludedFilesAside(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/terraform/main.tf", "one")
	f.sync()
	f.generate(env+"/terraform/terraform.tfstate", "precious")
	f.remove(env + "/terraform")
	f.write(env+"/terraform", "a file now")
	notices := f.sync()
	f.expect(env+"/terraform", "a file now")
	aside := f.root() + "~~replaced-1"
	if len(notices) != 1 || notices[0].Path != aside {
		t.Fatalf("notices: %v", notices)
	}
	if data, err := os.ReadFile(filepath.Join(aside, "terraform.tfstate")); err != nil || string(data) != "precious" {
		t.Errorf("moved aside: %q, %v", data, err)
	}
}

func TestSyncDistrustsALostList(t *testing.T) {
	for name, damage := range map[string]func(file string) error{
		"missing":     os.Remove,
		"cut short":   func(file string) error { return os.Truncate(file, 60) },
		"of a newer":  func(file string) error { return os.WriteFile(file, []byte("bitops workspace files 2\n"), 0o600) },
		"emptied out": func(file string) error { return os.Truncate(file, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, env)
			f.write(env+"/main.tf", "one")
			f.write(env+"/stale.tf", "gone soon")
			f.sync()
			f.generate(env+"/.terraform/x", "kept")
			f.remove(env + "/stale.tf")
			f.must(damage(f.root() + "~~files"))
			if notices := f.sync(); len(notices) != 1 || !strings.Contains(notices[0].Reason, "was deleted") {
				t.Errorf("notices: %v", notices)
			}
			f.expect(env+"/stale.tf", "absent")
			f.expect(env+"/main.tf", "one")
			f.expect(env+"/.terraform/x", "kept")
			if notices := f.sync(); len(notices) > 0 {
				t.Errorf("second Sync: %v", notices)
			}
		})
	}
}

func TestSyncOfTheWholeRepository(t *testing.T) {
	f := newFixture(t, ".")
	f.write("terraform/main.tf", "one")
	f.write("modules/.git", "kept, it is below")
	f.write(".git/HEAD", "ref")
	f.write(".bitops/journal", "x")
	f.sync()
	f.expectMirror()
	f.expect(".git/HEAD", "absent")
	f.expect(".bitops/journal", "absent")
	f.expect("modules/.git", "kept, it is below")
	f.generate(".git/HEAD", "a hook's")
	f.remove("terraform")
	f.sync()
	f.expectMirror()
	f.expect("terraform/main.tf", "absent")
	f.expect(".git/HEAD", "a hook's")
}

func TestSyncDoesNotCopyItsStore(t *testing.T) {
	f := newFixture(t, "apps")
	f.Store = filepath.Join(f.repo, "apps", "tmp", "work")
	f.write("apps/main.tf", "one")
	f.write("apps/tmp/x", "x")
	f.sync()
	f.sync()
	f.expect("apps/tmp/x", "x")
	if _, err := os.Lstat(filepath.Join(f.root(), "apps/tmp/work")); !os.IsNotExist(err) {
		t.Errorf("the store is in the workspace: %v", err)
	}
}

func TestSyncFollowsAnEnvironmentThatMoved(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "one")
	f.sync()
	f.generate(env+"/.terraform/x", "plugin")
	f.must(os.Rename(filepath.Join(f.repo, env), filepath.Join(f.repo, "front")))
	f.Path = "front"
	if notices := f.sync(); len(notices) != 2 {
		t.Errorf("notices: %v", notices)
	}
	f.expectMirror()
	f.expect(env+"/main.tf", "absent")
	if info, err := os.Lstat(filepath.Join(f.root(), "apps")); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("apps is not a link: %v %v", info, err)
	}
}

// A change right after a copy may leave a file's size and, by a coarse clock, its time as they were.
func TestSyncWaitsForTheClock(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "one")
	start := time.Now()
	info, err := os.Stat(filepath.Join(f.repo, env, "main.tf"))
	f.must(err)
	f.sync()
	if passed := time.Since(info.ModTime()); passed < 20*time.Millisecond {
		t.Errorf("copied %v after the file was written, Sync took %v", passed, time.Since(start))
	}
}

func TestSyncStopsWhenCancelled(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "one")
	ctx := canceled(t)
	if _, _, err := workspace.Sync(ctx, f.Options); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("error: %v", err)
	}
}
