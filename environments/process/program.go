package process

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// busyTries bounds the attempts to start a program whose file is open for writing. Such a file was often written by
// bitops itself a moment ago, and is held open by a program being started at the same time (go.dev/issue/22315): it
// is free again when that one has replaced bitops' image by its own.
const busyTries = 8

// A program is a started Command. One goroutine uses it.
type program struct {
	cmd     *exec.Cmd
	token   string
	ward    int // what the guard calls it
	started time.Time
	exited  chan struct{} // closed when the leader has exited; it stays a zombie until finish
	input   *input
	output  *output
}

// start starts the program at path. The program counts as running until finish.
func start(c Command, path string, guard *Guard) (*program, error) {
	p := &program{token: children.begin(), exited: make(chan struct{}), input: new(input), output: new(output)}
	err := p.start(c, path, guard)
	if err != nil {
		guard.ended(p.ward)
		p.input.close()
		p.output.close()
		children.abandon(p.token)
		failed := &StartError{Name: c.Name, Path: path, Err: err}
		if errors.Is(err, syscall.E2BIG) {
			failed.Largest, failed.Bytes = largest(c.Env)
		}
		return nil, failed
	}
	children.started(p.cmd.Process.Pid)
	go func() {
		waitExited(p.cmd.Process.Pid)
		close(p.exited)
	}()
	return p, nil
}

// largest returns the variable with the longest value, and its length in bytes.
func largest(env []string) (name string, bytes int) {
	for _, entry := range env {
		if variable, value, _ := strings.Cut(entry, "="); len(value) > bytes {
			name, bytes = variable, len(value)
		}
	}
	return name, bytes
}

func (p *program) start(c Command, path string, guard *Guard) error {
	if err := checkDir(c.Dir); err != nil {
		return err
	}
	cmd := exec.Cmd{
		Path: path, Args: append([]string{c.Name}, c.Args...), Dir: c.Dir, Env: marked(c.Env, p.token),
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	p.output.arrived = c.Arrived
	var err error
	if cmd.Stdin, err = p.input.open(c.Stdin); err != nil {
		return err
	}
	if cmd.Stdout, err = p.output.open(c.Stdout); err != nil {
		return err
	}
	if cmd.Stderr, err = p.output.open(c.Stderr); err != nil {
		return err
	}
	p.ward = guard.take(p.output.ours)
	if p.cmd, err = startRetrying(cmd); err != nil {
		return err
	}
	guard.runs(p.ward, p.cmd.Process.Pid, c.grace(), c.InterruptAlone) // before anybody hears of it
	p.started = time.Now()
	p.input.started()
	p.output.started()
	return nil
}

// startRetrying starts a copy of cmd, again if the program's file is busy.
func startRetrying(cmd exec.Cmd) (*exec.Cmd, error) {
	pause := time.Millisecond
	for try := 1; ; try++ {
		c := cmd
		err := c.Start()
		if !errors.Is(err, syscall.ETXTBSY) || try == busyTries {
			return &c, err
		}
		time.Sleep(pause)
		pause *= 2
	}
}

// signal sends s to the group. The leader is not reaped yet and cannot leave the group, because it leads a session: the
// number cannot mean anyone else.
func (p *program) signal(s syscall.Signal) {
	_ = syscall.Kill(-p.cmd.Process.Pid, s) // it fails only when the program is another user's, and then so be it
}

// interrupt interrupts the group, or the leader alone.
func (p *program) interrupt(alone bool) {
	if alone {
		_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGINT)
	} else {
		p.signal(syscall.SIGINT)
	}
	p.signal(syscall.SIGCONT) // a stopped program would not notice the interrupt
}

// lastWords is how long those may take to end that an interrupted program has left, since they were interrupted.
const lastWords = 2 * time.Second

// interruptRest interrupts what a leader that is gone has left in its group, and waits for it: not longer than lastWords,
// nor than until one of the channels says so. finish ends what is still there.
func (p *program) interruptRest(expired <-chan time.Time, kill <-chan struct{}) {
	pid := p.cmd.Process.Pid // still that of the leader, a zombie
	if !othersIn(pid) {
		return
	}
	_ = syscall.Kill(-pid, syscall.SIGINT)
	_ = syscall.Kill(-pid, syscall.SIGCONT)
	enough := time.After(lastWords)
	for pause := time.Millisecond; othersIn(pid); pause = min(2*pause, 50*time.Millisecond) {
		select {
		case <-time.After(pause):
		case <-enough:
			return
		case <-expired:
			return
		case <-kill:
			return
		}
	}
}

// finish ends everything that the leader, which has exited, left behind, and completes the Result.
func (p *program) finish(r *Result) {
	pid := p.cmd.Process.Pid
	_ = syscall.Kill(-pid, syscall.SIGKILL) // no error of interest: mostly nobody is left
	_ = p.cmd.Wait()                        // what it would tell is in ProcessState
	children.finish(p.token, pid)
	p.input.close()
	p.output.finish()

	state := p.cmd.ProcessState
	r.CPU = state.UserTime() + state.SystemTime()
	r.ExitCode = state.ExitCode()
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		r.Signal = status.Signal()
		r.ExitCode = 128 + int(r.Signal)
	}
}

func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &os.PathError{Op: "chdir", Path: dir, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return &dirError{err}
	}
	return nil
}
