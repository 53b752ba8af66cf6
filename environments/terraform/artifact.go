package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// planName is terraform's own plan in a step's artifact, beside the lock file that it was made with.
const planName = "terraform.plan"

// planFile returns an empty file for a plan, which nobody else can read: terraform keeps the permissions of a file that
// exists. Forget removes it, unless it is the step's artifact.
func (s *session) planFile() (file string, forget func(), err error) {
	if s.Artifact == "" {
		file, err = s.PrivateFile(planName, nil)
		return file, func() { _ = os.Remove(file) }, err
	}
	file = filepath.Join(s.Artifact, planName)
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return "", nil, fmt.Errorf("keep the plan: %w", err)
	}
	return file, func() {}, s.copyLock(s.Directory, s.Artifact)
}

// copyLock copies the lock file from one directory to another. There is none where no provider is needed.
func (s *session) copyLock(from, to string) error {
	content, err := os.ReadFile(filepath.Join(from, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	target := filepath.Join(to, lockFile)
	if have, err := os.ReadFile(target); err == nil && bytes.Equal(have, content) {
		return nil
	}
	return os.WriteFile(target, content, 0o644)
}

// changesName is what a plan would change, in its artifact.
const changesName = "changes.json"

// planned reports whether the artifact holds a plan to be applied.
func (s *session) planned() bool {
	if !s.Planned || s.Artifact == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(s.Artifact, planName))
	return err == nil
}

// applyPlanned does what the saved plan says. The values are in it, but for those of ephemeral variables.
func (s *session) applyPlanned(ctx context.Context) (environments.Result, error) {
	if err := s.claimLineage(ctx, filepath.Join(s.Artifact, planName)); err != nil {
		return environments.Result{}, err
	}
	values, err := s.valuesOfPlan()
	if err != nil {
		return environments.Result{}, err
	}
	shared, err := s.shareArguments("apply", true, s.Command.Destroys())
	if err != nil {
		return environments.Result{}, err
	}
	maps.Copy(values.env, shared)
	args := slices.Concat([]string{"-json", "-input=false"}, values.args, []string{filepath.Join(s.Artifact, planName)})
	told, err := s.tell(ctx, "apply", args, values.env)
	result := environments.Result{Changes: told.changes()}
	if err != nil {
		return result, s.staleness(err)
	}
	if _, err := s.Kept(changesName, &result.Changes); err != nil { // terraform does not repeat them
		return result, err
	}
	if told.knowsOutputs() {
		result.Outputs = s.withNulls(told.outputs)
		return result, nil
	}
	if result.Outputs, err = s.outputs(ctx); err == nil {
		result.Outputs = s.withNulls(result.Outputs)
	}
	return result, err
}

// staleness turns what terraform says of a plan that does not fit the state any more into a *environments.StaleError.
// These are the summaries of its diagnostics (backend/local, plans/planfile); nothing was changed when it says one.
func (s *session) staleness(err error) error {
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		return err
	}
	said := failure.Message + "\n" + strings.Join(failure.Lines, "\n")
	for _, summary := range []string{"Saved plan is stale", "Saved plan does not match the given state"} {
		if strings.Contains(said, summary) {
			return environments.Stalef("the state moved on after it was planned: something else was applied to it")
		}
	}
	if strings.Contains(said, "Can't change variable when applying a saved plan") {
		return environments.Stalef("it is given another value than when it was planned: %s", failure.Message)
	}
	return err
}
