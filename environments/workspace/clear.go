package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Clear removes the workspace that o names, and all that is beside it: nothing of what hooks and tools wrote stays, but for the
// files that keep reports, by names as Exclude has them, and the directories that they are in. No step may run in it.
func Clear(o Options, keep func(name string) bool) error {
	s := &syncer{Options: o, root: filepath.Join(o.Store, o.Name), directory: In(o).Directory}
	err := errors.Join(os.RemoveAll(s.root+listSuffix), removeAll(s.root+tracesSuffix))
	aside, _ := filepath.Glob(s.root + "~~replaced-*")
	for _, dir := range append(aside, s.root) {
		err = errors.Join(err, s.clearDirectory(dir, keep))
	}
	return err
}

// clearDirectory removes what is in a directory, and the directory if nothing is left in it.
func (s *syncer) clearDirectory(dir string, keep func(name string) bool) error {
	var files []string
	err := walk(dir, func(file string, _ bool) error {
		files = append(files, file)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, file := range slices.Backward(files) { // what is in a directory before the directory
		info, failed := os.Lstat(file)
		switch {
		case failed != nil:
			err = errors.Join(err, failed)
		case info.IsDir():
			_ = os.Remove(file) // unless something in it is kept
		case !keep(s.nameOf(file)):
			err = errors.Join(err, os.Remove(file))
		}
	}
	return err
}
