package store

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// keptName is the name of an archive of a step's files. The hash is what its record says of them, so that the records of
// one step for several identities each have their own.
func keptName(step schema.StepName, hash string) string {
	return "kept/" + step.FileName() + "@" + hash + ".zip"
}

// olderKeptName is where the only archive of a step was while records were of version 1.
func olderKeptName(step schema.StepName) string { return "kept/" + step.FileName() + ".zip" }

// SaveKept keeps what a step is applied with.
func (s *Store) SaveKept(ctx context.Context, step schema.StepName, hash string, content []byte) error {
	return s.named(s.objects().Write(ctx, keptName(step, hash), content))
}

// Kept returns what a step was applied with when its record got this hash, or nil.
func (s *Store) Kept(ctx context.Context, step schema.StepName, hash string) ([]byte, error) {
	content, err := s.objects().Read(ctx, keptName(step, hash))
	if errors.Is(err, fs.ErrNotExist) {
		content, err = s.objects().Read(ctx, olderKeptName(step))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, s.named(err)
}

// forgetKept removes the archives of a step to which no record refers any more. One that cannot be removed is litter, and
// no reason to fail.
func (s *Store) forgetKept(before, after []*schema.Record) {
	done := map[string]bool{"": true}
	for _, r := range after {
		done[r.Kept], done[r.KeptBefore] = true, true
	}
	ctx, cancel := unhurried()
	defer cancel()
	for _, r := range before {
		for _, hash := range []string{r.Kept, r.KeptBefore} {
			if !done[hash] {
				_ = s.objects().Delete(ctx, keptName(r.Step, hash))
				_ = s.objects().Delete(ctx, olderKeptName(r.Step))
			}
			done[hash] = true
		}
	}
}

func (s *Store) named(err error) error {
	if s.shared == nil {
		return err
	}
	return s.shared.named(err)
}

// Recorded returns the records there are, but for those of steps that are known already.
func (s *Store) Recorded(ctx context.Context, known map[schema.StepName]bool) ([]*schema.Record, error) {
	files := make(map[string]bool, len(known))
	for name := range known {
		files[recordName(name)] = true
	}
	names, err := s.objects().List(ctx, recordsIn)
	if err != nil {
		return nil, s.named(err)
	}
	var records []*schema.Record
	for _, name := range names {
		if files[name] || !strings.HasSuffix(name, ".json") {
			continue
		}
		text, err := s.readRecord(ctx, name)
		if err != nil {
			return nil, err
		}
		var all schema.Records
		if text == nil || json.Unmarshal(text, &all) != nil || recordName(all.Step) != name {
			continue // removed meanwhile, or damaged: whoever needs it complains
		}
		records = append(records, all.Records...)
	}
	return records, nil
}
