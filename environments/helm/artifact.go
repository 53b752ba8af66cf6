package helm

import (
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// changesName is what a plan would change, in its artifact. helm has no plans of its own to apply: what is planned is
// rendered again, and has to change just that.
const changesName = "changes.json"

// keep writes down what the plan would change.
func (s *session) keep(result environments.Result, err error) (environments.Result, error) {
	if err != nil {
		return result, err
	}
	return result, s.Keep(changesName, result.Changes)
}

// asPlanned makes sure that what is about to be changed is what was planned.
func (s *session) asPlanned(now func() (environments.Result, error)) error {
	var planned *schema.Changes
	found, err := s.Kept(changesName, &planned)
	if err != nil || !found {
		return err
	}
	result, err := now()
	if err != nil {
		return err
	}
	if !planned.Same(result.Changes) {
		return &environments.StaleError{Reason: "it would change something else now than was planned: the release, or what the chart renders, is not what it was"}
	}
	return nil
}
