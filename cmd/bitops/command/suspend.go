package command

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// canContinue reports whether a shell above this process would notice that it stopped, and can continue it. A system stops
// no process on Ctrl-Z for which there is none, as in a container, because it would stand still for good.
func canContinue() bool {
	session, err := unix.Getsid(0)
	for parent := os.Getppid(); err == nil && parent > 0; parent, err = parentOf(parent) {
		if of, err := unix.Getsid(parent); err != nil || of != session {
			return false
		}
		if group, err := unix.Getpgid(parent); err != nil || group != unix.Getpgrp() {
			return err == nil
		}
	}
	return false
}

// parentOf returns the parent of another process, where the system has /proc.
func parentOf(process int) (int, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(process) + "/stat")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // behind the program's name in brackets
	if len(fields) < 2 {
		return 0, errors.New("the parent is not known")
	}
	return strconv.Atoi(fields[1])
}
