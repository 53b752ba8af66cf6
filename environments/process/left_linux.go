package process

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Left returns the living processes of this machine that a bitops has started, whose token is given, as far as their
// environments can be read: those of the same user, or of all for root. Each is named with its program and its id, the
// oldest first. A program that starts others with an environment of their own hides them.
func Left(token string) []string {
	entries, err := os.ReadDir("/proc")
	if err != nil || token == "" {
		return nil
	}
	var ids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err == nil && pid != os.Getpid() && carries(environ(pid), token) && alive(pid) {
			ids = append(ids, pid)
		}
	}
	slices.Sort(ids)
	left := make([]string, len(ids))
	for i, pid := range ids {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		left[i] = fmt.Sprintf("%s (process %d)", strings.TrimSpace(string(name)), pid)
	}
	return left
}

// carries reports whether an environment has a token of a bitops in its marker.
func carries(environ, token string) bool {
	for entry := range strings.SplitSeq(environ, "\x00") {
		if value, ok := strings.CutPrefix(entry, Marker+"="); ok {
			return slices.ContainsFunc(strings.Split(value, "/"), func(t string) bool { return strings.HasPrefix(t, token+".") })
		}
	}
	return false
}
