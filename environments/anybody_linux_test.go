package environments

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// asAnybody lets act touch files as a user whom permissions bind, which they do not bind root. It must not start goroutines.
func asAnybody(t *testing.T, act func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		var err error
		if os.Geteuid() == 0 {
			err = unix.Setfsuid(65534)
		}
		if err == nil {
			act()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
