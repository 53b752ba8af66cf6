package process

import (
	"os"
	"strconv"
	"strings"
)

// strays returns the groups of the living processes that carry a token of a bitops that is gone.
func strays(token string) map[int]bool {
	if token == "" {
		return nil
	}
	groups := map[int]bool{}
	eachProcess(func(pid int, environ string) {
		if !strings.Contains(environ, token+".") {
			return
		}
		if s, err := readStat(pid); err == nil && !s.zombie() && s.group > 1 {
			groups[s.group] = true
		}
	})
	return groups
}

// othersIn reports whether anything but its leader is alive in a group.
func othersIn(group int) bool {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == group {
			continue
		}
		if s, err := readStat(pid); err == nil && s.group == group && !s.zombie() {
			return true
		}
	}
	return false
}

// alive reports whether a process is there and runs. One that nobody has reaped yet does not.
func alive(pid int) bool {
	s, err := readStat(pid)
	return err == nil && !s.zombie()
}
