package terraform

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// transient are errors of terraform and its providers that pass by themselves. What throttled providers have tried again
// themselves for a while is tried once more here, later.
var transient = environments.Patterns(slices.Concat(environments.NetworkErrors, []string{
	// The state is locked by somebody who is at work: the lock info tells. developer.hashicorp.com/terraform/language/state/locking
	`Error acquiring the state lock.* Lock Info:`,
	// git, of a module that comes from there: curl's words for an HTTP error (CURLOPT_FAILONERROR).
	`The requested URL returned error: (429|502|503|504)\b`,
	// AWS: the codes of throttling in aws-sdk-go-v2 (aws/retry, DefaultThrottleErrorCodes), as both versions of the SDK print
	// them; terraform-provider-aws issues 2942 and 5171. Not LimitExceededException: often that is a quota.
	`\bapi error (Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|` +
		`TooManyRequestsException|ProvisionedThroughputExceededException|RequestLimitExceeded|BandwidthLimitExceeded|SlowDown|` +
		`PriorRequestNotComplete|EC2ThrottledException)\b`,
	`\b(Throttling|ThrottlingException): Rate exceeded`,
	`\b(RequestLimitExceeded: Request limit exceeded|SlowDown: )`,
	// Google: cloud.google.com/apis/design/errors, RESOURCE_EXHAUSTED apart, which is often a quota; googleapi.Error prints it so.
	`\bgoogleapi: (Error|got HTTP response code) (429|502|503)\b`,
	// Azure: learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling; go-autorest and go-azure-sdk
	// print the status so.
	`\b(StatusCode=|unexpected status )(429|502|503|504)\b`,
})...)

var _ environments.Patient = (*Terraform)(nil)

// Transient implements environments.Patient.
func (*Terraform) Transient() []*regexp.Regexp { return transient() }

// unsaved are errors after which a new attempt would begin from a state that does not tell what was done, or meet the
// lock of the last one.
var unsaved = regexp.MustCompile(`(?i)(failed to (save|persist|upload) (the )?state|error (saving|uploading) (the )?state|releasing the state lock)`)

// retryable adds to a failure what trying again has to know.
func (s *session) retryable(err error) error {
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		return err
	}
	failure.Untouched = !s.touched
	if len(failure.Errors) == 0 {
		failure.Errors = separate(failure.Lines)
	}
	_, noState := os.Stat(filepath.Join(s.Directory, erroredState))
	failure.Final = noState == nil || unsaved.MatchString(strings.Join(failure.Errors, "\n"))
	s.explainLock(failure)
	return err
}

// separate returns the errors that are in what terraform prints for people, one text each.
func separate(lines []string) []string {
	var all []string
	for _, line := range lines {
		if len(all) == 0 || strings.HasPrefix(line, "Error: ") {
			all = append(all, line)
			continue
		}
		all[len(all)-1] += " " + line
	}
	return all
}
