package schema

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Directory is a directory of a repository. One that was listed answers from what it held then, without another look. It is
// immutable and safe for concurrent use.
type Directory struct {
	Root string // the repository
	Name string // relative to it, with slashes

	listed  bool
	entries []fs.DirEntry // by name
}

// Listed returns the directory listed. One that cannot be is returned as it is: whoever asks looks for himself.
func (d Directory) Listed() Directory {
	entries, err := os.ReadDir(d.Path())
	d.listed, d.entries = err == nil, entries
	return d
}

// Empty returns the directory as one in which nothing is, without a look: for whoever knows that nothing of interest is.
func (d Directory) Empty() Directory {
	d.listed, d.entries = true, nil
	return d
}

// Path returns the path for the operating system.
func (d Directory) Path() string { return filepath.Join(d.Root, filepath.FromSlash(d.Name)) }

// Entries returns what is in the directory, by name. The error is of the kind *fs.PathError.
func (d Directory) Entries() ([]fs.DirEntry, error) {
	if d.listed {
		return d.entries, nil
	}
	return os.ReadDir(d.Path())
}

// Type returns the type of an entry, links as such, and whether there is one of that name.
func (d Directory) Type(name string) (fs.FileMode, bool) {
	if d.listed {
		i, there := slices.BinarySearchFunc(d.entries, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
		if !there {
			return 0, false
		}
		return d.entries[i].Type(), true
	}
	info, err := os.Lstat(filepath.Join(d.Path(), name))
	if err != nil {
		return 0, false
	}
	return info.Mode().Type(), true
}

// HasDirectory reports whether a path under the directory is one too, also by way of links.
func (d Directory) HasDirectory(below string) bool {
	first, rest, deep := strings.Cut(below, "/")
	if d.listed {
		switch typ, there := d.Type(first); {
		case !there:
			return false
		case typ.IsDir() && (!deep || rest == ""):
			return true
		}
	}
	info, err := os.Stat(filepath.Join(d.Path(), filepath.FromSlash(below)))
	return err == nil && info.IsDir()
}

// ConfigurationFile returns the directory's configuration file, relative to the repository, whichever spelling is there.
func (d Directory) ConfigurationFile() (string, bool) {
	for _, name := range []string{ManifestName, OtherManifestName} {
		if _, there := d.Type(name); there {
			return path.Join(d.Name, name), true
		}
	}
	return "", false
}
