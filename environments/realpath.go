package environments

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// realPaths resolves symbolic links, and remembers the directories on the way: those of one repository have most of them
// in common. It is safe for concurrent use.
type realPaths struct{ known sync.Map }

// of resolves the symbolic links of an absolute path. Where it ends to exist, the rest is taken as it is.
func (r *realPaths) of(name string) string {
	name = filepath.Clean(name)
	if known, ok := r.known.Load(name); ok {
		return known.(string)
	}
	above := filepath.Dir(name)
	if above == name {
		return name
	}
	resolved := filepath.Join(r.of(above), filepath.Base(name))
	info, err := os.Lstat(resolved)
	if err == nil && info.Mode().Type() == fs.ModeSymlink {
		if target, err := filepath.EvalSymlinks(resolved); err == nil {
			resolved = target
		}
	}
	if err == nil && info.IsDir() {
		r.known.Store(name, resolved)
	}
	return resolved
}
