package cloudformation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// setName is the change set of a plan, in its artifact. It waits in AWS until it is executed.
const setName = "changeset.json"

// plannedSet is a change set as it is written down. Without an id there was nothing to change.
type plannedSet struct {
	ID          string          `json:"id,omitempty"`
	StackID     string          `json:"stack_id,omitempty"`
	Placeholder bool            `json:"placeholder,omitempty"`
	Changes     *schema.Changes `json:"changes,omitempty"`
}

// keep leaves the change set in AWS and writes down which it is, or, where nobody wants to execute it, deletes it.
func (s *session) keep(ctx context.Context, set *changeSet) error {
	if s.Artifact == "" {
		s.discard(ctx, set)
		return nil
	}
	return s.Keep(setName, plannedSet{ID: set.id, StackID: set.stackID, Placeholder: set.placeholder, Changes: set.changes})
}

// deployPlanned executes the change set of a saved plan. It is false where there is none.
func (s *session) deployPlanned(ctx context.Context) (environments.Result, bool, error) {
	var planned plannedSet
	found, err := s.Kept(setName, &planned)
	if err != nil || !found {
		return environments.Result{}, false, err
	}
	result, err := s.executePlanned(ctx, planned)
	return result, true, err
}

func (s *session) executePlanned(ctx context.Context, planned plannedSet) (environments.Result, error) {
	if planned.ID == "" {
		return s.stillNothing(ctx)
	}
	set := &changeSet{id: planned.ID, stackID: planned.StackID, placeholder: planned.Placeholder, changes: planned.Changes}
	s.Phase(schema.PhaseTool, "looking at the change set")
	out, err := s.describeChangeSet(ctx, set.id, set.stackID)
	switch {
	case answered(err, "does not exist"):
		return environments.Result{}, &environments.StaleError{Reason: "the change set that was planned is not there any more"}
	case err != nil:
		return environments.Result{}, err
	case out.ExecutionStatus != types.ExecutionStatusAvailable:
		return environments.Result{}, &environments.StaleError{Reason: "the stack was changed after it was planned: its change set is " + string(out.ExecutionStatus)}
	}
	deployed, err := s.execute(ctx, set)
	if err != nil {
		return environments.Result{}, err
	}
	return environments.Result{Changes: set.changes, Outputs: s.outputs(deployed)}, nil
}

// stillNothing makes sure that there is still nothing to change.
func (s *session) stillNothing(ctx context.Context) (environments.Result, error) {
	stack, err := s.prepare(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	set, err := s.propose(ctx, stack)
	if err != nil {
		return environments.Result{}, err
	}
	if set != nil {
		s.discard(ctx, set)
		return environments.Result{}, &environments.StaleError{Reason: "the stack was changed after it was planned: then there was nothing to do"}
	}
	return environments.Result{Changes: &schema.Changes{}, Outputs: s.outputs(stack)}, nil
}
