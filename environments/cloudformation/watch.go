package cloudformation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/bitops-engine/bitops/environments"
)

// watch follows what goes on in a stack until it is at rest.
type watch struct {
	*session
	id   string // of the stack
	seen string // the newest event that is known

	rested   bool            // an event has told that the stack is at rest
	failures []string        // of resources, in the order they happened
	skipped  map[string]bool // the resources that a deletion left alone
}

// begin returns a watch for an operation that is about to begin.
func (s *session) begin(ctx context.Context, stackID string) (*watch, error) {
	w := &watch{session: s, id: stackID, skipped: map[string]bool{}}
	newest, err := s.stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String(stackID)})
	if err != nil {
		return nil, err
	}
	if len(newest.StackEvents) > 0 {
		w.seen = aws.ToString(newest.StackEvents[0].EventId)
	}
	return w, nil
}

// mostPause is the longest pause between two looks.
const mostPause = 5 * time.Second

// follow shows the events as they come, and returns the stack once it is at rest, nil when it is gone. over asks whether
// the operation has ended, for the case that the status does not change; nil means that the status is enough.
func (w *watch) follow(ctx context.Context, over func(context.Context) (bool, error)) (*types.Stack, error) {
	for pause := w.poll; ; pause = min(pause*5/4, mostPause) {
		stack, err := w.look(ctx)
		if err != nil {
			return nil, w.left(ctx, err)
		}
		if stack == nil || !busy(stack) && !announced(stack) {
			ended := stack == nil || over == nil || w.rested
			if !ended {
				ended, err = over(ctx)
			}
			if ended || err != nil {
				return stack, err
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, w.left(ctx, err)
		}
	}
}

// look returns the stack as it is, and shows the events that are new. They are read second, so that those of a stack
// at rest are complete.
func (w *watch) look(ctx context.Context) (*types.Stack, error) {
	stack, err := w.describe(ctx, w.id)
	if err != nil {
		return nil, err
	}
	events, err := w.events(ctx, w.id, func(e types.StackEvent) bool { return aws.ToString(e.EventId) == w.seen })
	if answered(err, "does not exist") {
		return stack, nil // deleted a while ago
	}
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(events) {
		w.event(e)
	}
	return stack, nil
}

func (w *watch) event(e types.StackEvent) {
	w.seen = aws.ToString(e.EventId)
	status, name, reason := string(e.ResourceStatus), aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceStatusReason)
	line := status + " " + name
	if kind := aws.ToString(e.ResourceType); !ofStack(e) && kind != "" {
		line += " (" + kind + ")"
	}
	if reason != "" {
		line += ": " + strings.Join(strings.Fields(reason), " ")
	}
	w.say(line)
	switch {
	case ofStack(e):
		w.rested = !strings.HasSuffix(status, "_IN_PROGRESS")
	case strings.HasSuffix(status, "_FAILED") && !cancelled(reason):
		w.failures = append(w.failures, line)
	case e.ResourceStatus == types.ResourceStatusDeleteSkipped:
		w.skipped[name] = true
	}
}

// cancelled reports whether a resource failed only because another one had.
func cancelled(reason string) bool {
	return strings.HasPrefix(reason, "Resource creation cancelled") || strings.HasPrefix(reason, "Resource update cancelled") ||
		strings.HasPrefix(reason, "Resource deletion cancelled")
}

// events returns a stack's events, the newest first, as far as the one that is known.
func (s *session) events(ctx context.Context, stackID string, known func(types.StackEvent) bool) ([]types.StackEvent, error) {
	var all []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(s.stacks,
		&cloudformation.DescribeStackEventsInput{StackName: aws.String(stackID)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.StackEvents {
			if known(e) {
				return all, nil
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// left is the error when nobody waits any more. It says what is still going on.
func (w *watch) left(ctx context.Context, err error) error {
	why := w.explain(err).Error()
	if ctx.Err() != nil {
		why = context.Cause(ctx).Error()
	}
	return &environments.Failure{
		Message: fmt.Sprintf("stopped waiting for the stack %s, which goes on in AWS: %s", w.stackName, why),
		Lines: []string{
			"See `aws cloudformation describe-stack-events --stack-name " + w.stackName + "`.",
			"The next run of this step waits for it and goes on from there.",
		},
	}
}

// failed returns the failure of a stack that is not what it should be.
func (w *watch) failed(stack *types.Stack) error {
	how := "failed"
	if strings.Contains(string(stack.StackStatus), "ROLLBACK") {
		how = "failed and was rolled back"
	}
	if stack.StackStatus == types.StackStatusRollbackFailed || stack.StackStatus == types.StackStatusUpdateRollbackFailed {
		how = "failed, and so did its rollback"
	}
	why := aws.ToString(stack.StackStatusReason)
	if len(w.failures) > 0 {
		why = w.failures[0]
	}
	message := fmt.Sprintf("the stack %s %s (%s)", w.stackName, how, stack.StackStatus)
	if why != "" {
		message += ": " + why
	}
	lines := slices.Clone(w.failures)
	if next := nextStep[stack.StackStatus]; next != "" {
		lines = append(lines, strings.ReplaceAll(next, "STACK", w.stackName))
	}
	return &environments.Failure{Message: message, Lines: lines}
}

// nextStep says what a person can do about a stack.
var nextStep = map[types.StackStatus]string{
	types.StackStatusRollbackComplete:       "The next apply deletes the stack and creates it anew.",
	types.StackStatusRollbackFailed:         "Delete it with `aws cloudformation delete-stack --stack-name STACK`, or bitops destroy.",
	types.StackStatusUpdateRollbackFailed:   "Go on with `aws cloudformation continue-update-rollback --stack-name STACK`.",
	types.StackStatusDeleteFailed:           "Remove what is in the way, then delete it again.",
	types.StackStatusUpdateRollbackComplete: "The stack is as it was before.",
}

// sleep waits about as long as told, so that many who wait do not all ask at once.
func sleep(ctx context.Context, about time.Duration) error {
	timer := time.NewTimer(about/2 + rand.N(about+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
