package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/schema"
)

const recordsIn = "records/"

func recordName(step schema.StepName) string { return recordsIn + step.FileName() + ".json" }

// Record returns what is remembered of a step, or nil.
func (s *Store) Record(ctx context.Context, step schema.StepName) (*schema.Record, error) {
	text, err := s.readRecord(ctx, recordName(step))
	if err != nil {
		return nil, fmt.Errorf("read the record of %s: %w", step, err)
	}
	if text == nil {
		return nil, nil
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
		return nil, fmt.Errorf("the record of %s is damaged (%w); remove %s and apply the step again", step, err, s.where(recordName(step)))
	}
	return &r, nil
}

// where tells a person where something is.
func (s *Store) where(name string) string {
	if s.shared != nil {
		return name + " in " + s.shared.name
	}
	return filepath.Join(s.dir, filepath.FromSlash(name))
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

// Forget removes what is remembered of a step, and what is kept of its files.
func (s *Store) Forget(step schema.StepName) error {
	ctx, cancel := unhurried()
	defer cancel()
	err := s.writeRecord(recordName(step), nil)
	if err == nil {
		err = s.objects().Delete(ctx, keptName(step))
	}
	if err != nil {
		return fmt.Errorf("forget the record of %s: %w", step, s.named(err))
	}
	return nil
}

// Save remembers a step, for good when it returns. A record is replaced as a whole or not at all. Two Saves of one step
// must not overlap. When the shared store cannot be reached, the record is kept in the checkout; see CatchUp.
func (s *Store) Save(r *schema.Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = s.writeRecord(recordName(r.Step), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", r.Step, err)
	}
	return nil
}

// readRecord returns the text of a record, or nil. One that is still to be written counts, unless others wrote since.
func (s *Store) readRecord(ctx context.Context, name string) ([]byte, error) {
	if s.shared == nil {
		text, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return text, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, readErr := s.shared.read(ctx, name)
	p, err := s.pending(name)
	switch {
	case err != nil:
		return nil, err
	case p != nil && (readErr != nil || p.replaces(text)):
		return p.content(), nil
	}
	return text, readErr
}

// OvertakenError says that a record is not replaced, because it is somebody else's by now.
type OvertakenError struct{ Store string }

func (e *OvertakenError) Error() string {
	return fmt.Sprintf("another bitops, which took the lock in %s, has recorded something since, and that stays", e.Store)
}

// overtaken returns an error when somebody else has replaced a record since it was read or written here. Who holds the
// lock knows of no such thing; who stood still for too long does not know that it was lost.
func (s *Store) overtaken(ctx context.Context, name string) error {
	s.shared.mu.Lock()
	base, seen := s.shared.base[name]
	s.shared.mu.Unlock()
	p, err := s.pending(name)
	if err != nil || !seen {
		return err
	}
	there, err := s.shared.objects.Read(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // it cannot be written either, and is kept
	}
	if hashOf(there) == base || p != nil && p.replaces(there) {
		return nil
	}
	return &OvertakenError{Store: s.shared.name}
}

// writeRecord replaces the text of a record; nil removes it.
func (s *Store) writeRecord(name string, text []byte) error {
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	switch {
	case s.shared == nil && text == nil:
		return remove(file)
	case s.shared == nil:
		return writeFile(file, text)
	}
	ctx, cancel := unhurried()
	defer cancel()
	if err := s.overtaken(ctx, name); err != nil {
		return err
	}
	if err := s.shared.write(ctx, name, text); err != nil {
		return s.keep(name, text)
	}
	return remove(s.pendingFile(name))
}
