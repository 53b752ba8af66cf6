package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// An entry is one name the source has, as it was found.
type entry struct {
	name  string // slash-separated, relative to the environment's directory
	mode  fs.FileMode
	size  int64
	mtime time.Time
	link  string // target of a symbolic link

	from    string // the file it is copied from, when that is not the source's of the same name; absolute
	content []byte // what it holds, when it is made from several files
}

// file is where the entry is copied from.
func (s *syncer) file(e entry) string {
	if e.from != "" {
		return e.from
	}
	return filepath.Join(s.source, e.name)
}

// scan lists the source, sorted by name, so that a directory comes before what is in it. It costs one
// lstat per name. What cannot be read becomes a notice, except the environment's directory itself.
func (s *syncer) scan() ([]entry, error) {
	var found []entry
	pending := []string{"."}
	for len(pending) > 0 {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		directory := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		inside, err := s.scanDirectory(directory)
		if err != nil {
			return nil, err
		}
		for _, e := range inside {
			if e.mode.IsDir() {
				pending = append(pending, e.name)
			}
		}
		found = append(found, inside...)
	}
	slices.SortFunc(found, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return found, nil
}

func (s *syncer) scanDirectory(directory string) ([]entry, error) {
	inside, err := os.ReadDir(filepath.Join(s.source, directory))
	if err != nil && directory == "." {
		return nil, err
	}
	if err := s.unreadable(directory, err); err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(inside))
	for _, d := range inside {
		name := path.Join(directory, d.Name())
		if s.excluded(name, d.IsDir()) {
			continue
		}
		e, err := s.examine(name, d)
		if err := s.unreadable(name, err); err != nil {
			return nil, err
		}
		if err == nil && s.copies(e) {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (s *syncer) examine(name string, d fs.DirEntry) (entry, error) {
	info, err := d.Info()
	if err != nil {
		return entry{}, err
	}
	e := entry{name: name, mode: info.Mode(), size: info.Size(), mtime: info.ModTime()}
	if e.mode.Type() == fs.ModeSymlink {
		e.link, err = os.Readlink(filepath.Join(s.source, name))
	}
	return e, err
}

// copies reports whether an entry is of a kind that has a copy, and says so if not.
func (s *syncer) copies(e entry) bool {
	var kind string
	switch e.mode.Type() {
	case 0, fs.ModeDir, fs.ModeSymlink:
		return true
	case fs.ModeNamedPipe:
		kind = "named pipe"
	case fs.ModeSocket:
		kind = "socket"
	default:
		kind = "device"
	}
	s.notice(path.Join(s.Path, e.name), fmt.Sprintf("is a %s, so the workspace lacks it", kind))
	return false
}

// unreadable makes a notice of an error met in reading the source, and hands back those that are not
// about the file but about this process. A file that has just been deleted is worth no word.
func (s *syncer) unreadable(name string, err error) error {
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
		return err
	}
	s.notice(path.Join(s.Path, name), missing(err))
	return nil
}
