package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/bitops-engine/bitops/schema"
)

// Owners are the steps that may have a thing in the world: owners/<hash of the identity's key>.json. It is how a step finds
// out, with one read, whether another one has what it is about to change. The step that claimed it last is first. After it are
// those that had it then, because a run can end between its claim and its record: what is true of each is in its records, and
// one without such a record owns nothing any more.

// owners is the document.
type owners struct {
	Version int               `json:"version"`
	Key     string            `json:"key"`
	Step    schema.StepName   `json:"step"`
	Before  []schema.StepName `json:"before,omitempty"`
}

func ownersName(key string) string { return "owners/" + schema.HashBytes([]byte(key)) + ".json" }

// Owners returns the steps that may have what a key names, the last that claimed it first.
func (s *Store) Owners(ctx context.Context, key string) ([]schema.StepName, error) {
	text, err := s.objects().Read(ctx, ownersName(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var o owners
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return nil, fmt.Errorf("find out which step owns %s: %w", key, s.named(err))
	}
	return append([]schema.StepName{o.Step}, o.Before...), nil
}

// Claim makes steps the owners of what a key names, in place of was, which Owners returned. It fails when another step
// claimed it in between.
func (s *Store) Claim(ctx context.Context, key string, claimants, was []schema.StepName) error {
	text, err := json.Marshal(owners{Version: 1, Key: key, Step: claimants[0], Before: claimants[1:]})
	if err != nil {
		return err
	}
	if len(was) == 0 {
		err = s.objects().Create(ctx, ownersName(key), text)
	} else {
		err = s.objects().Write(ctx, ownersName(key), text)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("another run claimed %s for one of its steps at the same time; look at it, and run the command again", key)
	}
	if err != nil {
		return fmt.Errorf("remember that %s owns %s: %w", claimants[0], key, s.named(err))
	}
	return nil
}
