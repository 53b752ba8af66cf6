package terraform

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
)

// lockedText is what terraform 1.11 prints of a lock that another holds.
const lockedText = `Error: Error acquiring the state lock
Error message: state blob is already locked
Lock Info:
  ID:        9db590f1-b6fe-c5f2-2678-8804f089deba
  Path:      shared/app.tfstate
  Operation: OperationTypeApply
  Who:       root@ci-17
  Version:   1.11.4
  Created:   %s.123456789 +0000 UTC
  Info:
`

func TestStateLockSaysHowToGiveItBack(t *testing.T) {
	for name, c := range map[string]struct {
		age   time.Duration
		final bool
	}{"a fresh one passes by itself": {time.Minute, false}, "an old one is not waited for": {time.Hour, true}} {
		for _, join := range []string{"\n", " "} { // as text, and as a diagnostic of JSON is put together
			created := time.Now().UTC().Add(-c.age).Format(time.DateTime)
			text := strings.Join(strings.Split(fmt.Sprintf(lockedText, created), "\n"), join)
			failure := &environments.Failure{Message: "terraform apply failed", Errors: []string{text}}
			s := &session{Call: environments.NewCall(environments.CallOptions{Directory: "/srv/app"})}
			s.binary = "terraform"
			s.explainLock(failure)
			if got := strings.Join(failure.Lines, "\n"); !strings.HasSuffix(got, "terraform -chdir=/srv/app force-unlock 9db590f1-b6fe-c5f2-2678-8804f089deba") {
				t.Errorf("%s: lines %q", name, got)
			}
			if failure.Final != c.final {
				t.Errorf("%s: final %v", name, failure.Final)
			}
		}
	}
	other := &environments.Failure{Errors: []string{"Error: no such bucket"}}
	(&session{}).explainLock(other)
	if len(other.Lines) > 0 || other.Final {
		t.Errorf("another error: %+v", other)
	}
}
