package main

import (
	"os"
	"strconv"
	"syscall"

	"github.com/bitops-engine/bitops/schema"
)

// killAt is the variable that has a bitops kill itself at its nth event, as soon as that is in the journal.
const killAt = "CRASH_TEST_KILL_AT"

// killMyself is bitops for the stories and for tests that kill it.
func killMyself() {
	if at, err := strconv.Atoi(os.Getenv(killAt)); err == nil {
		observe = func(e schema.Event) {
			if e.Seq == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}
	main()
}
