package process

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Pager is a program with which a person reads a text. It is not a Command: it has the terminal, as the foreground group, so that
// its keys, Ctrl-C and Ctrl-Z among them, are for it alone.
type Pager struct {
	Line    string    // for /bin/sh
	Env     []string  // the complete environment as NAME=value
	TTY     *os.File  // where it shows the text: the terminal of bitops
	Text    io.Reader // what it reads
	Stopped func()    // is called when Ctrl-Z has stopped it, with the terminal given back; then it goes on
}

// Show returns when the person has ended the pager, or when ctx is done: then the pager is terminated. It reports false, without an
// error, where there is no such program: the text was not shown. The terminal belongs to bitops again afterwards.
func (p *Pager) Show(ctx context.Context) (shown bool, err error) {
	token := children.begin()
	cmd := exec.Cmd{
		Path: "/bin/sh", Args: []string{"sh", "-c", p.Line}, Env: marked(p.Env, token), Stdin: p.Text, Stdout: p.TTY, Stderr: p.TTY,
		SysProcAttr: &syscall.SysProcAttr{Foreground: true, Ctty: int(p.TTY.Fd())},
	}
	if err := cmd.Start(); err != nil {
		children.abandon(token)
		return false, &StartError{Name: p.Line, Path: cmd.Path, Err: err}
	}
	pid := cmd.Process.Pid
	children.started(pid)
	ended := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			_ = syscall.Kill(-pid, syscall.SIGTERM)
			_ = syscall.Kill(-pid, syscall.SIGCONT)
		case <-ended:
		}
	}()
	status := p.wait(pid)
	close(ended)
	_ = syscall.Kill(-pid, syscall.SIGKILL) // mostly no process is left
	_ = cmd.Wait()                          // the process is reaped already; this ends what feeds it
	giveTerminal(p.TTY, unix.Getpgrp())
	children.finish(token, pid)
	const noProgram, notExecutable = 127, 126 // as a shell says it
	missing := status.Exited() && (status.ExitStatus() == noProgram || status.ExitStatus() == notExecutable)
	return !missing, nil
}

// wait returns how the pager ended. Until then it is continued whenever it was stopped.
func (p *Pager) wait(pid int) (status unix.WaitStatus) {
	for {
		_, err := unix.Wait4(pid, &status, unix.WUNTRACED, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil, !status.Stopped():
			return status
		default:
			giveTerminal(p.TTY, unix.Getpgrp())
			p.Stopped()
			giveTerminal(p.TTY, pid)
			_ = syscall.Kill(-pid, syscall.SIGCONT)
		}
	}
}

// giveTerminal makes a process group that of the foreground. The kernel stops a group in the background that asks for that, unless it
// ignores the signal.
func giveTerminal(tty *os.File, group int) {
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	_ = unix.IoctlSetPointerInt(int(tty.Fd()), unix.TIOCSPGRP, group)
}
