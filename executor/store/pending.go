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
	"strings"
)

// What could not be written to the shared store is kept in the checkout, and written at the next opportunity:
//
//	pending/records/<step>.json   a record, and the hash of the one it was to replace
//	pending/runs/<id>             names a run whose files are not all there yet

// pendingRecord is a record that is still to be written. A record that somebody else has written meanwhile wins.
type pendingRecord struct {
	Base    string          `json:"base"`            // the hash of what it replaces, "" for nothing
	Tried   []string        `json:"tried,omitempty"` // the hashes of what was to be written: an answer can be lost, and it is there
	Content json.RawMessage `json:"content,omitempty"`
	Removed bool            `json:"removed,omitempty"`
}

func (p *pendingRecord) content() []byte {
	if p.Removed {
		return nil
	}
	return append([]byte(p.Content), '\n')
}

// replaces reports whether a content is what it was to replace, and not somebody else's.
func (p *pendingRecord) replaces(there []byte) bool {
	hash := hashOf(there)
	return hash == p.Base || slices.Contains(p.Tried, hash)
}

func (s *Store) pendingFile(name string) string {
	return filepath.Join(s.dir, "pending", filepath.FromSlash(name))
}

// pending returns what is still to be written to an object, or nil.
func (s *Store) pending(name string) (*pendingRecord, error) {
	text, err := os.ReadFile(s.pendingFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var p pendingRecord
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is still to be written to the run store: %w", err)
	}
	return &p, nil
}

// keep keeps a content for later.
func (s *Store) keep(name string, content []byte) error {
	p, err := s.pending(name)
	if err != nil {
		return err
	}
	if p == nil {
		s.shared.mu.Lock()
		p = &pendingRecord{Base: s.shared.base[name]}
		s.shared.mu.Unlock()
	}
	if hash := hashOf(content); !slices.Contains(p.Tried, hash) {
		p.Tried = append(p.Tried, hash)
	}
	p.Content, p.Removed = content, content == nil
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	file := s.pendingFile(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return writeFile(file, text)
}

// CatchUp writes to the shared store what earlier commands here could not, and tells of each thing what became of it. A
// run that is at work is left to itself. Nothing is lost when it fails: it can be done again.
func (s *Store) CatchUp(tell func(text string)) error {
	if s.shared == nil {
		return nil
	}
	names, err := directory{root: filepath.Join(s.dir, "pending")}.List(context.Background(), "")
	if err != nil || len(names) == 0 {
		return err
	}
	busy, err := s.fileLocks().holders()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, recordsIn) {
			err = s.catchUpRecord(name, tell)
		} else {
			err = s.catchUpRun(strings.TrimPrefix(name, runsIn), busy, tell)
		}
		if err != nil {
			return fmt.Errorf("write what was kept here to the run store: %w", err)
		}
	}
	return nil
}

// Unsent returns why others do not see everything yet, or nil.
func (s *Store) Unsent() error {
	if s.shared == nil {
		return nil
	}
	names, err := directory{root: filepath.Join(s.dir, "pending")}.List(context.Background(), recordsIn)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("run store %s: it could not be reached, and %d records are missing there", s.shared.name, len(names))
	}
	return err
}

// catchUpRecord writes one record, unless somebody else has written another one.
func (s *Store) catchUpRecord(name string, tell func(string)) error {
	p, err := s.pending(name)
	if err != nil || p == nil {
		return err
	}
	ctx, cancel := unhurried()
	defer cancel()
	there, err := s.shared.read(ctx, name)
	if err != nil {
		return err
	}
	if !p.replaces(there) {
		tell("the record that was kept here is older than what others have written since, and left: " + name)
		return remove(s.pendingFile(name))
	}
	if err := s.shared.write(ctx, name, p.content()); err != nil {
		return err
	}
	tell("the record that was kept here is in the run store now: " + name)
	return remove(s.pendingFile(name))
}
