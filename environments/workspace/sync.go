package workspace

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sync brings the workspace that o names up to date with the repository, making it if there is none, and
// returns where it is.
//
// Afterwards every file, directory and symbolic link of the environment is in the workspace with the
// content, permissions (a directory is also made writable by its owner) and link target it has in the
// repository; setuid, setgid and sticky bits are not copied. Files that exist only in the workspace are
// kept, unless the repository has a directory, file or link in the way. When one that has to give way
// holds excluded files, it is moved aside into the Store and a Notice tells where.
//
// What cannot be read in the repository, and pipes, sockets and devices, are absent from the workspace and
// reported as Notices. An error means the workspace must not be used: the environment's directory cannot
// be one (see ErrMissing and the others), the Store cannot be written (the error names the file), or ctx
// was cancelled. Notices are returned with an error too.
//
// Sync may be killed at any moment; the next one repairs the workspace. The same workspace must not be
// synced twice at once, nor while a step runs in it; different workspaces may.
func Sync(ctx context.Context, o Options) (*Workspace, []Notice, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	s, err := newSyncer(ctx, o)
	if err == nil {
		err = s.run()
	}
	slices.SortStableFunc(s.notices, func(a, b Notice) int { return strings.Compare(a.Path, b.Path) })
	if err != nil {
		return nil, s.notices, fmt.Errorf("bring workspace %s up to date: %w", o.Name, err)
	}
	return &Workspace{Root: s.root, Directory: s.directory, Source: s.source}, s.notices, nil
}

// A syncer is one Sync under way.
type syncer struct {
	Options
	ctx       context.Context // of the one call of Sync that the syncer lives for
	store     string          // Store, symbolic links resolved
	inside    string          // store relative to Repository, slash-separated; "" when it is elsewhere
	root      string
	directory string
	source    string
	notices   []Notice
}

func newSyncer(ctx context.Context, o Options) (*syncer, error) {
	s := &syncer{Options: o, ctx: ctx, source: filepath.Join(o.Repository, o.Path)}
	if err := os.MkdirAll(o.Store, 0o700); err != nil {
		return s, err
	}
	store, err := filepath.EvalSymlinks(o.Store)
	if err != nil {
		return s, err
	}
	if info, err := os.Stat(store); err == nil && info.Mode().Perm()&0o077 != 0 {
		_ = os.Chmod(store, info.Mode().Perm()&^0o077) // of another owner, it is for that one to say who sees names
	}
	s.store = store
	if inside, err := filepath.Rel(o.Repository, store); err == nil && filepath.IsLocal(inside) {
		s.inside = filepath.ToSlash(inside)
	}
	s.root = filepath.Join(store, o.Name)
	switch {
	case s.inside == "." || within(o.Repository, s.root):
		return s, fmt.Errorf("store %s is no place for workspaces: the repository is in the way", printable(o.Store))
	case s.reserved(o.Path):
		return s, fmt.Errorf("environment directory %s %w: it belongs to bitops or git", printable(o.Path), ErrOutside)
	}
	s.directory = filepath.Join(s.root, o.Path)
	return s, nil
}

// run is the order that makes Sync safe to kill; see the package comment.
func (s *syncer) run() error {
	entries, err := s.scan()
	if err == nil {
		entries, err = s.overlay(entries)
	}
	if err != nil {
		return err
	}
	wanted := names(entries)
	list, err := s.openList()
	if err != nil {
		return err
	}
	if err := s.leaveOldPath(list); err != nil {
		return err
	}
	if err := s.mirrorLevels(); err != nil {
		return err
	}
	known, err := s.knownNames(list)
	if err != nil {
		return err
	}
	if err := list.record(union(known, wanted)); err != nil {
		return err
	}
	if err := s.deleteGone(known, wanted); err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.place(e); err != nil {
			return err
		}
	}
	return list.record(wanted)
}

// leaveOldPath starts the workspace afresh when the environment has moved to another directory since the
// last Sync: a workspace holds real files only where the environment is.
func (s *syncer) leaveOldPath(list *listFile) error {
	if !list.valid || list.path == s.Path {
		return nil
	}
	have, err := lstat(s.root)
	if err != nil {
		return err
	}
	if err := s.clear(s.root, have); err != nil {
		return err
	}
	s.notice(s.Path, fmt.Sprintf("was at %s before, so its workspace starts afresh", printable(list.path)))
	list.forget()
	return nil
}

// knownNames are the names that came from the source earlier, sorted. Without a list to trust, everything
// in the workspace counts as such: losing what a hook generated shows, deploying what was deleted does not.
func (s *syncer) knownNames(list *listFile) ([]string, error) {
	if list.valid {
		return list.names, nil
	}
	known, err := s.present()
	if err == nil && len(known) > 0 {
		s.notice(list.file, list.problem+", so everything in the workspace that is not in the repository was deleted")
	}
	return known, err
}

// present names what the workspace's copy of the environment holds, excluded files apart.
func (s *syncer) present() ([]string, error) {
	var found []string
	err := walk(s.directory, func(file string, isDir bool) error {
		if file == s.directory {
			return nil
		}
		name := s.nameOf(file)
		if s.excluded(name, isDir) {
			if isDir {
				return fs.SkipDir
			}
			return nil
		}
		found = append(found, name)
		return nil
	})
	slices.Sort(found)
	return found, err
}

func (s *syncer) notice(name, reason string) {
	s.notices = append(s.notices, Notice{Path: name, Reason: reason})
}
