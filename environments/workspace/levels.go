package workspace

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mirrorLevels lays the workspace out like the repository, from its root down to the environment's
// directory: each level is a real directory whose other names are links to the repository's.
func (s *syncer) mirrorLevels() error {
	level, rest := ".", s.Path
	for rest != "." && rest != "" {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := s.placeLevel(level); err != nil {
			return err
		}
		var next string
		next, rest, _ = strings.Cut(rest, "/")
		if err := s.linkSiblings(level, next); err != nil {
			return err
		}
		level = path.Join(level, next)
	}
	return s.placeLevel(level)
}

// placeLevel makes a level's directory. The workspace's root is closed to other users, since tools leave
// secrets in their working directories.
func (s *syncer) placeLevel(level string) error {
	perm := fs.FileMode(0o700)
	if level != "." {
		info, err := os.Stat(filepath.Join(s.Repository, level))
		if err != nil {
			return err
		}
		perm |= info.Mode().Perm()
	}
	return s.placeDirectory(filepath.Join(s.root, level), perm)
}

// linkSiblings makes the names of one level links to the repository's, except the one that leads on to
// the environment. Links to what the repository no longer has are deleted; other files that are only in
// the workspace are kept. The links are relative, so that the checkout can be moved.
func (s *syncer) linkSiblings(level, except string) error {
	theirs := filepath.Join(s.Repository, level)
	ours := filepath.Join(s.root, level)
	prefix, err := filepath.Rel(ours, theirs)
	if err != nil {
		return err
	}
	missing, err := s.siblings(level)
	if err != nil || missing == nil {
		return err
	}
	delete(missing, except)
	present, err := os.ReadDir(ours)
	if err != nil {
		return err
	}
	for _, d := range present {
		name := d.Name()
		if name == except {
			continue
		}
		kept, err := s.reviewSibling(filepath.Join(ours, name), prefix+"/"+name, d, missing[name])
		if err != nil {
			return err
		}
		if kept {
			delete(missing, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		if err := os.Symlink(prefix+"/"+name, filepath.Join(ours, name)); err != nil {
			return err
		}
	}
	return nil
}

// siblings are the names the repository has at a level that are to be linked. They are nil if the level
// cannot be listed, which is a notice.
func (s *syncer) siblings(level string) (map[string]bool, error) {
	names, err := s.names(level)
	if err != nil {
		s.notice(level, "cannot be listed ("+bare(err).Error()+"), so the links beside the environment stay as they are")
		return nil, nil
	}
	linked := make(map[string]bool, len(names))
	for _, name := range names {
		if !s.hidden(path.Join(level, name)) {
			linked[name] = true
		}
	}
	return linked, nil
}

// names lists a level.
func (s *syncer) names(level string) ([]string, error) {
	if s.Siblings != nil {
		return s.Siblings(level)
	}
	entries, err := os.ReadDir(filepath.Join(s.Repository, level))
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

// hidden reports whether a sibling gets no link: it is bitops' or git's own, or holds the store (a link to it
// would lead back into the workspace).
func (s *syncer) hidden(name string) bool {
	return s.reserved(name) || s.inside != "" && within(s.inside, name)
}

// reviewSibling decides on a name found at a level of the workspace: a link that is right stays, one of
// ours that is no longer wanted goes, and anything else gives way only to a link that is wanted. It
// reports whether the name is still taken.
func (s *syncer) reviewSibling(file, target string, d fs.DirEntry, wanted bool) (bool, error) {
	right := false
	if d.Type() == fs.ModeSymlink {
		now, err := os.Readlink(file)
		if err != nil {
			return false, err
		}
		right = now == target
	}
	if right == wanted {
		return true, nil
	}
	have, err := lstat(file)
	if err != nil {
		return false, err
	}
	return false, s.clear(file, have)
}
