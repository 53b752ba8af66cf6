package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// How orphans are found. Once bitops is a subreaper, a process whose parent dies becomes a child of bitops instead
// of init's, so everything that a program leaves behind ends up in the list of our own children as its ancestors
// die: killing what is in the list and reaping it brings its own children into the list, until none is left.
//
// What is in the list and is not a program we started is judged by the token in its environment. Some programs
// overwrite that (ssh's connection master, by setproctitle) or start with a clean one (env -i). Such an orphan could
// be any Command's, so it is ended once none runs any more.

// adoptOrphans makes bitops the new parent of the orphans among its descendants. Where the kernel refuses, groups
// are all that is killed.
func adoptOrphans() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// pass kills the orphans in the list of children, reaps those that are dead, and reports whether another pass is
// needed: the children of what just died may have joined the list after it was read.
func (f *family) pass(number int) (again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, pid := range childrenOf(os.Getpid()) {
		if _, killed := f.doomed[pid]; killed || f.leaders[pid] || pid == f.guard {
			continue
		}
		switch f.judge(pid) {
		case keep:
		case orphan:
			err := unix.Kill(pid, unix.SIGKILL)
			f.doomed[pid] = !errors.Is(err, unix.EPERM)
		case unknown:
			again = again || number < unknownPasses
		}
	}
	for pid, wait := range f.doomed {
		dead := reap(pid)
		if dead {
			delete(f.doomed, pid)
		}
		again = again || dead || wait
	}
	return again
}

// A verdict is what judge finds out about a child.
type verdict int

const (
	keep    verdict = iota
	orphan          // to be killed, or dead and to be reaped
	unknown         // no environment to read: it may be just replacing its image by another program's
)

// unknownPasses is how often a child is looked at again because its environment is empty. That of some is for good.
const unknownPasses = 4

// judge decides about a child that is no leader.
func (f *family) judge(pid int) verdict {
	env := environ(pid)
	if token := f.owner(env); token != "" {
		return orphanIf(!f.running[token])
	}
	s, err := readStat(pid)
	switch {
	case err != nil:
		return keep
	case s.zombie(): // it has no environment any more; to reap it is right whosever it was
		return orphanIf(f.starting == 0 && s.stranger())
	case len(f.running) == 0 && s.stranger():
		return orphan
	case env == "":
		return unknown
	}
	return keep
}

func orphanIf(b bool) verdict {
	if b {
		return orphan
	}
	return keep
}

// reap takes a dead child off the list.
func reap(pid int) bool {
	got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
	return got == pid || errors.Is(err, unix.ECHILD)
}

// childrenOf lists the children of this process that it was given (the kernel gives orphans to the main thread; the
// list may or may not hold those that other threads started).
func childrenOf(self int) []int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", self))
	if err != nil {
		return scanChildren(self) // a kernel without CONFIG_PROC_CHILDREN
	}
	var pids []int
	for field := range bytes.FieldsSeq(text) {
		if pid, err := strconv.Atoi(string(field)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// scanChildren finds the same by looking at every process.
func scanChildren(self int) []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var pids []int
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && s.parent == self {
			pids = append(pids, pid)
		}
	}
	return pids
}

// environ returns the environment a process was started with, as far as it can be read.
func environ(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	return string(text)
}

// stat is what /proc/PID/stat tells (proc_pid_stat(5)).
type stat struct {
	pid, parent, group, session int
	state                       string
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	s := stat{pid: pid}
	_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')')+1:]), " ") // the name before may hold anything
	_, err = fmt.Sscan(rest, &s.state, &s.parent, &s.group, &s.session)
	return s, err
}

func (s stat) zombie() bool { return s.state == "Z" || s.state == "X" }

// stranger tells whether the process is of another session than this one, as all are that a program has started: a
// program leads a session. What is of ours was started by a library, which waits for it.
func (s stat) stranger() bool {
	ours, err := unix.Getsid(0)
	return err == nil && s.session != ours
}
