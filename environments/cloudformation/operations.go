package cloudformation

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// preview finds out what deploy would change. The change set is deleted again, unless somebody wants to execute it.
func (s *session) preview(ctx context.Context) (environments.Result, error) {
	stack, err := s.prepare(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	if stillborn(stack) {
		return s.previewAnew(stack)
	}
	set, err := s.propose(ctx, stack)
	if err != nil {
		return environments.Result{}, err
	}
	if set == nil {
		unchanged := &schema.Changes{}
		return environments.Result{Changes: unchanged, Outputs: s.outputs(stack)}, s.Keep(keptName, looked(stack, unchanged))
	}
	if s.Artifact == "" {
		s.discard(ctx, set)
		return environments.Result{Changes: set.changes, Outputs: s.laterOutputs()}, nil
	}
	k := looked(stack, set.changes)
	k.ChangeSet = set.id
	if err := s.Keep(keptName, k); err != nil {
		s.discard(ctx, set)
		return environments.Result{}, err
	}
	s.Notice("the change set %s stays in AWS until the plan is applied", set.id)
	return environments.Result{Changes: set.changes, Outputs: s.laterOutputs()}, nil
}

// previewAnew is preview for a stack that deploy has to delete first. CloudFormation makes no change set for it, so the
// template must do.
func (s *session) previewAnew(stack *types.Stack) (environments.Result, error) {
	s.Notice("the creation of the stack %s has failed before (%s): apply deletes it and creates it anew; what is shown is "+
		"what the template declares", s.stackName, types.StackStatusRollbackComplete)
	if _, err := s.parameterValues(nil); err != nil {
		return environments.Result{}, err
	}
	var resources []schema.ResourceChange
	for _, r := range s.template.resources {
		resources = append(resources, schema.ResourceChange{Address: r.name, Action: "create"})
	}
	changes := counted(resources)
	return environments.Result{Changes: changes, Outputs: s.laterOutputs()}, s.Keep(keptName, looked(stack, changes))
}

// laterOutputs are outputs that are not known before the change set is executed.
func (s *session) laterOutputs() schema.Values {
	values := schema.Values{}
	for _, o := range s.template.outputs {
		values[o.Name] = schema.Value{Data: cty.UnknownVal(cty.String), Sensitive: o.Sensitive}
	}
	return values
}

// deploy makes the stack what the template and the values say.
func (s *session) deploy(ctx context.Context) (environments.Result, error) {
	var k kept
	planned, err := s.Kept(keptName, &k)
	if err != nil {
		return environments.Result{}, err
	}
	if planned && !k.anew() {
		return s.deployPlanned(ctx, k)
	}
	stack, err := s.prepare(ctx)
	if err == nil && planned {
		err = k.fits(stack)
	}
	if err != nil {
		return environments.Result{}, err
	}
	if stack, err = s.makeRoom(ctx, stack); err != nil {
		return environments.Result{}, err
	}
	if err := s.publish(ctx); err != nil {
		return environments.Result{}, err
	}
	set, err := s.propose(ctx, stack)
	if err != nil {
		return environments.Result{}, err
	}
	if set == nil {
		return environments.Result{Changes: &schema.Changes{}, Outputs: s.outputs(stack)}, nil
	}
	deployed, err := s.execute(ctx, set)
	if err != nil {
		return environments.Result{}, err
	}
	return environments.Result{Changes: set.changes, Outputs: s.outputs(deployed)}, nil
}

// prepare checks the files and returns the stack at rest, or nil when there is none.
func (s *session) prepare(ctx context.Context) (*types.Stack, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if err := s.validateTemplate(ctx); err != nil {
		return nil, err
	}
	s.Phase(schema.PhaseTool, "looking at the stack "+s.stackName)
	stack, err := s.settled(ctx)
	if err != nil || stack == nil {
		return nil, err
	}
	if err := possible(stack); err != nil {
		return nil, err
	}
	s.tidy(ctx, stack)
	return stack, nil
}

// possible tells why a stack cannot be changed, if so.
func possible(stack *types.Stack) error {
	switch stack.StackStatus {
	case types.StackStatusRollbackFailed, types.StackStatusUpdateRollbackFailed, types.StackStatusDeleteFailed:
		name := aws.ToString(stack.StackName)
		return &environments.Failure{
			Message: "the stack " + name + " cannot be changed: it is in " + string(stack.StackStatus) + " " +
				aws.ToString(stack.StackStatusReason),
			Lines: []string{strings.ReplaceAll(nextStep[stack.StackStatus], "STACK", name)},
		}
	default:
		return nil
	}
}

// makeRoom deletes a stack that stands in the way of a new one: what a failed creation left behind, or a preview that
// was killed. It returns the stack that is left to be changed.
func (s *session) makeRoom(ctx context.Context, stack *types.Stack) (*types.Stack, error) {
	switch {
	case stillborn(stack):
		s.Notice("the creation of the stack %s has failed before (%s): it is deleted and created anew", s.stackName, stack.StackStatus)
		_, err := s.delete(ctx, stack)
		return nil, err
	case stack == nil || !announced(stack):
		return stack, nil
	}
	sets, err := s.changeSets(ctx, aws.ToString(stack.StackId))
	if err != nil {
		return nil, err
	}
	others := slices.ContainsFunc(sets, func(set types.ChangeSetSummary) bool {
		return !strings.HasPrefix(aws.ToString(set.ChangeSetName), changeSetPrefix)
	})
	if others {
		return stack, nil // a change set can be added to theirs
	}
	return nil, s.deletePlaceholder(ctx, aws.ToString(stack.StackId))
}

// execute carries a change set out and returns the stack. A stack that is not what it should be then is a failure.
func (s *session) execute(ctx context.Context, set *changeSet) (*types.Stack, error) {
	w, err := s.begin(ctx, set.stackID)
	if err == nil {
		s.Phase(schema.PhaseTool, "deploying the stack "+s.stackName)
		s.touched = true
		_, err = s.stacks.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{
			ChangeSetName: aws.String(set.id), StackName: aws.String(set.stackID), ClientRequestToken: s.token(),
		})
		if ctx.Err() != nil { // it may have begun
			return nil, w.left(ctx, err)
		}
	}
	if err != nil {
		s.discard(ctx, set)
		return nil, err
	}
	stack, err := w.follow(ctx, func(ctx context.Context) (bool, error) { return s.executed(ctx, set) })
	switch {
	case err != nil:
		return nil, err
	case stack == nil:
		return nil, environments.Failuref("the stack %s was deleted while it was deployed", s.stackName)
	case !good[stack.StackStatus]:
		return nil, w.failed(stack)
	}
	return stack, nil
}

// executed reports whether a change set is being executed no more.
func (s *session) executed(ctx context.Context, set *changeSet) (bool, error) {
	out, err := s.describeChangeSet(ctx, set.id, set.stackID, nil)
	switch {
	case answered(err, "does not exist"):
		return true, nil
	case err != nil:
		return false, err
	}
	return out.ExecutionStatus == types.ExecutionStatusExecuteComplete ||
		out.ExecutionStatus == types.ExecutionStatusExecuteFailed, nil
}

// previewRemoval finds out what remove would delete.
func (s *session) previewRemoval(ctx context.Context) (environments.Result, error) {
	s.Phase(schema.PhaseTool, "looking at the stack "+s.stackName)
	stack, err := s.find(ctx)
	if err != nil {
		return environments.Result{}, err
	}
	if stack == nil || announced(stack) {
		unchanged := &schema.Changes{}
		return environments.Result{Changes: unchanged}, s.Keep(keptName, looked(stack, unchanged))
	}
	if aws.ToBool(stack.EnableTerminationProtection) {
		s.Notice("the stack %s has termination protection: AWS will refuse to delete it", s.stackName)
	}
	changes, err := s.removal(ctx, stack)
	if err != nil {
		return environments.Result{}, err
	}
	for _, r := range changes.Resources {
		s.Log("stdout", r.Action+" "+r.Address)
	}
	return environments.Result{Changes: changes}, s.Keep(keptName, looked(stack, changes))
}

// removal returns the deletion of everything in a stack.
func (s *session) removal(ctx context.Context, stack *types.Stack) (*schema.Changes, error) {
	held, err := s.resources(ctx, stack)
	if err != nil {
		return nil, err
	}
	var resources []schema.ResourceChange
	for _, r := range held {
		resources = append(resources, schema.ResourceChange{Address: aws.ToString(r.LogicalResourceId), Action: "delete"})
	}
	return counted(resources), nil
}

// remove deletes the stack. No stack is no failure, not even for a saved plan.
func (s *session) remove(ctx context.Context) (environments.Result, error) {
	s.Phase(schema.PhaseTool, "deleting the stack "+s.stackName)
	var k kept
	planned, err := s.Kept(keptName, &k)
	if err != nil {
		return environments.Result{}, err
	}
	stack, err := s.settled(ctx)
	if err == nil && planned && stack != nil && !announced(stack) {
		err = k.fits(stack)
	}
	switch {
	case err != nil || stack == nil:
		return environments.Result{Changes: &schema.Changes{}}, err
	case announced(stack):
		return environments.Result{Changes: &schema.Changes{}}, s.deletePlaceholder(ctx, aws.ToString(stack.StackId))
	}
	changes, err := s.delete(ctx, stack)
	return environments.Result{Changes: changes}, err
}

// delete deletes a stack that is at rest, and returns what went with it.
func (s *session) delete(ctx context.Context, stack *types.Stack) (*schema.Changes, error) {
	id := aws.ToString(stack.StackId)
	held, err := s.removal(ctx, stack)
	if err != nil {
		return nil, err
	}
	w, err := s.begin(ctx, id)
	if err != nil {
		return nil, err
	}
	s.touched = true
	_, err = s.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(id), ClientRequestToken: s.token()})
	if err != nil {
		return nil, err
	}
	left, err := w.follow(ctx, func(context.Context) (bool, error) { return false, nil }) // until an event says so
	if err != nil {
		return nil, err
	}
	if left != nil {
		return nil, w.failed(left)
	}
	for i, r := range held.Resources {
		if w.skipped[r.Address] {
			held.Resources[i].Action = "forget"
		}
	}
	return counted(held.Resources), nil
}
