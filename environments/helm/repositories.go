package helm

import (
	"errors"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// silentRepositories are the chart repositories that gave helm no list of their charts. helm only mentions it, goes on
// with what it has, and fails with an error about that.
type silentRepositories struct {
	reasons []string
	named   string // by the last line: its reason is on the next one
}

// silentRepository is helm's pkg/downloader/manager.go, parallelRepoUpdate.
var silentRepository = regexp.MustCompile(`Unable to get an update from the "(.*)" chart repository(?: \((.*)\))?:`)

// read takes a line of what helm prints.
func (r *silentRepositories) read(line string) {
	if r.named != "" {
		r.reasons = append(r.reasons, "the chart repository "+r.named+" does not answer: "+strings.TrimSpace(line))
		r.named = ""
	} else if m := silentRepository.FindStringSubmatch(line); m != nil {
		r.named = m[1]
		if m[2] != "" {
			r.named += " (" + m[2] + ")"
		}
	}
}

// blame adds the silent repositories to a failure. Where helm complains of what it does not have, they are the cause.
func (r *silentRepositories) blame(err error) error {
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok || len(r.reasons) == 0 {
		return err
	}
	reasons := strings.Join(r.reasons, "; ")
	if strings.Contains(failure.Message, "no cached repo") {
		failure.Message = "helm dependency failed: " + reasons
	} else {
		failure.Message += "; " + reasons
	}
	failure.Lines = append(r.reasons, failure.Lines...)
	return failure
}
