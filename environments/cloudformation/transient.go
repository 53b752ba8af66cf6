package cloudformation

import (
	"errors"
	"regexp"
	"slices"

	"github.com/bitops-engine/bitops/environments"
)

// transient are errors of AWS that pass by themselves. The SDK has tried again for some seconds by then. What a resource
// of a stack fails with is not among them: CloudFormation tries those requests again itself.
var transient = environments.Patterns(slices.Concat(environments.NetworkErrors, []string{
	// The codes of throttling in aws-sdk-go-v2 (aws/retry, DefaultThrottleErrorCodes and DefaultRetryableErrorCodes) that
	// CloudFormation, S3 and STS have, and docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html. Not
	// LimitExceededException, which is a quota here.
	`\((Throttling|ThrottlingException|RequestThrottled|TooManyRequestsException|RequestLimitExceeded|SlowDown|` +
		`ServiceUnavailable|RequestTimeout|RequestTimeoutException)\)$`,
})...)

var _ environments.Patient = (*CloudFormation)(nil)

// Transient implements environments.Patient.
func (*CloudFormation) Transient() []*regexp.Regexp { return transient() }

// retryable adds to a failure what trying again has to know.
func (s *session) retryable(err error) error {
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		failure.Untouched, failure.Errors = !s.touched, []string{failure.Message}
	}
	return err
}
