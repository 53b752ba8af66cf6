//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package process

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// waitExited returns when the process, a child, has exited, and leaves it to be reaped. (waitid is no help here: on
// macOS it also returns when the process is stopped, go.dev/issue/19314.)
func waitExited(pid int) {
	for !exits(pid) {
		time.Sleep(100 * time.Millisecond) // out of descriptors or memory, which passes
	}
}

// exits waits for the exit of a process, and reports false if it could not.
func exits(pid int) bool {
	queue, err := unix.Kqueue() // not inherited by children
	if err != nil {
		return false
	}
	defer unix.Close(queue)
	var change unix.Kevent_t
	unix.SetKevent(&change, pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change.Fflags = unix.NOTE_EXIT
	events := make([]unix.Kevent_t, 1)
	for {
		n, err := unix.Kevent(queue, []unix.Kevent_t{change}, events, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return n > 0 || errors.Is(err, unix.ESRCH) // ESRCH, here or in the event: it had exited before
	}
}
