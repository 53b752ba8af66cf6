package store

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

func keptName(step schema.StepName) string { return "kept/" + step.FileName() + ".zip" }

// SaveKept keeps what a step was applied with.
func (s *Store) SaveKept(ctx context.Context, step schema.StepName, content []byte) error {
	return s.named(s.objects().Write(ctx, keptName(step), content))
}

// Kept returns what a step was applied with last, or nil.
func (s *Store) Kept(ctx context.Context, step schema.StepName) ([]byte, error) {
	content, err := s.objects().Read(ctx, keptName(step))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, s.named(err)
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
		r := &schema.Record{}
		if text == nil || json.Unmarshal(text, r) != nil || recordName(r.Step) != name {
			continue // removed meanwhile, or damaged: whoever needs it complains
		}
		records = append(records, r)
	}
	return records, nil
}
