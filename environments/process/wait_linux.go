package process

import (
	"errors"

	"golang.org/x/sys/unix"
)

// waitExited returns when the process, a child, has exited, and leaves it to be reaped.
func waitExited(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
