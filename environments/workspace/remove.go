package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"
)

// deleteGone deletes the names that came from the source and are gone there. Both lists are sorted. A
// directory goes once it is empty: what was generated in it stays.
func (s *syncer) deleteGone(known, wanted []string) error {
	solid := map[string]bool{".": true}
	for _, name := range slices.Backward(known) { // what is in a directory before the directory
		if _, found := slices.BinarySearch(wanted, name); found {
			continue
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := s.deleteName(name, solid); err != nil {
			return err
		}
	}
	return nil
}

func (s *syncer) deleteName(name string, solid map[string]bool) error {
	if ok, err := s.isRealDirectory(path.Dir(name), solid); err != nil || !ok {
		return err
	}
	file := filepath.Join(s.directory, name)
	have, err := lstat(file)
	if err != nil || have == nil || s.excludedWithParents(name, have.IsDir()) {
		return err
	}
	err = os.Remove(file)
	if errors.Is(err, fs.ErrNotExist) || have.IsDir() && (errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST)) {
		return nil
	}
	return err
}

// isRealDirectory reports whether a name is a directory all the way down from the environment's. Where a
// hook, or the source, has put a link instead, deleting what is behind it would delete files of the
// checkout. Answers are kept in solid. Directories are made writable on the way.
func (s *syncer) isRealDirectory(name string, solid map[string]bool) (bool, error) {
	if known, ok := solid[name]; ok {
		return known, nil
	}
	ok, err := s.isRealDirectory(path.Dir(name), solid)
	if err != nil || !ok {
		return false, err
	}
	file := filepath.Join(s.directory, name)
	have, err := lstat(file)
	if err != nil {
		return false, err
	}
	solid[name] = have != nil && have.IsDir()
	if !solid[name] {
		return false, nil
	}
	return true, grant(file, have.Mode())
}

func (s *syncer) excludedWithParents(name string, isDir bool) bool {
	for i := range len(name) {
		if name[i] == '/' && s.excluded(name[:i], true) {
			return true
		}
	}
	return s.excluded(name, isDir)
}

// clear makes way: afterwards nothing has the file's name. A directory that holds excluded files is moved
// into the store instead of being deleted.
func (s *syncer) clear(file string, have fs.FileInfo) error {
	if have == nil {
		return nil
	}
	if !have.IsDir() {
		return os.Remove(file)
	}
	holds := false
	err := walk(file, func(inside string, isDir bool) error {
		if inside != s.root && s.excluded(s.nameOf(inside), isDir) {
			holds = true
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return err
	}
	if holds {
		return s.setAside(file)
	}
	return removeAll(file)
}

// setAside moves a directory out of the workspace to a free name in the store.
func (s *syncer) setAside(file string) error {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s~~replaced-%d", s.root, n)
		have, err := lstat(aside)
		if err != nil {
			return err
		}
		if have != nil {
			continue
		}
		if err := os.Rename(file, aside); err != nil {
			return err
		}
		s.notice(aside, fmt.Sprintf("holds what was at %s, where the repository has something else now; delete it if nobody needs it", printable(file)))
		return nil
	}
}

// removeAll deletes a directory, also one that a tool has made read-only.
func removeAll(directory string) error {
	err := os.RemoveAll(directory)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err := walk(directory, func(string, bool) error { return nil }); err != nil {
		return err
	}
	return os.RemoveAll(directory)
}

// walk calls visit for a directory and everything in it, following no links, and makes each directory
// accessible before it looks inside. visit may return fs.SkipDir and fs.SkipAll.
func walk(directory string, visit func(file string, isDir bool) error) error {
	return filepath.WalkDir(directory, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := visit(file, d.IsDir()); err != nil || !d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return grant(file, info.Mode())
	})
}

// grant lets the owner of a directory list and change it.
func grant(directory string, mode fs.FileMode) error {
	if mode.Perm()&0o700 == 0o700 {
		return nil
	}
	return os.Chmod(directory, mode.Perm()|0o700)
}
