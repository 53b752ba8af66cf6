package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Options say which workspace to bring up to date, and from what.
type Options struct {
	// Repository is the root of the operations repository: absolute, symbolic links resolved.
	Repository string
	// Store is the directory that holds the workspaces and their lists: absolute. It is made if missing,
	// and may be in the repository, where it is neither copied nor linked.
	Store string
	// Name is the name of the workspace's directory in Store; DirectoryName makes one.
	Name string
	// Path is the environment's directory, slash-separated, clean, and relative to Repository; "." when
	// the repository itself is the environment. It must lead there without a symbolic link.
	Path string
	// Exclude reports files that are never copied and never deleted: a tool's private state, such as
	// .terraform directories. The name is slash-separated and relative to the environment's directory
	// (relative to the workspace's root for what lies outside of that). Nil excludes nothing.
	Exclude func(name string, isDir bool) bool
	// Siblings returns the names in a directory of the repository ("." for its root) that get links. A
	// thousand environments side by side would make a million links, so the caller leaves out what it
	// can. Nil links everything that is there.
	Siblings func(level string) ([]string, error)
	// Overlays are directories of defaults that are laid under the environment's.
	Overlays []Overlay
}

// Why a directory cannot be an environment's; Sync returns them wrapped, to be told by errors.Is.
var (
	ErrMissing      = errors.New("does not exist")
	ErrNotDirectory = errors.New("is not a directory")
	ErrLinkLoop     = errors.New("is a loop of symbolic links")
	ErrSymlink      = errors.New("leads through a symbolic link")
	ErrOutside      = errors.New("is not part of the repository")
)

// check refuses options that are not what they should be, before anything is read or written.
func (o Options) check() error {
	switch {
	case !filepath.IsAbs(o.Repository):
		return fmt.Errorf("repository %q is not an absolute path", o.Repository)
	case !filepath.IsAbs(o.Store):
		return fmt.Errorf("store %q is not an absolute path", o.Store)
	case o.Name == "" || o.Name == "." || o.Name == ".." || strings.ContainsAny(o.Name, "/\x00"):
		return fmt.Errorf("%q cannot be the name of a directory", o.Name)
	case o.Path == "" || path.IsAbs(o.Path) || path.Clean(o.Path) != o.Path:
		return fmt.Errorf("environment directory %q is not a clean relative path", o.Path)
	case o.Path == ".." || strings.HasPrefix(o.Path, "../"):
		return fmt.Errorf("environment directory %s %w", printable(o.Path), ErrOutside)
	}
	return o.checkSource()
}

// checkSource follows Path from the repository to the environment's directory, and says what is in the way.
func (o Options) checkSource() error {
	refuse := func(err error) error {
		return fmt.Errorf("environment directory %s %w", printable(o.Path), err)
	}
	at := o.Repository
	for element := range strings.SplitSeq(o.Path, "/") {
		at = filepath.Join(at, element)
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return refuse(ErrMissing)
		case errors.Is(err, syscall.ENOTDIR):
			return refuse(ErrNotDirectory)
		case err != nil:
			return refuse(fmt.Errorf("cannot be read: %w", err))
		case info.Mode().Type() == fs.ModeSymlink:
			return refuse(o.explainLink())
		case !info.IsDir():
			return refuse(ErrNotDirectory)
		}
	}
	return nil
}

// explainLink says where a Path that leads through a symbolic link ends.
func (o Options) explainLink() error {
	end, err := filepath.EvalSymlinks(filepath.Join(o.Repository, o.Path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: it leads through a broken symbolic link", ErrMissing)
	case errors.Is(err, syscall.ELOOP) || err != nil && strings.Contains(err.Error(), "too many links"):
		return ErrLinkLoop
	case err != nil:
		return fmt.Errorf("cannot be read: %w", err)
	}
	inside, err := filepath.Rel(o.Repository, end)
	if err != nil || !filepath.IsLocal(inside) {
		return fmt.Errorf("%w: it is a symbolic link to %s", ErrOutside, printable(end))
	}
	return fmt.Errorf("%w: use %s, where it ends", ErrSymlink, printable(filepath.ToSlash(inside)))
}
