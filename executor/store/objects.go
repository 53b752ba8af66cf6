package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// objects are named contents that several machines share. A name is a path with slashes. What is read is what was
// written last, by whomever, and what is listed is all there is.
type objects interface {
	// Read returns an object's content, or fs.ErrNotExist.
	Read(ctx context.Context, name string) ([]byte, error)

	// Write replaces an object as a whole or not at all.
	Write(ctx context.Context, name string, content []byte) error

	// Create writes an object that does not exist, or returns fs.ErrExist. Of several that try at once, one succeeds.
	Create(ctx context.Context, name string, content []byte) error

	// List returns the names that begin so, sorted.
	List(ctx context.Context, beginning string) ([]string, error)

	// Folders returns the names below a name that ends in a slash, up to their next slash, sorted.
	Folders(ctx context.Context, in string) ([]string, error)

	// Delete removes an object; one that does not exist is removed already.
	Delete(ctx context.Context, name string) error
}

// directory is objects in a directory, which may be on a network file system: a link is made there or it is not, whoever
// else tries.
type directory struct {
	root string
	mode fs.FileMode // where it is for a group, of the directories made in it, and of files without the x; else 0
}

var _ objects = directory{}

func (d directory) file(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Read implements objects.
func (d directory) Read(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(d.file(name))
}

// Write implements objects.
func (d directory) Write(_ context.Context, name string, content []byte) error {
	if err := d.makeDirectory(filepath.Dir(d.file(name))); err != nil {
		return err
	}
	return d.written().Write(d.file(name), content)
}

// Create implements objects.
func (d directory) Create(_ context.Context, name string, content []byte) error {
	if err := d.makeDirectory(filepath.Dir(d.file(name))); err != nil {
		return err
	}
	return d.written().Create(d.file(name), content)
}

// written says how an object becomes a file.
func (d directory) written() atomicfile.File {
	if d.mode == 0 {
		return atomicfile.File{}
	}
	return atomicfile.File{Mode: d.mode.Perm() & 0o666, Exact: true}
}

// temporaryBeginning begins the names of files that are no objects yet.
const temporaryBeginning = ".new-"

// makeDirectory makes a directory below the root, and those above it that are missing.
func (d directory) makeDirectory(dir string) error {
	if d.mode == 0 {
		return os.MkdirAll(dir, 0o755)
	}
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrNotExist) && dir != d.root {
		if err = d.makeDirectory(filepath.Dir(dir)); err == nil {
			err = os.Mkdir(dir, 0o777)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		_ = os.Chmod(dir, d.mode)
	}
	return err
}

// List implements objects.
func (d directory) List(_ context.Context, beginning string) ([]string, error) {
	var names []string
	start := d.file(beginning[:strings.LastIndex(beginning, "/")+1])
	err := filepath.WalkDir(start, func(file string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing of it yet, or removed meanwhile
		}
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), temporaryBeginning) {
			return err
		}
		name, err := filepath.Rel(d.root, file)
		if name = filepath.ToSlash(name); strings.HasPrefix(name, beginning) {
			names = append(names, name)
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

// Folders implements objects.
func (d directory) Folders(_ context.Context, in string) ([]string, error) {
	entries, err := os.ReadDir(d.file(in))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && d.holds(in+entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// holds reports whether there is an object in a directory. As in a bucket, a folder without one is none.
func (d directory) holds(folder string) bool {
	entries, _ := os.ReadDir(d.file(folder))
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		if e.IsDir() {
			return d.holds(folder + "/" + e.Name())
		}
		return !strings.HasPrefix(e.Name(), temporaryBeginning)
	})
}

// Delete implements objects. Directories that are empty then go as well, but for those in the root: others may be about to
// write there.
func (d directory) Delete(_ context.Context, name string) error {
	err := remove(d.file(name))
	for dir := path.Dir(name); err == nil && strings.Contains(dir, "/"); dir = path.Dir(dir) {
		if os.Remove(d.file(dir)) != nil {
			break
		}
	}
	return err
}
