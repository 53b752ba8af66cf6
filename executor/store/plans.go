package store

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// MarkApplied remembers, for good when it returns, that a run applies the saved plan of an id.
func (s *Store) MarkApplied(plan string, run schema.RunID) error {
	name, err := planName(plan)
	if err == nil {
		ctx, cancel := unhurried()
		defer cancel()
		err = s.objects().Write(ctx, name, []byte(string(run)+"\n"))
	}
	if err != nil {
		return fmt.Errorf("remember that the plan is applied: %w", err)
	}
	return nil
}

// Applied returns the run that applied the saved plan of an id, if one did.
func (s *Store) Applied(plan string) (schema.RunID, bool, error) {
	name, err := planName(plan)
	if err != nil {
		return "", false, err
	}
	ctx, cancel := unhurried()
	defer cancel()
	run, err := s.objects().Read(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return schema.RunID(strings.TrimSpace(string(run))), err == nil, err
}

var planPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

func planName(id string) (string, error) {
	if !planPattern.MatchString(id) {
		return "", fmt.Errorf("%q is not the id of a plan", id)
	}
	return "plans/" + id, nil
}
