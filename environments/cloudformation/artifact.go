package cloudformation

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// keptName is the document in a step's artifact.
const keptName = "stack.json"

// kept is what a plan leaves for its apply: the change set, which stays in AWS until then, or, where there is none to
// make, the stack that was looked at. A template and parameters are in the change set.
type kept struct {
	Stack     string            `json:"stack,omitempty"` // its ID, "" where there was none
	Status    types.StackStatus `json:"status,omitempty"`
	Updated   time.Time         `json:"updated"`              // when it was changed last, as AWS says
	ChangeSet string            `json:"change_set,omitempty"` // its ID
	Changes   *schema.Changes   `json:"changes"`
}

// looked returns what is kept of a stack, which may be nil.
func looked(stack *types.Stack, changes *schema.Changes) kept {
	k := kept{Changes: changes.WithoutAttributes()}
	if stack != nil && !announced(stack) {
		k.Stack, k.Status, k.Updated = aws.ToString(stack.StackId), stack.StackStatus, aws.ToTime(stack.LastUpdatedTime)
	}
	return k
}

// anew reports whether the stack has to be deleted and created anew, for which AWS makes no change set.
func (k kept) anew() bool { return k.ChangeSet == "" && !k.Changes.Empty() }

// fits tells that a stack is not the one that was looked at, if so.
func (k kept) fits(stack *types.Stack) error {
	now := looked(stack, nil)
	switch {
	case k.Stack == now.Stack && k.Status == now.Status && k.Updated.Equal(now.Updated):
		return nil
	case k.Stack == "":
		return environments.Stalef("the stack did not exist when it was planned, and does now")
	case now.Stack == "":
		return environments.Stalef("the stack is gone that was there when it was planned")
	case k.Stack != now.Stack:
		return environments.Stalef("the stack was deleted and made anew after it was planned")
	}
	return environments.Stalef("the stack was changed after it was planned: it was in %s and is in %s", k.Status, now.Status)
}

// deployPlanned does what a saved plan says: it executes the change set that was reviewed, or finds that still nothing
// is to be done.
func (s *session) deployPlanned(ctx context.Context, k kept) (environments.Result, error) {
	if err := s.ready(); err != nil {
		return environments.Result{}, err
	}
	s.Phase(schema.PhaseTool, "looking at the stack "+s.stackName)
	stack, err := s.settled(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	if k.ChangeSet == "" {
		return environments.Result{Changes: k.Changes, Outputs: s.outputs(stack)}, k.fits(stack)
	}
	set, err := s.planned(ctx, k, stack)
	if err != nil {
		return environments.Result{}, err
	}
	if err := s.publish(ctx); err != nil {
		return environments.Result{}, err
	}
	deployed, err := s.execute(ctx, set)
	if err != nil {
		return environments.Result{}, staleness(err)
	}
	return environments.Result{Changes: set.changes, Outputs: s.outputs(deployed)}, nil
}

// planned returns the change set that was kept, if it can still be executed.
func (s *session) planned(ctx context.Context, k kept, stack *types.Stack) (*changeSet, error) {
	if stack == nil {
		return nil, environments.Stalef("its change set is gone, and so is the stack")
	}
	set := &changeSet{id: k.ChangeSet, stackID: aws.ToString(stack.StackId), placeholder: announced(stack)}
	found, err := s.describeChangeSet(ctx, set.id, set.stackID, nil)
	switch {
	case err != nil:
		return nil, staleness(err)
	case found.ExecutionStatus == types.ExecutionStatusObsolete:
		return nil, environments.Stalef("the stack was changed after it was planned, which made the change set obsolete")
	case found.ExecutionStatus != types.ExecutionStatusAvailable:
		return nil, environments.Stalef("its change set cannot be executed: it is %s, %s", found.Status, found.ExecutionStatus)
	}
	if set.changes, err = s.readChanges(ctx, set, found); err != nil { // of their properties, nothing was kept: they can be secret
		return nil, staleness(err)
	}
	return set, nil
}

// staleness turns what AWS says of a change set that cannot be executed any more into a *environments.StaleError.
func staleness(err error) error {
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch answer.ErrorCode() {
	case "ChangeSetNotFound", "ChangeSetNotFoundException":
		return environments.Stalef("its change set is gone: somebody deleted it, or applied another plan of the stack")
	case "InvalidChangeSetStatus", "InvalidChangeSetStatusException":
		return environments.Stalef("its change set cannot be executed any more: %s", answer.ErrorMessage())
	}
	return err
}
