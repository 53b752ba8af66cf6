package cloudformation

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// find returns the stack, or nil when there is none.
func (s *session) find(ctx context.Context) (*types.Stack, error) {
	return s.describe(ctx, s.stackName)
}

// describe returns a stack by its name, or by its ID, by which even a deleted one can be found. One that is deleted is
// as good as none.
func (s *session) describe(ctx context.Context, nameOrID string) (*types.Stack, error) {
	out, err := s.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(nameOrID)})
	switch {
	case answered(err, "does not exist"):
		return nil, nil //nolint:nilnil // no stack is an answer
	case err != nil:
		return nil, err
	case len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete:
		return nil, nil //nolint:nilnil // no stack is an answer
	}
	return &out.Stacks[0], nil
}

// announced reports whether a stack is only a place for a change set, without any resource.
func announced(stack *types.Stack) bool {
	return stack.StackStatus == types.StackStatusReviewInProgress
}

// busy reports whether something is going on in a stack.
func busy(stack *types.Stack) bool {
	return !announced(stack) && strings.HasSuffix(string(stack.StackStatus), "_IN_PROGRESS")
}

// stillborn reports whether a stack is what is left of a creation that failed: it can only be deleted.
func stillborn(stack *types.Stack) bool {
	return stack != nil && stack.StackStatus == types.StackStatusRollbackComplete
}

// good are the statuses of stacks that are what somebody wanted.
var good = map[types.StackStatus]bool{
	types.StackStatusCreateComplete: true, types.StackStatusUpdateComplete: true, types.StackStatusImportComplete: true,
}

// settled returns the stack when nothing is going on in it, or nil when there is none. What this step began in an earlier
// run is waited for; anything else is a failure.
func (s *session) settled(ctx context.Context) (*types.Stack, error) {
	stack, err := s.find(ctx)
	if err != nil || stack == nil || !busy(stack) {
		return stack, err
	}
	begun, err := s.beginning(ctx, stack)
	if err != nil {
		return nil, err
	}
	token := aws.ToString(begun.ClientRequestToken)
	if !strings.HasPrefix(token, s.tokenPrefix()) {
		return nil, environments.Failuref("the stack %s is being changed by somebody else: %s%s; try again when that has ended, "+
			"see `aws cloudformation describe-stack-events --stack-name %s`",
			s.stackName, stack.StackStatus, whoAndWhen(begun), s.stackName)
	}
	s.Notice("the stack %s is in %s since an earlier run of this step, which is waited for first", s.stackName, stack.StackStatus)
	w := &watch{session: s, id: aws.ToString(stack.StackId), seen: aws.ToString(begun.EventId), skipped: map[string]bool{}}
	if _, err = w.follow(ctx, nil); err != nil {
		return nil, err
	}
	return s.find(ctx)
}

// beginning returns the event with which the present operation of a stack began.
func (s *session) beginning(ctx context.Context, stack *types.Stack) (types.StackEvent, error) {
	var begun types.StackEvent
	_, err := s.events(ctx, aws.ToString(stack.StackId), func(e types.StackEvent) bool {
		if ofStack(e) && aws.ToString(e.ResourceStatusReason) == "User Initiated" {
			begun = e
		}
		return begun.EventId != nil
	})
	return begun, err
}

func whoAndWhen(begun types.StackEvent) string {
	text := ""
	if begun.Timestamp != nil {
		text = " since " + begun.Timestamp.UTC().Format("2006-01-02 15:04:05 MST")
	}
	if token := aws.ToString(begun.ClientRequestToken); token != "" {
		text += fmt.Sprintf(", request %s", token) // the console and the programs write their names into it
	}
	return text
}

// ofStack reports whether an event is about the stack itself and none of its resources.
func ofStack(e types.StackEvent) bool {
	return aws.ToString(e.PhysicalResourceId) == aws.ToString(e.StackId)
}

// outputs returns what a stack left behind. All of them are texts.
func (s *session) outputs(stack *types.Stack) schema.Values {
	values := schema.Values{}
	if stack == nil || announced(stack) {
		return values
	}
	secrets := s.secrets()
	for _, o := range stack.Outputs {
		name, text := aws.ToString(o.OutputKey), aws.ToString(o.OutputValue)
		value := schema.Text(text)
		value.Sensitive = holdsAny(text, secrets)
		for _, declared := range s.template.outputs {
			value.Sensitive = value.Sensitive || declared.Name == name && declared.Sensitive
		}
		values[name] = value
	}
	return values
}

func holdsAny(text string, secrets []string) bool {
	for _, secret := range secrets {
		if secret != "" && strings.Contains(text, secret) {
			return true
		}
	}
	return false
}

// resources lists what a stack holds.
func (s *session) resources(ctx context.Context, stack *types.Stack) ([]types.StackResourceSummary, error) {
	var all []types.StackResourceSummary
	pages := cloudformation.NewListStackResourcesPaginator(s.stacks, &cloudformation.ListStackResourcesInput{StackName: stack.StackId})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus != types.ResourceStatusDeleteComplete {
				all = append(all, r)
			}
		}
	}
	return all, nil
}
