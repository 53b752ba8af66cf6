// Package store is the run store in a directory: what is remembered of each step between runs, the runs themselves, and
// the locks that keep two runs apart.
//
//	.bitops/
//	  .gitignore        ignores everything here
//	  locks/            who is at work, in which environments
//	  records/<step>.json
//	  runs/<id>/        journal.jsonl, plan.json, outputs.json, logs/<step>.log
//	  work/             the workspaces
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Store is a run store in a directory. It is safe for concurrent use; of two processes, each may change what it has locked.
type Store struct {
	dir string
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

// View returns a store that is only read: nothing is made, and a missing directory is an empty store.
func View(dir string) *Store { return &Store{dir: dir} }

func (s *Store) recordFile(step schema.StepName) string {
	return filepath.Join(s.dir, "records", step.FileName()+".json")
}

// Record returns what is remembered of a step, or nil.
func (s *Store) Record(step schema.StepName) (*schema.Record, error) {
	file := s.recordFile(step)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of %s: %w", step, err)
	}
	var r schema.Record
	err = json.Unmarshal(text, &r)
	if version := versionOf(text, r, err); version > schema.RecordVersion {
		return nil, fmt.Errorf("the record of %s was written by a newer bitops (version %d of its format)", step, version)
	}
	if err == nil && r.Step != step {
		err = fmt.Errorf("it is one of %q", r.Step)
	}
	if err != nil {
		return nil, fmt.Errorf("the record of %s is damaged (%w); remove %s and apply the step again", step, err, file)
	}
	return &r, nil
}

// versionOf returns the version of a record. One of a later format may not fit into this Record at all.
func versionOf(text []byte, r schema.Record, err error) int {
	var head struct {
		Version int `json:"version"`
	}
	if err != nil && json.Unmarshal(text, &head) == nil {
		return head.Version
	}
	return r.Version
}

// Forget removes what is remembered of a step.
func (s *Store) Forget(step schema.StepName) error {
	if err := os.Remove(s.recordFile(step)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the record of %s: %w", step, err)
	}
	return nil
}

// Save remembers a step, for good when it returns. A record is replaced as a whole or not at all. Two Saves of one step
// must not overlap.
func (s *Store) Save(r *schema.Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("record %s: %w", r.Step, err)
	}
	if err := writeFile(s.recordFile(r.Step), append(text, '\n')); err != nil {
		return fmt.Errorf("record %s: %w", r.Step, err)
	}
	return nil
}

// writeFile writes a file by a temporary name in the same directory, so that readers see the old or the new content and
// a crash leaves no half of it. When it returns, the file is on the disk under its name. What a crash leaves under the
// temporary name is overwritten by the next attempt.
func writeFile(name string, content []byte) error {
	temporary := name + ".tmp"
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		_ = os.Remove(temporary)
		return err
	}
	return syncDirectory(filepath.Dir(name))
}

// syncDirectory waits until the names in a directory are on the disk.
func syncDirectory(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// MarkApplied remembers, for good when it returns, that a run applies the saved plan of an id.
func (s *Store) MarkApplied(plan string, run schema.RunID) error {
	name, err := s.planFile(plan)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o755)
	}
	if err == nil {
		err = writeFile(name, []byte(string(run)+"\n"))
	}
	if err != nil {
		return fmt.Errorf("remember that the plan is applied: %w", err)
	}
	return nil
}

// Applied returns the run that applied the saved plan of an id, if one did.
func (s *Store) Applied(plan string) (schema.RunID, bool, error) {
	name, err := s.planFile(plan)
	if err != nil {
		return "", false, err
	}
	run, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return schema.RunID(strings.TrimSpace(string(run))), err == nil, err
}

var planPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (s *Store) planFile(id string) (string, error) {
	if !planPattern.MatchString(id) {
		return "", fmt.Errorf("%q is not the id of a plan", id)
	}
	return filepath.Join(s.dir, "plans", id), nil
}

// Run returns the directory of a run.
func (s *Store) Run(id schema.RunID) string { return filepath.Join(s.dir, "runs", string(id)) }

var runPattern = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)

// Runs returns the ids of the runs in the store, oldest first.
func (s *Store) Runs() ([]schema.RunID, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "runs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var ids []schema.RunID
	for _, entry := range entries {
		if entry.IsDir() && runPattern.MatchString(entry.Name()) {
			ids = append(ids, schema.RunID(entry.Name()))
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Prune removes the oldest runs until no more than keep are left. One that cannot be removed keeps no other.
func (s *Store) Prune(keep int) error {
	ids, err := s.Runs()
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids[:max(0, len(ids)-keep)] {
		if err := os.RemoveAll(s.Run(id)); err != nil {
			errs = append(errs, fmt.Errorf("remove run %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
