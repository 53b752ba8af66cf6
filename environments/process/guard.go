package process

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Guard is a second process of bitops that outlives the first one: when bitops dies without a word (kill -9, out of
// memory), it ends the programs that bitops has started as bitops would have: one interrupt, their grace, then the end.
// Until then it reads what they print, so that none dies of a broken pipe before it has saved its state.
//
// It starts with the first program and costs nothing else. A socket connects the two: what runs is written into it, and
// its end without a goodbye is the death of bitops. On Linux the guard also finds programs by the token in their
// environment, wherever they went; elsewhere it knows their groups.
//
// Its zero value is ready for use, and it is safe for concurrent use. A nil Guard guards nothing.
type Guard struct {
	once   sync.Once
	mu     sync.Mutex
	socket *net.UnixConn    // nil when there is no guard: without one, everything works but this
	taken  int              // programs and files so far
	kept   map[int]*os.File // the files that it is to keep
}

// guardVariable tells a process of bitops that it is a guard, and whose.
const guardVariable = "BITOPS_GUARD_OF"

// frameSize is the length of each message: a text, filled with spaces.
const frameSize = 64

// Guarding reports whether this process is a guard. Then main must call GuardMain and nothing else.
func Guarding() bool { return os.Getenv(guardVariable) != "" }

// start starts the guard once.
func (g *Guard) start() {
	g.once.Do(func() {
		children.adopt.Do(adoptOrphans)
		ours, theirs, err := socketPair()
		if err != nil {
			return
		}
		defer theirs.Close()
		self, err := os.Executable()
		if err != nil {
			_ = ours.Close()
			return
		}
		cmd := exec.Cmd{
			Path: self, Args: []string{"guard"}, Dir: "/", Env: []string{guardVariable + "=" + children.prefix},
			ExtraFiles:  []*os.File{theirs},
			SysProcAttr: &syscall.SysProcAttr{Setsid: true}, // out of reach of the terminal's signals
		}
		if err := cmd.Start(); err != nil {
			_ = ours.Close()
			return
		}
		children.guardedBy(cmd.Process.Pid)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.socket = ours
		for id, f := range g.kept {
			g.send([]*os.File{f}, "keep %d 0 0", id)
		}
	})
}

// Keep has the guard hold a file open, should bitops die, until everything has ended that bitops has left: a lock on the
// file (flock) lasts as long. Forget ends that, and comes before f is closed; the guard closes its own copy a moment later, so
// who wants the lock to be free at once unlocks it. Where no program was started, nothing can be left, and nothing is kept.
func (g *Guard) Keep(f *os.File) (forget func()) {
	if g == nil {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept == nil {
		g.kept = map[int]*os.File{}
	}
	g.taken++
	id := g.taken
	g.kept[id] = f
	g.send([]*os.File{f}, "keep %d 0 0", id)
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.kept, id)
		g.send(nil, "forget %d 0 0", id)
	})
}

func socketPair() (ours *net.UnixConn, theirs *os.File, err error) {
	syscall.ForkLock.RLock() // no program may get these by being started in between
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	mine := os.NewFile(uintptr(fds[0]), "guard")
	defer mine.Close()
	theirs = os.NewFile(uintptr(fds[1]), "guarded")
	conn, err := net.FileConn(mine)
	if err != nil {
		_ = theirs.Close()
		return nil, nil, err
	}
	return conn.(*net.UnixConn), theirs, nil
}

// tell writes one message.
func (g *Guard) tell(files []*os.File, format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.send(files, format, args...)
}

// send is tell for who holds mu. A guard that is gone is not missed before bitops dies.
func (g *Guard) send(files []*os.File, format string, args ...any) {
	if g.socket == nil {
		return
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, 0, len(files))
		for _, f := range files {
			if raw, err := f.SyscallConn(); err == nil { // Fd would make it blocking
				_ = raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) })
			}
		}
		rights = unix.UnixRights(fds...)
	}
	frame := fmt.Appendf(nil, "%-*s", frameSize, fmt.Sprintf(format, args...))
	_, _, _ = g.socket.WriteMsgUnix(frame, rights, nil)
}

// take hands over the ends of a program's output that are read, before it starts. What it returns names the program.
func (g *Guard) take(reads []*os.File) int {
	if g == nil {
		return 0
	}
	g.start()
	g.mu.Lock()
	g.taken++
	id := g.taken
	g.mu.Unlock()
	g.tell(reads, "take %d 0 0", id)
	return id
}

// runs tells that a program runs, the leader of a group, and whether an interrupt is for it alone.
func (g *Guard) runs(id, pid int, grace time.Duration, alone bool) {
	if g == nil {
		return
	}
	how := "run"
	if alone {
		how = "alone"
	}
	g.tell(nil, "%s %d %d %d", how, id, pid, grace.Milliseconds())
}

// ended tells that a program and its group are gone, or were never there.
func (g *Guard) ended(id int) {
	if g != nil {
		g.tell(nil, "end %d 0 0", id)
	}
}

// Close lets the guard go. No program may run any more.
func (g *Guard) Close() {
	g.tell(nil, "bye 0 0 0")
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.socket != nil {
		_ = g.socket.Close()
		g.socket = nil
	}
}

// GuardMain is the whole life of a guard.
func GuardMain() {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	file := os.NewFile(3, "socket")
	conn, err := net.FileConn(file)
	if err != nil {
		return
	}
	_ = file.Close()
	w := &wake{token: os.Getenv(guardVariable), wards: map[int]*ward{}, kept: map[int][]*os.File{}}
	if w.listen(conn.(*net.UnixConn)) {
		w.bury()
	}
	for id := range w.kept {
		w.drop(id)
	}
}
