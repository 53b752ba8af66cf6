package environments

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Where an environment links to, files can change after the run read them for one step, and another step would run with
// what they hold then. So a stamp of each tree is kept, which costs no reading, and a tree is read again when it differs.

// stamp returns what tells a touched file below a directory: names, kinds, sizes and times. It is "" where a change could
// leave it as it is, because one has just been made.
func (s *sources) stamp(dir string) string {
	var all strings.Builder
	begun, sure := time.Now(), true
	err := filepath.WalkDir(s.file(dir), func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return missing(err)
		}
		rel, err := filepath.Rel(s.repository, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		within := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if entry.IsDir() {
			return s.enters(name, within, dir)
		}
		info, err := entry.Info()
		if err != nil {
			return missing(err)
		}
		sure = sure && begun.Sub(info.ModTime()) > unsure
		fmt.Fprintf(&all, "%q %s %d %d\n", name, info.Mode(), info.Size(), info.ModTime().UnixNano())
		return nil
	})
	if err != nil || !sure {
		return ""
	}
	return schema.HashBytes([]byte(all.String()))
}

// renew forgets a tree that was read, if it was touched since.
func (s *sources) renew(dir string, apart bool) {
	t := s.tree(dir, apart)
	if stamp := s.stamp(dir); stamp != "" && stamp == t.stamp {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := treeKey(dir, apart); s.trees[key] == t {
		delete(s.trees, key)
	}
}
