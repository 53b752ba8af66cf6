// Package store is the run store in a directory: what is remembered of each step between runs, the runs themselves, and
// the locks that keep two runs apart.
//
//	.bitops/
//	  .gitignore              ignores everything here
//	  locks/                  who is at work, in which environments
//	  records/<step>.json     of each thing that the step owned
//	  owners/<hash>...        which step claimed a thing last
//	  kept/<step>@<hash>.zip  the files that a step was applied with
//	  runs/<id>/              begun, journal.jsonl, plan.json, outputs.json, logs/<step>.log
//	  work/                   the workspaces
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// Store is a run store in a directory. It is safe for concurrent use; of two processes, each may change what it has locked.
type Store struct {
	dir    string
	shared *Shared               // nil: everything is in dir
	left   func(string) []string // see Finding; may be nil
}

// Open returns the store in a directory, which is made when it is missing.
func Open(dir string) (*Store, error) {
	for _, sub := range []string{"records", "runs", "work"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("open the run store: %w", err)
		}
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o644); err != nil {
			return nil, fmt.Errorf("open the run store: %w", err)
		}
	}
	return &Store{dir: dir}, nil
}

// Sharing returns the store whose records, runs and locks are shared with other machines. Journals are still written in
// the directory first.
func (s *Store) Sharing(shared *Shared) *Store {
	shared.locks.left = s.left
	return &Store{dir: s.dir, shared: shared, left: s.left}
}

// Finding returns the store with a way to find the living processes of this machine that a holder has started, by its
// marker. While there are any, the lock of a holder of this machine is not free.
func (s *Store) Finding(left func(marker string) []string) *Store {
	return &Store{dir: s.dir, shared: s.shared, left: left}
}

// View returns a store that is only read: nothing is made, and a missing directory is an empty store.
func View(dir string) *Store { return &Store{dir: dir} }

// writeFile writes a file of the store, which one process at a time writes.
func writeFile(name string, content []byte) error {
	return atomicfile.File{Mode: 0o644, Temporary: filepath.Base(name) + ".tmp"}.Write(name, content)
}
