package cloudformation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// changeSet is what CloudFormation would do, ready to be executed.
type changeSet struct {
	id, stackID string
	placeholder bool // its stack is only announced, and goes with it
	changes     *schema.Changes
}

// changeSetPrefix begins the names of bitops' own change sets.
const changeSetPrefix = "bitops-"

// propose makes a change set, or returns nil when there is nothing to change. stack is the stack as it is, or nil.
func (s *session) propose(ctx context.Context, stack *types.Stack) (*changeSet, error) {
	input := &cloudformation.CreateChangeSetInput{
		StackName:     aws.String(s.stackName),
		ChangeSetName: aws.String(changeSetPrefix + random()),
		ChangeSetType: types.ChangeSetTypeCreate,
		Description:   aws.String(fmt.Sprintf("bitops %s of %s", s.Command, s.Step.Name)),
	}
	for _, c := range s.capabilities {
		input.Capabilities = append(input.Capabilities, types.Capability(c))
	}
	var present []types.Parameter
	if stack != nil && !announced(stack) {
		input.ChangeSetType, present = types.ChangeSetTypeUpdate, stack.Parameters
	}
	var err error
	if input.Parameters, err = s.parameterValues(present); err != nil {
		return nil, err
	}
	if input.TemplateBody, input.TemplateURL, err = s.place(ctx); err != nil {
		return nil, err
	}
	s.Phase(schema.PhaseTool, "change set for the stack "+s.stackName)
	out, err := s.stacks.CreateChangeSet(ctx, input)
	if answered(err, nothingToDo...) {
		return nil, nil //nolint:nilnil // no change is an answer
	}
	if err != nil {
		return nil, err
	}
	set := &changeSet{
		id: aws.ToString(out.Id), stackID: aws.ToString(out.StackId), placeholder: input.ChangeSetType == types.ChangeSetTypeCreate,
	}
	changed, err := s.awaitChangeSet(ctx, set)
	if err != nil || !changed {
		s.discard(ctx, set)
		return nil, err
	}
	return set, nil
}

// nothingToDo are the texts by which CloudFormation says that a change set is empty.
var nothingToDo = []string{"didn't contain changes", "No updates are to be performed"}

// awaitChangeSet waits until CloudFormation knows the changes. The result is false when there are none.
func (s *session) awaitChangeSet(ctx context.Context, set *changeSet) (bool, error) {
	for pause := s.poll; ; pause = min(pause*5/4, mostPause) {
		out, err := s.describeChangeSet(ctx, set.id, set.stackID, nil)
		if err != nil {
			return false, err
		}
		reason := aws.ToString(out.StatusReason)
		switch out.Status {
		case types.ChangeSetStatusCreateComplete:
			set.changes, err = s.readChanges(ctx, set, out)
			return true, err
		case types.ChangeSetStatusFailed:
			for _, text := range nothingToDo {
				if strings.Contains(reason, text) {
					return false, nil
				}
			}
			return false, environments.Failuref("the change set for the stack %s failed: %s", s.stackName, reason)
		default:
		}
		if err := sleep(ctx, pause); err != nil {
			return false, err
		}
	}
}

// describeChangeSet asks for a page of a change set, nil for the first one, with the values of properties.
func (s *session) describeChangeSet(
	ctx context.Context, id, stackID string, page *string,
) (*cloudformation.DescribeChangeSetOutput, error) {
	return s.stacks.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{
		ChangeSetName: aws.String(id), StackName: aws.String(stackID), NextToken: page, IncludePropertyValues: aws.Bool(true),
	})
}

// readChanges reads what would change, every page of it, and logs it.
func (s *session) readChanges(
	ctx context.Context, set *changeSet, page *cloudformation.DescribeChangeSetOutput,
) (*schema.Changes, error) {
	var resources []schema.ResourceChange
	for {
		for _, c := range page.Changes {
			if c.ResourceChange == nil {
				continue
			}
			change := resourceChange(c.ResourceChange)
			resources = append(resources, change)
			s.logChange(change, c.ResourceChange)
		}
		if page.NextToken == nil {
			changes := counted(resources)
			if changes.Empty() {
				changes.Outputs = 1 // CloudFormation does not tell how many, nor whether it is something else
			}
			return changes, nil
		}
		var err error
		page, err = s.describeChangeSet(ctx, set.id, set.stackID, page.NextToken)
		if err != nil {
			return nil, err
		}
	}
}

func (s *session) logChange(change schema.ResourceChange, of *types.ResourceChange) {
	note := ""
	if of.Replacement == types.ReplacementConditional {
		note = ", perhaps by a new one"
	}
	s.Log("stdout", fmt.Sprintf("%s %s (%s)%s", change.Action, change.Address, aws.ToString(of.ResourceType), note))
}

// actionOf names what happens to a resource.
func actionOf(c *types.ResourceChange) string {
	switch c.Action {
	case types.ChangeActionAdd:
		return "create"
	case types.ChangeActionRemove:
		if c.PolicyAction == types.PolicyActionRetain {
			return "forget"
		}
		return "delete"
	case types.ChangeActionImport:
		return "import"
	default: // Modify; Dynamic is a nested stack, which is not known yet
		if c.Replacement == types.ReplacementTrue {
			return "replace"
		}
		return "update"
	}
}

// counted returns changes with the numbers of what the resources say.
func counted(resources []schema.ResourceChange) *schema.Changes {
	c := &schema.Changes{Resources: resources}
	for _, r := range resources {
		switch r.Action {
		case "create":
			c.Add++
		case "update":
			c.Change++
		case "delete":
			c.Remove++
		case "replace":
			c.Add++
			c.Remove++
		}
	}
	return c
}

// cleaning bounds what is done after a step that has ended or was interrupted.
const cleaning = 30 * time.Second

// discard deletes a change set that is not executed, and a stack that only it had announced.
func (s *session) discard(ctx context.Context, set *changeSet) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	_, err := s.stacks.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{
		ChangeSetName: aws.String(set.id), StackName: aws.String(set.stackID),
	})
	if err == nil && set.placeholder {
		err = s.discardPlaceholder(ctx, set.stackID)
	}
	if err != nil {
		s.Notice("the change set %s is left behind: %s", set.id, s.explain(err))
	}
}

// discardPlaceholder deletes a stack that is only announced, unless somebody else's change set waits in it.
func (s *session) discardPlaceholder(ctx context.Context, stackID string) error {
	stack, err := s.describe(ctx, stackID)
	if err != nil || stack == nil || !announced(stack) {
		return err
	}
	sets, err := s.changeSets(ctx, stackID)
	if err != nil || len(sets) > 0 {
		return err
	}
	return s.deletePlaceholder(ctx, stackID)
}

func (s *session) deletePlaceholder(ctx context.Context, stackID string) error {
	if _, err := s.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(stackID)}); err != nil {
		return err
	}
	for {
		stack, err := s.describe(ctx, stackID)
		if stack == nil || err != nil {
			return err
		}
		if err := sleep(ctx, s.poll); err != nil {
			return err
		}
	}
}

// changeSets lists the change sets of a stack.
func (s *session) changeSets(ctx context.Context, stackID string) ([]types.ChangeSetSummary, error) {
	var all []types.ChangeSetSummary
	pages := cloudformation.NewListChangeSetsPaginator(s.stacks, &cloudformation.ListChangeSetsInput{StackName: aws.String(stackID)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, set := range page.Summaries {
			if aws.ToString(set.StackId) == stackID {
				all = append(all, set)
			}
		}
	}
	return all, nil
}

// tidy deletes what earlier runs left behind: change sets of bitops that nobody can execute any more. What may not be
// listed may stay.
func (s *session) tidy(ctx context.Context, stack *types.Stack) {
	sets, err := s.changeSets(ctx, aws.ToString(stack.StackId))
	if err != nil {
		return
	}
	for _, set := range sets {
		dead := set.Status == types.ChangeSetStatusFailed || set.ExecutionStatus == types.ExecutionStatusObsolete
		if dead && strings.HasPrefix(aws.ToString(set.ChangeSetName), changeSetPrefix) {
			s.discard(ctx, &changeSet{id: aws.ToString(set.ChangeSetId), stackID: aws.ToString(stack.StackId)})
		}
	}
}
