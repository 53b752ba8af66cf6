// Package atomicfile writes files as a whole or not at all: the content goes to a temporary file in the same directory,
// which then takes the name. Readers see the old content or the new one, and a crash leaves one of them.
package atomicfile

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// File says how a file is written. The zero value writes a file that only its owner reads, and waits until it is on the
// disk. Its methods are safe for concurrent use, except those of one name with the same Temporary.
type File struct {
	Mode     fs.FileMode // its permissions; 0 for 0600
	Exact    bool        // the permissions are Mode whatever the umask is, where the file system has permissions
	Modified time.Time   // its modification time; zero for now

	// Temporary is the base name that the file has before it is complete, so that what a crash leaves is replaced by the
	// next attempt. Empty is a random name that begins with TemporaryPrefix.
	Temporary string

	// Unsynced does not wait for the disk: after a power failure the file can be missing, empty or old. It is for files
	// that are made again when that happens.
	Unsynced bool
}

// TemporaryPrefix begins the names of files that are not complete yet.
const TemporaryPrefix = ".new-bitops-"

// Write gives a file this content. The directory must exist.
func (f File) Write(name string, content []byte) error {
	return f.WriteWith(name, bytesOf(content))
}

// WriteWith gives a file the content that fill writes. An error of fill is returned, and then the file is as it was.
func (f File) WriteWith(name string, fill func(io.Writer) error) error {
	temporary, err := f.prepare(name, fill)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, name); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return f.syncDirectory(name)
}

// Create makes a file with this content, or returns fs.ErrExist. Of several that try at once, one succeeds.
func (f File) Create(name string, content []byte) error {
	temporary, err := f.prepare(name, bytesOf(content))
	if err != nil {
		return err
	}
	err = errors.Join(os.Link(temporary, name), os.Remove(temporary))
	if err != nil {
		return err
	}
	return f.syncDirectory(name)
}

func bytesOf(content []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}
}

// prepare writes the temporary file of a name, and removes it when that fails.
func (f File) prepare(name string, fill func(io.Writer) error) (temporary string, err error) {
	file, err := f.open(filepath.Dir(name))
	if err != nil {
		return "", err
	}
	err = fill(file)
	if err == nil && !f.Unsynced {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil && !f.Modified.IsZero() {
		err = os.Chtimes(file.Name(), time.Time{}, f.Modified)
	}
	if f.Exact {
		_ = os.Chmod(file.Name(), f.mode()) // last: it may leave no right to write
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// open makes the temporary file, which nothing else has.
func (f File) open(dir string) (*os.File, error) {
	name := filepath.Join(dir, cmp.Or(f.Temporary, TemporaryPrefix+rand.Text()))
	if f.Temporary != "" {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode())
}

func (f File) mode() fs.FileMode { return cmp.Or(f.Mode, 0o600) }

// syncDirectory waits until a name is on the disk.
func (f File) syncDirectory(name string) error {
	if f.Unsynced {
		return nil
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
