package environments

import "time"

// SetFailureGrace bounds the on-failure hooks of one test.
func SetFailureGrace(d time.Duration) (restore func()) {
	before := failureGrace
	failureGrace = d
	return func() { failureGrace = before }
}

// SetCheckPatience bounds the question for a program's version in one test.
func SetCheckPatience(d time.Duration) (restore func()) {
	before := checkPatience
	checkPatience = d
	return func() { checkPatience = before }
}

var PlainVariables = plainVariables
