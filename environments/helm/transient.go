package helm

import (
	"errors"
	"regexp"
	"slices"

	"github.com/bitops-engine/bitops/environments"
)

// transient are errors of helm, of the cluster and of `aws eks` that pass by themselves.
var transient = environments.Patterns(slices.Concat(environments.NetworkErrors, []string{
	// The cluster's store: etcd, api/v3rpc/rpctypes/error.go.
	`etcdserver: (request timed out|leader changed|no leader|too many requests)`,
	// The cluster: k8s.io/apimachinery, pkg/api/errors, NewGenericServerResponse for 429, 503 and 504.
	`the server has received too many requests and has asked us to try again later`,
	`the server is currently unable to handle the request`,
	`the server was unable to return a response in the time allotted`,
	// The aws program: botocore/exceptions.py, ClientError, ConnectTimeoutError and ReadTimeoutError; the codes are those that
	// botocore/retries/standard.py tries again.
	`An error occurred \((Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|` +
		`TooManyRequestsException|RequestLimitExceeded|SlowDown|RequestTimeout|RequestTimeoutException)\)`,
	`(Connect|Read) timeout on endpoint URL`,
})...)

var _ environments.Patient = (*Helm)(nil)

// Transient implements environments.Patient.
func (*Helm) Transient() []*regexp.Regexp { return transient() }

// retryable adds to a failure what trying again has to know. Once helm was told to change a release, nobody knows how far
// it came.
func (s *session) retryable(err error) error {
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		failure.Untouched = !s.touched
	}
	return err
}
