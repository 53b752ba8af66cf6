package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Owners are the steps that may have a thing in the world. It is how a step finds out, with one read where nothing was claimed
// yet, whether another one has what it is about to change. The step that claimed it last is first. After it are those that had
// it then, because a run can end between its claim and its record: what is true of each is in its records, and one without
// such a record owns nothing any more.
//
//	owners/<hash of the key>.json        the first claim
//	owners/<hash of the key>/<number>    each later one
//
// A claim is an object of its own that is created or not, and never changed or removed: of several runs that claim a key at
// once one creates the next, whatever the storage is. There are few, because a thing seldom gets another owner.

// ownersVersion is the version of the document of a claim that this program writes.
const ownersVersion = 2

// owners is the document.
type owners struct {
	Version int               `json:"version"`
	Key     string            `json:"key"`
	Owners  []schema.Claimant `json:"owners,omitempty"`

	// Step and Before are the owners in version 1, which does not tell their environments.
	Step   schema.StepName   `json:"step,omitempty"`
	Before []schema.StepName `json:"before,omitempty"`
}

func (o *owners) claimants() []schema.Claimant {
	if o.Version != 1 {
		return o.Owners
	}
	all := make([]schema.Claimant, 0, len(o.Before)+1)
	for _, step := range append([]schema.StepName{o.Step}, o.Before...) {
		all = append(all, schema.Claimant{Step: step, Environment: schema.EnvironmentName(path.Dir(string(step)))})
	}
	return all
}

// ownersName returns the name of a claim: that of the first one for 0.
func ownersName(key string, number int) string {
	name := "owners/" + schema.HashBytes([]byte(key))
	if number == 0 {
		return name + ".json"
	}
	return fmt.Sprintf("%s/%06d", name, number)
}

// Owners returns the steps that may have what a key names, the last that claimed it first.
func (s *Store) Owners(ctx context.Context, key string) ([]schema.Claimant, error) {
	all, _, err := s.lastClaim(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("find out which step owns %s: %w", key, s.named(err))
	}
	return all, nil
}

// lastClaim returns the steps that may have what a key names, and the number of the next claim.
func (s *Store) lastClaim(ctx context.Context, key string) (all []schema.Claimant, next int, err error) {
	text, err := s.objects().Read(ctx, ownersName(key, 0))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	beginning := strings.TrimSuffix(ownersName(key, 0), ".json") + "/"
	later, err := s.objects().List(ctx, beginning)
	if err != nil {
		return nil, 0, err
	}
	if len(later) > 0 {
		name := later[len(later)-1]
		if next, err = strconv.Atoi(strings.TrimPrefix(name, beginning)); err != nil {
			return nil, 0, fmt.Errorf("%s is no claim", name)
		}
		if text, err = s.objects().Read(ctx, name); err != nil {
			return nil, 0, err
		}
	}
	var o owners
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, 0, err
	}
	if o.Version > ownersVersion {
		return nil, 0, fmt.Errorf("it was claimed by a newer bitops (version %d of the format)", o.Version)
	}
	return o.claimants(), next + 1, nil
}

// Claim makes steps the owners of what a key names, in place of was, which Owners returned. It fails with fs.ErrExist, and
// changes nothing, when another run claimed it since.
func (s *Store) Claim(ctx context.Context, key string, claimants, was []schema.Claimant) error {
	now, number, err := s.lastClaim(ctx, key)
	if err == nil && !slices.Equal(now, was) {
		err = fs.ErrExist
	}
	if err == nil {
		err = s.createClaim(ctx, ownersName(key, number), owners{Version: ownersVersion, Key: key, Owners: claimants})
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("another run claimed %s at the same time: %w", key, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("remember that %s owns %s: %w", claimants[0].Step, key, s.named(err))
	}
	return nil
}

// createClaim creates a claim. One that exists with the same content was created by an attempt whose answer was lost.
func (s *Store) createClaim(ctx context.Context, name string, o owners) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	err = s.objects().Create(ctx, name, text)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if there, readErr := s.objects().Read(ctx, name); readErr != nil || !bytes.Equal(there, text) {
		return errors.Join(err, readErr)
	}
	return nil
}
