//go:build !linux

package process

import "syscall"

// strays finds nothing: only Linux shows the environments of others.
func strays(string) map[int]bool { return nil }

// othersIn reports whether anything is left in a group.
func othersIn(group int) bool { return syscall.Kill(-group, 0) == nil }

// alive reports whether a process is there. Init reaps what bitops has left, so it is gone when it has ended.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
