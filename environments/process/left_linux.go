package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Left returns the living processes of this machine that a bitops has started, whose token is given, as far as their
// environments can be read: those of the same user, or of all for root. Each is named with its program and its id, the
// oldest first. A program that starts others with an environment of their own hides them. It waits, for moments, for
// processes that show no environment because they are about to become another program.
func Left(token string) []string {
	if token == "" {
		return nil
	}
	var ids []int
	eachProcess(func(pid int, environ string) {
		if carries(environ, token) && alive(pid) {
			ids = append(ids, pid)
		}
	})
	slices.Sort(ids)
	left := make([]string, len(ids))
	for i, pid := range ids {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		left[i] = fmt.Sprintf("%s (process %d)", strings.TrimSpace(string(name)), pid)
	}
	return left
}

// eachProcess calls look with each other process and its environment. One that is just becoming another program has no
// environment yet, and has closed the files already that its old one kept open, locks among them; one that is ending has none
// any more, and its files are still open. Such processes are waited for.
func eachProcess(look func(pid int, environ string)) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	var late []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if text := environ(pid); text != "" {
			look(pid, text)
		} else if worthWaiting(pid) > 0 {
			late = append(late, pid)
		}
	}
	for begin := time.Now(); len(late) > 0; time.Sleep(time.Millisecond) {
		late = slices.DeleteFunc(late, func(pid int) bool {
			longest := worthWaiting(pid)
			text := environ(pid)
			if text != "" {
				look(pid, text)
			}
			return text != "" || time.Since(begin) > longest
		})
	}
}

// envEnd is the place of env_end behind the name in /proc/PID/stat (proc_pid_stat(5)): 0 until a new program is complete,
// and again once one is ending.
const envEnd = 48

// worthWaiting returns how long to wait for a process that shows no environment: long while it is certainly becoming
// another program or ending, and a moment where that cannot be told from one that was started with an empty one. Threads of
// the kernel and what is dead never show one, and neither does a process of another user.
func worthWaiting(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	s, err := readStat(pid)
	if err != nil || s.zombie() || s.group == 0 {
		return 0
	}
	if _, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); errors.Is(err, fs.ErrPermission) {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) > envEnd && fields[envEnd] != "0" {
		return 20 * time.Millisecond
	}
	return 2 * time.Second
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
