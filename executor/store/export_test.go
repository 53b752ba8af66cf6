package store

import (
	"context"

	"github.com/bitops-engine/bitops/schema"
)

// Objects lets tests look at what is shared.
func (s *Shared) Objects() interface{ objects } { return s.objects }

// Record returns the record of a step that was written last, or nil.
func (s *Store) Record(ctx context.Context, step schema.StepName) (*schema.Record, error) {
	all, err := s.Records(ctx, step)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}
