package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/bitops-engine/bitops/schema"
)

// An owner is the step that was the last to claim a thing in the world: owners/<hash of the identity's key>.json. It is
// how a step finds out, with one read, whether another one has what it is about to change. What is true of that other
// step is in its records; an owner without such a record owns nothing any more.

// owner is the document.
type owner struct {
	Version int             `json:"version"`
	Key     string          `json:"key"`
	Step    schema.StepName `json:"step"`
}

func ownerName(key string) string { return "owners/" + schema.HashBytes([]byte(key)) + ".json" }

// Owner returns the step that claimed what a key names, or "".
func (s *Store) Owner(ctx context.Context, key string) (schema.StepName, error) {
	text, err := s.objects().Read(ctx, ownerName(key))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var o owner
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return "", fmt.Errorf("find out which step owns %s: %w", key, s.named(err))
	}
	return o.Step, nil
}

// Claim makes a step the owner of what a key names, in place of was, which Owner returned. It fails when another step
// claimed it in between.
func (s *Store) Claim(ctx context.Context, key string, step, was schema.StepName) error {
	text, err := json.Marshal(owner{Version: 1, Key: key, Step: step})
	if err != nil {
		return err
	}
	if was == "" {
		err = s.objects().Create(ctx, ownerName(key), text)
	} else {
		err = s.objects().Write(ctx, ownerName(key), text)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("another run claimed %s for one of its steps at the same time; look at it, and run the command again", key)
	}
	if err != nil {
		return fmt.Errorf("remember that %s owns %s: %w", step, key, s.named(err))
	}
	return nil
}
