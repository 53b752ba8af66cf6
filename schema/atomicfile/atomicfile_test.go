package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/schema/atomicfile"
)

func TestWritten(t *testing.T) {
	long := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		file  atomicfile.File
		umask int
		perm  fs.FileMode
		time  time.Time
	}{
		"only the owner reads it":            {perm: 0o600},
		"with a mode":                        {file: atomicfile.File{Mode: 0o644}, umask: 0o022, perm: 0o644},
		"the umask takes rights away":        {file: atomicfile.File{Mode: 0o644}, umask: 0o077, perm: 0o600},
		"a mode whatever the umask is":       {file: atomicfile.File{Mode: 0o664, Exact: true}, umask: 0o077, perm: 0o664},
		"nobody may write it":                {file: atomicfile.File{Mode: 0o444, Exact: true, Modified: long}, perm: 0o444, time: long},
		"by a name of the caller's":          {file: atomicfile.File{Temporary: ".mine"}, perm: 0o600},
		"without waiting for the disk":       {file: atomicfile.File{Unsynced: true}, perm: 0o600},
		"with a time":                        {file: atomicfile.File{Modified: long}, perm: 0o600, time: long},
		"over a temporary name that is left": {file: atomicfile.File{Temporary: ".left"}, perm: 0o600},
	} {
		for _, old := range []string{"", "old"} {
			t.Run(fmt.Sprintf("%s, over %q", name, old), func(t *testing.T) {
				dir := t.TempDir()
				file := filepath.Join(dir, "a")
				must(t, os.WriteFile(filepath.Join(dir, ".left"), []byte("of a crash"), 0o400))
				if old != "" {
					must(t, os.WriteFile(file, []byte(old), 0o640))
				}
				defer syscall.Umask(syscall.Umask(c.umask))
				must(t, c.file.Write(file, []byte("new")))
				text, err := os.ReadFile(file)
				must(t, err)
				info, err := os.Stat(file)
				must(t, err)
				if string(text) != "new" || info.Mode().Perm() != c.perm || !c.time.IsZero() && !info.ModTime().Equal(c.time) {
					t.Errorf("%q of mode %v at %v", text, info.Mode().Perm(), info.ModTime())
				}
				alone(t, dir, "a", ".left")
			})
		}
	}
}

func TestNothingIsLostByAFailure(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	must(t, os.WriteFile(file, []byte("old"), 0o600))
	failed := errors.New("no more")
	err := atomicfile.File{}.WriteWith(file, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return failed
	})
	if text, _ := os.ReadFile(file); !errors.Is(err, failed) || string(text) != "old" {
		t.Errorf("%v, and %q", err, text)
	}
	must(t, os.MkdirAll(filepath.Join(dir, "full", "x"), 0o755))
	if err := (atomicfile.File{}).Write(filepath.Join(dir, "full"), []byte("new")); err == nil {
		t.Error("a directory was replaced")
	}
	if err := (atomicfile.File{}).Write(filepath.Join(dir, "none", "b"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is not there: %v", err)
	}
	alone(t, dir, "a", "full")
}

func TestOneOfManyCreatesAFile(t *testing.T) {
	dir := t.TempDir()
	var made atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			err := atomicfile.File{}.Create(filepath.Join(dir, "a"), fmt.Append(nil, i))
			if err == nil {
				made.Add(1)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("%d made it", made.Load())
	}
	alone(t, dir, "a")
}

// TestReadersSeeWholeFiles reads while many write, each a file of one letter.
func TestReadersSeeWholeFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a")
	letters := func(i int) []byte {
		text := make([]byte, 10_000)
		for k := range text {
			text[k] = byte('a' + i)
		}
		return text
	}
	must(t, atomicfile.File{Unsynced: true}.Write(file, letters(0)))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 50 {
				if err := (atomicfile.File{Unsynced: true}).Write(file, letters(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 500 {
		text, err := os.ReadFile(file)
		must(t, err)
		if len(text) != 10_000 || text[0] != text[len(text)-1] {
			t.Fatalf("%d bytes, from %q to %q", len(text), text[:1], text[max(0, len(text)-1):])
		}
	}
	all.Wait()
}

// alone checks which files a directory holds, some of them perhaps.
func alone(t *testing.T, dir string, may ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	allowed := map[string]bool{}
	for _, name := range may {
		allowed[name] = true
	}
	for _, e := range entries {
		if !allowed[e.Name()] {
			t.Errorf("%s is left", e.Name())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
