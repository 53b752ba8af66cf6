package planner

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// inParallel calls do with each number below n, on as many processors as there are.
func inParallel(n int, do func(int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}

// look lists the directories of all environments: one list answers many questions for one file.
func (d *draft) look() {
	inParallel(len(d.environments), func(i int) {
		env := d.environments[i]
		entries, err := os.ReadDir(d.full(env))
		if err != nil {
			return // whoever asks looks for himself
		}
		env.listing = make(map[string]fs.FileMode, len(entries))
		for _, entry := range entries {
			env.listing[entry.Name()] = entry.Type()
		}
	})
}

func (d *draft) full(env *environment) string {
	return filepath.Join(d.manifest.Root, filepath.FromSlash(env.directory))
}

// lacks reports whether a name is known not to be in the environment's directory.
func (env *environment) lacks(name string) bool {
	_, there := env.listing[name]
	return env.listing != nil && !there
}

// hasDirectory reports whether a path under the environment is a directory, also by way of links.
func (d *draft) hasDirectory(env *environment, alias string) bool {
	first, _, deep := strings.Cut(alias, "/")
	if env.lacks(first) {
		return false
	}
	if env.listing[first].IsDir() && !deep {
		return true
	}
	return isDirectory(filepath.Join(d.full(env), filepath.FromSlash(alias)))
}
