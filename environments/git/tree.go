package git

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is the files of a directory as they were in a commit: those of the checkout, and in the place of what differs what git
// has of the commit. What git ignores is as it is in the checkout, and so are other repositories in this one. A Tree is
// immutable and safe for concurrent use. Of a large file that differs the size is known, and to read it is an error.
type Tree struct {
	checkout fs.FS
	entries  map[string]*entry // of paths that differ: nil where nothing was
	children map[string][]*entry
}

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadLinkFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
)

// Before returns the files as they were before changes, all those from a commit to the checkout.
func (r *Repository) Before(ctx context.Context, changes []Change) (*Tree, error) {
	var ids []string
	for _, c := range changes {
		if c.hadContent() {
			ids = append(ids, c.Was.ID)
		}
	}
	slices.Sort(ids)
	contents, err := r.blobs(ctx, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	t := &Tree{checkout: os.DirFS(r.dir), entries: map[string]*entry{}, children: map[string][]*entry{}}
	for _, c := range changes {
		switch {
		case c.hadContent():
			t.put(&entry{path: c.Path, mode: c.Was.fileMode(), blob: contents[c.Was.ID]})
		case c.Was.Mode == "" && t.entries[c.Path] == nil:
			t.entries[c.Path] = nil
		}
	}
	return t, nil
}

func (c Change) hadContent() bool { return c.Was.Mode != "" && c.Was.Mode != Submodule }

func (e Entry) fileMode() fs.FileMode {
	switch e.Mode {
	case Link:
		return fs.ModeSymlink | 0o777
	case Executable:
		return 0o755
	}
	return 0o644
}

// put adds an entry, and the directories above that the checkout may not have.
func (t *Tree) put(e *entry) {
	t.entries[e.path] = e
	for ; e.path != "."; e = t.entries[path.Dir(e.path)] {
		dir := path.Dir(e.path)
		t.children[dir] = append(t.children[dir], e)
		if t.entries[dir] != nil {
			return
		}
		t.entries[dir] = &entry{path: dir, mode: fs.ModeDir | 0o755}
	}
}

// at returns what differs at a path. Known is false where the checkout has it as it was.
func (t *Tree) at(name string) (e *entry, known bool) {
	if e, known = t.entries[name]; known {
		return e, true
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if above, known := t.entries[dir]; known && above != nil && !above.IsDir() {
			return nil, true // there was a file
		}
	}
	return nil, false
}

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) {
	switch e, known := t.at(name); {
	case !known || e != nil && e.IsDir():
		return t.checkout.Open(name)
	case e == nil:
		return nil, missing("open", name)
	default:
		return &file{entry: e, content: bytes.NewReader(e.content)}, nil
	}
}

// ReadDir implements fs.ReadDirFS.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, known := t.at(name)
	if known && (e == nil || !e.IsDir()) {
		return nil, missing("read", name)
	}
	entries, err := fs.ReadDir(t.checkout, name)
	if err != nil && !known {
		return nil, err
	}
	all := slices.DeleteFunc(entries, func(one fs.DirEntry) bool {
		_, differs := t.entries[path.Join(name, one.Name())]
		return differs
	})
	for _, one := range t.children[name] {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

// Lstat implements fs.ReadLinkFS.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	switch e, known := t.at(name); {
	case !known:
		return fs.Lstat(t.checkout, name)
	case e == nil:
		return nil, missing("stat", name)
	default:
		return e, nil
	}
}

// Stat implements fs.StatFS. A link that differs is not followed.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	if e, known := t.at(name); known && (e == nil || !e.IsDir()) {
		return t.Lstat(name)
	} else if known {
		return e, nil
	}
	return fs.Stat(t.checkout, name)
}

// ReadLink implements fs.ReadLinkFS.
func (t *Tree) ReadLink(name string) (string, error) {
	switch e, known := t.at(name); {
	case !known:
		return fs.ReadLink(t.checkout, name)
	case e == nil || e.mode&fs.ModeSymlink == 0:
		return "", missing("readlink", name)
	default:
		return string(e.content), nil
	}
}

func missing(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// entry is a file, a link, or a directory on the way to one.
type entry struct {
	path string
	mode fs.FileMode
	blob
}

func (e *entry) Name() string               { return path.Base(e.path) }
func (e *entry) Size() int64                { return int64(e.size) }
func (e *entry) Mode() fs.FileMode          { return e.mode }
func (e *entry) Type() fs.FileMode          { return e.mode.Type() }
func (e *entry) ModTime() time.Time         { return time.Time{} }
func (e *entry) IsDir() bool                { return e.mode.IsDir() }
func (e *entry) Sys() any                   { return nil }
func (e *entry) Info() (fs.FileInfo, error) { return e, nil }

// file is an open entry.
type file struct {
	entry   *entry
	content *bytes.Reader
}

// Read implements fs.File.
func (f *file) Read(p []byte) (int, error) {
	if f.entry.size > len(f.entry.content) {
		return 0, &fs.PathError{Op: "read", Path: f.entry.path, Err: errTooLarge}
	}
	return f.content.Read(p)
}

var errTooLarge = fmt.Errorf("it has more than %d MiB", mostContent>>20)

func (f *file) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *file) Close() error               { return nil }
