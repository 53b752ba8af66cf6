package process

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// wake is what a guard knows and does. It belongs to one goroutine.
type wake struct {
	token string
	wards map[int]*ward
	kept  map[int][]*os.File // until everything has ended
}

// ward is one program that bitops has started or is about to.
type ward struct {
	pid   int // 0 before it runs
	grace time.Duration
	reads []*os.File // of its output
	alone bool       // it ends its children itself
	asked bool       // to end

	left time.Duration // when what it left was asked to end, 0 before
}

// listen follows what bitops tells until that ends, and reports whether bitops died.
func (w *wake) listen(from *net.UnixConn) (died bool) {
	frame, rights := make([]byte, frameSize), make([]byte, 256)
	for {
		n, oob, _, _, err := from.ReadMsgUnix(frame, rights)
		if err != nil || n == 0 {
			return true
		}
		if n < frameSize {
			if _, err := io.ReadFull(from, frame[n:]); err != nil {
				return true
			}
		}
		if w.hear(string(bytes.TrimSpace(frame)), files(rights[:oob])) {
			return false
		}
	}
}

// files returns the files that came with a message.
func files(rights []byte) []*os.File {
	var all []*os.File
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			all = append(all, os.NewFile(uintptr(fd), "of bitops"))
		}
	}
	return all
}

// hear takes one message, and reports whether it is the goodbye.
func (w *wake) hear(message string, reads []*os.File) bool {
	var what string
	var id, pid, grace int
	if n, _ := fmt.Sscan(message, &what, &id, &pid, &grace); n != 4 {
		return false
	}
	switch what {
	case "take":
		w.wards[id] = &ward{grace: DefaultGrace, reads: reads}
	case "run", "alone":
		if one := w.wards[id]; one != nil && pid > 1 {
			one.pid, one.grace, one.alone = pid, time.Duration(grace)*time.Millisecond, what == "alone"
		}
	case "end":
		w.forget(id)
	case "keep":
		w.kept[id] = reads
	case "forget":
		w.drop(id)
	}
	return what == "bye"
}

func (w *wake) forget(id int) {
	if one := w.wards[id]; one != nil {
		for _, f := range one.reads {
			_ = f.Close()
		}
	}
	delete(w.wards, id)
}

// drop closes files that were kept.
func (w *wake) drop(id int) {
	for _, f := range w.kept[id] {
		_ = f.Close()
	}
	delete(w.kept, id)
}

// startled is how long a stray may take to end that nobody has told about: it was only just started, or went away from
// its group.
const startled = 2 * time.Second

// bury ends everything that bitops has left. A program gets one interrupt and its grace; when it is gone, so is what is
// left of its group. Strays go when nothing else is left to wait for.
func (w *wake) bury() {
	begin, asked := time.Now(), map[int]bool{}
	w.drain()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		since := time.Since(begin)
		for id, one := range w.wards {
			if one.pid == 0 || one.end(since) {
				delete(w.wards, id)
			}
		}
		left := strays(w.token)
		if len(w.wards) == 0 && len(left) == 0 {
			return
		}
		w.endStrays(left, asked, since)
		time.Sleep(pause)
	}
}

// drain reads what programs print, for nobody.
func (w *wake) drain() {
	for _, one := range w.wards {
		for _, f := range one.reads {
			go func() { _, _ = io.Copy(io.Discard, f) }()
		}
	}
}

// endStrays moves groups that nobody told about towards their end. Asked are those that were interrupted.
func (w *wake) endStrays(groups, asked map[int]bool, since time.Duration) {
	for group := range groups {
		if w.leads(group) {
			continue
		}
		if !asked[group] {
			asked[group] = true
			interrupt(group)
		}
		if len(w.wards) == 0 && since > startled {
			_ = syscall.Kill(-group, syscall.SIGKILL)
		}
	}
}

// leads reports whether a group is that of a program which is still there.
func (w *wake) leads(group int) bool {
	for _, one := range w.wards {
		if one.pid == group {
			return true
		}
	}
	return false
}

// end moves a program towards its end, and reports whether it is gone.
func (one *ward) end(since time.Duration) (gone bool) {
	switch {
	case !alive(one.pid) && one.alone && one.left == 0 && othersIn(one.pid):
		one.left = since
		interrupt(one.pid)
	case !alive(one.pid) && one.left > 0 && since < min(one.left+lastWords, one.grace) && othersIn(one.pid):
	case !alive(one.pid):
		_ = syscall.Kill(-one.pid, syscall.SIGKILL) // what is left of its group
		return true
	case !one.asked && one.alone:
		one.asked = true
		_ = syscall.Kill(one.pid, syscall.SIGINT)
		_ = syscall.Kill(-one.pid, syscall.SIGCONT)
	case !one.asked:
		one.asked = true
		interrupt(one.pid)
	case since > one.grace:
		_ = syscall.Kill(-one.pid, syscall.SIGKILL)
	}
	return false
}

func interrupt(group int) {
	_ = syscall.Kill(-group, syscall.SIGINT)
	_ = syscall.Kill(-group, syscall.SIGCONT) // a stopped program would not notice
}
