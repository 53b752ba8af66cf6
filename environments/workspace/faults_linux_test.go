package workspace_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/bitops-engine/bitops/environments/workspace"
)

// asNobody runs a function without root's right to read and write everything. It gives up the calling
// thread's file system identity only, which is why function must not start goroutines that touch files.
func asNobody(t *testing.T, f *fixture, function func()) {
	t.Helper()
	if os.Getuid() != 0 {
		function()
		return
	}
	const nobody = 65534
	for at := f.repo; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		f.must(os.Chmod(at, 0o755))
	}
	f.must(filepath.WalkDir(f.repo, func(file string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(file, nobody, nobody))
	}))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	setFileSystemUser(nobody)
	defer setFileSystemUser(0)
	if _, err := os.ReadDir("/root"); err == nil {
		t.Skip("cannot drop root's rights here")
	}
	function()
}

func setFileSystemUser(uid uintptr) { _, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, uid, 0, 0) }

func TestWasACrashOnUnreadableFiles(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/a/secret", "one")
	f.write(env+"/b/x", "one")
	f.write(env+"/c/x", "one")
	f.write(env+"/d", "one")
	f.sync()
	f.write(env+"/a/secret", "two")
	for name, mode := range map[string]os.FileMode{"a/secret": 0o200, "b": 0o300, "c": 0o400} {
		f.chmod(env+"/"+name, mode)
	}
	var got []string
	asNobody(t, f, func() {
		for range 2 {
			got = nil
			for _, n := range f.sync() {
				got = append(got, n.String())
			}
		}
	})
	const why = ": cannot be read (permission denied), so the workspace lacks it"
	want := []string{env + "/a/secret" + why, env + "/b" + why, env + "/c/x" + why}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("notices:\n%s", strings.Join(got, "\n"))
	}
	for name, content := range map[string]string{"a/secret": "absent", "b/x": "absent", "c/x": "absent", "d": "one"} {
		f.expect(env+"/"+name, content)
	}
}

func TestSyncNeedsToReadTheEnvironmentItself(t *testing.T) {
	f := newFixture(t, env)
	f.chmod(env, 0)
	asNobody(t, f, func() {
		_, _, err := workspace.Sync(t.Context(), f.Options)
		if !errors.Is(err, os.ErrPermission) {
			t.Errorf("error: %v", err)
		}
	})
}

func TestSyncCopesWithReadOnlyDirectories(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/ro/x", "one")
	f.write(env+"/gone/x", "one")
	f.write(env+"/file", "one")
	f.chmod(env+"/ro", 0o555)
	asNobody(t, f, func() {
		f.sync()
		f.generate(env+"/made/read/only", "x")
		for _, name := range []string{"ro", "gone", "made/read", "made"} {
			f.must(os.Chmod(filepath.Join(f.root(), env, name), 0o500))
		}
		f.remove(env + "/gone")
		f.write(env+"/made", "source")
		f.chmod(env+"/ro", 0o755)
		f.write(env+"/ro/y", "two")
		f.chmod(env+"/ro", 0o555)
		f.sync()
		f.expect(env+"/ro/y", "two")
		f.expect(env+"/made", "source")
		f.expectAbsent(env + "/gone")
	})
}

func TestSyncSaysThatTheStoreIsReadOnly(t *testing.T) {
	f := newFixture(t, env)
	f.write(env+"/main.tf", "one")
	f.must(os.MkdirAll(f.Store, 0o755))
	f.chmod(".bitops/work", 0o555)
	asNobody(t, f, func() {
		_, _, err := workspace.Sync(t.Context(), f.Options)
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), f.root()) {
			t.Errorf("error: %v", err)
		}
	})
}

func TestSyncSaysThatTheDiskIsFull(t *testing.T) {
	f := newFixture(t, env)
	f.must(os.MkdirAll(f.Store, 0o755))
	if err := syscall.Mount("tmpfs", f.Store, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small disk cannot be mounted: %v", err)
	}
	defer func() { f.must(syscall.Unmount(f.Store, 0)) }()
	f.write(env+"/a", "small")
	f.write(env+"/big", strings.Repeat("x", 1<<20))
	for range 2 {
		_, _, err := workspace.Sync(t.Context(), f.Options)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), filepath.Join(f.root(), env, "big")) {
			t.Fatalf("error: %v", err)
		}
	}
	f.write(env+"/big", "fits")
	f.sync()
	f.expectMirror()
}
