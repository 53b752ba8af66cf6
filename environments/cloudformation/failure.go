package cloudformation

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// explain turns an error of the SDK into what a person needs, and takes secrets out of everything.
func (s *session) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ours := errors.AsType[schema.Problems](err); ours {
		return err
	}
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		return s.hide(failure)
	}
	operation, _ := errors.AsType[*smithy.OperationError](err)
	if operation == nil {
		return err
	}
	answer, ok := errors.AsType[smithy.APIError](err)
	switch {
	case ok:
		failure := &environments.Failure{Message: fmt.Sprintf("%s failed: %s (%s)",
			operation.Operation(), answer.ErrorMessage(), answer.ErrorCode())}
		if advice := advice[answer.ErrorCode()]; advice != "" {
			failure.Lines = []string{advice}
		}
		return s.hide(failure)
	case strings.Contains(err.Error(), "get credentials"):
		return s.hide(&environments.Failure{
			Message: "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, " +
				"in the environment's env or where bitops runs",
			Lines: []string{operation.Unwrap().Error()},
		})
	}
	return s.hide(&environments.Failure{
		Message: fmt.Sprintf("%s: %v", operation.Operation(), operation.Unwrap()), Cause: operation.Unwrap(),
	})
}

// advice says what to do about some of AWS's errors.
var advice = map[string]string{
	"InsufficientCapabilitiesException": "Name what the template is allowed to do in options.capabilities, " +
		"such as CAPABILITY_NAMED_IAM.",
	"ExpiredToken":      "The credentials have expired: get new ones.",
	"PermanentRedirect": "The bucket of options.s3bucket is in another region than the stack.",
	"NoSuchBucket":      "options.s3bucket has to exist; bitops does not make it.",
}

// hide takes secrets out of a failure.
func (s *session) hide(f *environments.Failure) *environments.Failure {
	f.Message = s.hidden.String(f.Message)
	for i, line := range f.Lines {
		f.Lines[i] = s.hidden.String(line)
	}
	return f
}

// answered reports whether an error is AWS's own and says one of the texts.
func answered(err error, texts ...string) bool {
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	for _, text := range texts {
		if strings.Contains(answer.ErrorMessage(), text) {
			return true
		}
	}
	return false
}
