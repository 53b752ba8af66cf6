package terraform

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/environments"
)

// lockInfo finds the id of a state lock that another holds in what terraform says of it, and lockCreated since when, in UTC:
// https://developer.hashicorp.com/terraform/language/state/locking
var (
	lockInfo    = regexp.MustCompile(`(?s)Error acquiring the state lock.*Lock Info:\s+ID:\s+(\S+)`)
	lockCreated = regexp.MustCompile(`\bCreated:\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\S* \+0000`)
)

// longestWait is the age from which on a state lock is not waited for: its holder is gone, or needs longer than the pauses
// between attempts.
const longestWait = 15 * time.Minute

// explainLock says how to give a state lock back whose holder is gone, and keeps an old one from being tried again.
func (s *session) explainLock(failure *environments.Failure) {
	said := strings.Join(failure.Errors, "\n")
	lock := lockInfo.FindStringSubmatch(said)
	if lock == nil {
		return
	}
	failure.Lines = append(failure.Lines, fmt.Sprintf(
		"Another terraform holds the lock of the state. If it does not run any more (see Who and Created), give the lock back: %s -chdir=%s force-unlock %s",
		s.binary, s.Directory, lock[1]))
	if m := lockCreated.FindStringSubmatch(said); m != nil {
		created, err := time.Parse(time.DateTime, m[1])
		failure.Final = failure.Final || err == nil && time.Since(created) > longestWait
	}
}
