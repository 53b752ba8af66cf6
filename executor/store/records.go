package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

const recordsIn = "records/"

func recordName(step schema.StepName) string { return recordsIn + step.FileName() + ".json" }

// Records returns what is remembered of a step: one record for each thing that it owned.
func (s *Store) Records(ctx context.Context, step schema.StepName) ([]*schema.Record, error) {
	all, err := s.recordsOf(ctx, step)
	return all.Records, err
}

// recordsOf reads the document of a step; that of a step without one is empty.
func (s *Store) recordsOf(ctx context.Context, step schema.StepName) (schema.Records, error) {
	text, err := s.readRecord(ctx, recordName(step))
	if err != nil {
		return schema.Records{}, fmt.Errorf("read the record of %s: %w", step, err)
	}
	return s.parseRecords(step, text)
}

// recordsToReplace returns the document of a step as it was seen last: what has come in between must not be replaced, and
// writeRecord finds that out.
func (s *Store) recordsToReplace(step schema.StepName) (schema.Records, error) {
	if s.shared == nil {
		return s.recordsOf(context.Background(), step)
	}
	name := recordName(step)
	p, err := s.pending(name)
	text, seen := s.shared.seenRecord(name)
	switch {
	case err != nil:
		return schema.Records{}, err
	case p != nil && (!seen || p.replaces(text)):
		text = p.content()
	case !seen:
		return s.recordsOf(context.Background(), step)
	}
	return s.parseRecords(step, text)
}

// parseRecords reads the text of a record; nil is none.
func (s *Store) parseRecords(step schema.StepName, text []byte) (all schema.Records, err error) {
	if text == nil {
		return all, nil
	}
	err = json.Unmarshal(text, &all)
	if version := versionOf(text); version > schema.RecordVersion {
		return schema.Records{}, fmt.Errorf("the record of %s was written by a newer bitops (version %d of its format)", step, version)
	}
	if err == nil && all.Step != step {
		err = fmt.Errorf("it is one of %q", all.Step)
	}
	if err != nil {
		return schema.Records{}, fmt.Errorf("the record of %s is damaged (%w); remove %s and apply the step again", step, err, s.where(recordName(step)))
	}
	return all, nil
}

// where tells a person where something is.
func (s *Store) where(name string) string {
	if s.shared != nil {
		return name + " in " + s.shared.name
	}
	return filepath.Join(s.dir, filepath.FromSlash(name))
}

// versionOf returns the version of a record. One of a later format may not fit into the document at all.
func versionOf(text []byte) int {
	var head struct {
		Version int `json:"version"`
	}
	_ = json.Unmarshal(text, &head) // that it is damaged is found out elsewhere
	return head.Version
}

// Forget removes one record, and with the last one of its step all that is kept of the step's files.
func (s *Store) Forget(r *schema.Record) error {
	err := s.forget(r)
	if err != nil {
		return fmt.Errorf("forget the record of %s: %w", r.Step, s.named(err))
	}
	return nil
}

func (s *Store) forget(r *schema.Record) error {
	all, err := s.recordsToReplace(r.Step)
	if err != nil {
		return err
	}
	before := slices.Clone(all.Records)
	all.Remove(r)
	return s.replace(r.Step, &all, before)
}

// Save remembers what a step owns, for good when it returns: in place of the record of the same identity, and of instead,
// which may be nil. The document of a step is replaced as a whole or not at all. Two calls for one step must not overlap.
// When the shared store cannot be reached, the records are kept in the checkout; see CatchUp.
func (s *Store) Save(r, instead *schema.Record) error {
	all, err := s.recordsToReplace(r.Step)
	if err == nil {
		before := slices.Clone(all.Records)
		all.Put(r, instead)
		err = s.replace(r.Step, &all, before)
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", r.Step, s.named(err))
	}
	return nil
}

// replace writes the records of a step, and removes what is kept of it for others only.
func (s *Store) replace(step schema.StepName, all *schema.Records, before []*schema.Record) error {
	var text []byte
	if len(all.Records) > 0 {
		var err error
		if text, err = json.MarshalIndent(all, "", "  "); err != nil {
			return err
		}
		text = append(text, '\n')
	}
	if err := s.writeRecord(recordName(step), text); err != nil {
		return err
	}
	s.forgetKept(before, all.Records)
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
