package environments

import "time"

// SetFailureGrace bounds the on-failure hooks of one test.
func SetFailureGrace(d time.Duration) (restore func()) {
	before := failureGrace
	failureGrace = d
	return func() { failureGrace = before }
}
