package workspace

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// publishTemporary is the name under which a file is written before it takes its place in the source.
// It is always the same, so that what a kill leaves behind does not pile up.
const publishTemporary = ".bitops-publish.tmp"

// Publish copies one regular file from the workspace back to the source, and reports whether the source
// changed. The name is relative to the environment's directory and may be new to the source, but the
// directory it is in may not. A file that the workspace lacks is not published and is no error.
//
// The source's file is replaced as a whole or not at all, and keeps its permissions. Afterwards the
// workspace's file has the source's permissions and modification time, so that Sync takes it for
// unchanged. Publish must not run while a Sync, or another Publish, of the same workspace does.
func (w *Workspace) Publish(name string) (changed bool, err error) {
	if !isName(filepath.ToSlash(name)) {
		return false, fmt.Errorf("publish %q: not a clean path in the environment's directory", name)
	}
	changed, err = publish(filepath.Join(w.Directory, name), filepath.Join(w.Source, name))
	if err != nil {
		return changed, fmt.Errorf("publish %s: %w", printable(name), err)
	}
	return changed, nil
}

func publish(from, to string) (changed bool, err error) {
	fresh, err := lstat(from)
	if err != nil || fresh == nil {
		return false, err
	}
	old, err := lstat(to)
	if err != nil {
		return false, err
	}
	if old != nil && (os.SameFile(fresh, old) || sameLink(from, to)) {
		return false, nil // reached through a link, it is the source's own file
	}
	if !fresh.Mode().IsRegular() {
		return false, fmt.Errorf("%s is not a regular file", from)
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return false, err
	}
	perm, mtime := fresh.Mode().Perm(), fresh.ModTime()
	if old != nil && old.Mode().IsRegular() {
		perm = old.Mode().Perm()
		same, err := holds(to, old, content)
		if err != nil {
			return false, err
		}
		if same {
			return false, stamp(from, perm, old.ModTime())
		}
	}
	whole := atomicfile.File{Mode: perm, Exact: true, Modified: mtime, Temporary: publishTemporary}
	if err := whole.Write(to, content); err != nil {
		return false, err
	}
	return true, stamp(from, perm, mtime)
}

// sameLink reports whether two names are symbolic links to the same target.
func sameLink(a, b string) bool {
	targetA, errA := os.Readlink(a)
	targetB, errB := os.Readlink(b)
	return errA == nil && errB == nil && targetA == targetB
}

// holds reports whether a file has this content.
func holds(file string, info fs.FileInfo, content []byte) (bool, error) {
	if info.Size() != int64(len(content)) {
		return false, nil
	}
	now, err := os.ReadFile(file)
	return bytes.Equal(now, content), err
}

func stamp(file string, perm fs.FileMode, mtime time.Time) error {
	if err := os.Chtimes(file, time.Time{}, mtime); err != nil {
		return err
	}
	return os.Chmod(file, perm)
}
