package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// Shared is what several machines share of a run store: records, runs and locks, in a bucket or a directory.
type Shared struct {
	objects objects
	name    string // as the user wrote it
	locks   lockTable

	mu      sync.Mutex
	base    map[string]string // the hash of what is there, by name, as far as it was seen; "" is nothing
	records map[string][]byte // the same of records, in full
	checked bool              // the objects can be created conditionally
}

func newShared(o objects, name string) *Shared {
	return &Shared{objects: o, name: name, locks: lockTable{objects: o}, base: map[string]string{}, records: map[string][]byte{}}
}

// objects returns what records and runs are kept in.
func (s *Store) objects() objects {
	if s.shared == nil {
		return directory{root: s.dir}
	}
	return s.shared.objects
}

// named says in an error which store it is about. Who holds a lock says so without.
func (s *Shared) named(err error) error {
	_, locked := errors.AsType[*LockedError](err)
	if err == nil || locked || errors.Is(err, errTryAgain) {
		return err
	}
	return fmt.Errorf("run store %s: %w", s.name, err)
}

// checkConditional makes sure, once, that locks in these objects keep anybody out.
func (s *Shared) checkConditional(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.checked {
		return nil
	}
	err := s.locks.conditional(ctx)
	s.checked = err == nil
	return s.named(err)
}

// read returns an object's content, or nil when there is none.
func (s *Shared) read(ctx context.Context, name string) ([]byte, error) {
	content, err := s.objects.Read(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		s.saw(name, nil)
		return nil, nil
	}
	if err != nil {
		return nil, s.named(err)
	}
	s.saw(name, content)
	return content, nil
}

// write replaces an object; nil removes it.
func (s *Shared) write(ctx context.Context, name string, content []byte) error {
	var err error
	if content == nil {
		err = s.objects.Delete(ctx, name)
	} else {
		err = s.objects.Write(ctx, name, content)
	}
	if err == nil {
		s.saw(name, content)
	}
	return s.named(err)
}

func (s *Shared) saw(name string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base[name] = hashOf(content)
	if strings.HasPrefix(name, recordsIn) {
		s.records[name] = content
	}
}

// seenRecord returns a record as it was when it was read or written here last, and whether it ever was.
func (s *Shared) seenRecord(name string) (content []byte, seen bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, seen = s.records[name]
	return content, seen
}

// hashOf names a content; "" is none.
func hashOf(content []byte) string {
	if content == nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// unhurried is the context of requests that are made even when the run is stopped: what was done has to be remembered.
func unhurried() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}
