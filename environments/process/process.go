// Package process is where programs run: the only package of bitops that starts one.
//
// A Command becomes one program, the leader of a session and of a process group of its own. Its session has no controlling
// terminal: a terminal's Ctrl-C reaches it only through bitops, and who opens /dev/tty to ask a person gets an error. (In
// the session of bitops it would be a background group, which the terminal stops when it reads: it would hang for ever.)
// A signal to the group reaches its children too. One goroutine owns a program from its start to its end:
//
//	start the leader in a new session
//	until the leader has exited:
//	    ctx is done       -> one SIGINT to the group, or to the leader alone
//	    Grace has passed  -> SIGKILL to the group
//	    Kill is closed    -> SIGKILL to the group
//	kill what is left of the group      (the leader is still a zombie: its number cannot belong to anyone else)
//	reap the leader
//	kill and reap what left the group   (on Linux, see orphans_linux.go)
//	deliver what is left in the pipes
//
// So when Run returns, nothing of the program runs any more, whatever it left behind. On Linux that includes
// daemons and other children that changed their group or session: bitops is their subreaper, and each Command's
// environment carries a token that tells whose they are. Elsewhere only the group is killed.
//
// A Pager is the exception: it has the terminal, and nothing of it is read.
//
// A program inherits ignored signals as on every Unix: where SIGINT is ignored in bitops, interrupts are lost.
package process

import (
	"context"
	"io"
	"syscall"
	"time"
)

// DefaultGrace is the time from the interrupt to the kill of a Command that names none. It lets terraform finish
// the request in flight and save its state.
const DefaultGrace = 30 * time.Second

// MaxLine is the number of bytes from which a line is delivered in pieces.
const MaxLine = 1 << 20

// A Command says what to run. Run does not change it and keeps nothing of it.
type Command struct {
	// Name is the program: looked up in the PATH of Env, or a path (relative to Dir) if it contains a slash.
	Name string
	// Args are the arguments without the name. No shell sees them.
	Args []string
	// Dir is the working directory; empty means that of bitops.
	Dir string
	// Env is the complete environment as NAME=value; nothing is inherited. Of equal names the last one counts.
	// Run adds BITOPS_PROCESS, by which it recognises the program's descendants.
	Env []string
	// Stdin is what the program reads; nil is an empty input, and an *os.File is handed to the program itself. A
	// Read that is blocked when the program exits does not delay Run, and one goroutine stays in it until it returns.
	Stdin io.Reader
	// Stdout and Stderr receive what the program prints, line by line; nil discards it. They are never called
	// concurrently, nor after Run has returned. The order holds within each stream, not between the two. A call
	// that takes long slows the program down instead of filling memory.
	Stdout, Stderr func(Line)
	// Arrived is called before the lines of each part of the output that was read are delivered; nil is not called. What
	// the program did before it printed them has happened by then.
	Arrived func()
	// Grace is the time from the interrupt to the kill; zero is DefaultGrace.
	Grace time.Duration
	// InterruptAlone keeps the interrupt from the rest of the group: the program ends its children itself. What it leaves
	// gets one when it is gone, and up to two seconds of what is left of Grace.
	InterruptAlone bool
}

func (c *Command) grace() time.Duration {
	if c.Grace <= 0 {
		return DefaultGrace
	}
	return c.Grace
}

// A Line is one line of output without its line end (\n or \r\n), in the bytes the program wrote: not always UTF-8.
type Line struct {
	Text string
	// Partial is set on every piece but the last of a line longer than MaxLine. A cut may fall inside a character.
	Partial bool
	// Return is set where the line end was \r\n.
	Return bool
}

// A Result tells how a program ended.
type Result struct {
	// ExitCode is the program's own, or 128 plus the number of the signal that ended it, as in a shell.
	ExitCode int
	// Signal is the signal that ended the program, or zero.
	Signal syscall.Signal
	// Duration is the time from the start to the exit of the program.
	Duration time.Duration
	// CPU is the processor time of the program and of the children it waited for.
	CPU time.Duration
	// Interrupted and Killed tell what bitops did to the running program: asked it to stop, and ended it.
	Interrupted, Killed bool
}

// A Runner runs programs. Implementations are safe for concurrent use.
type Runner interface {
	// Run starts the program and returns when it and everything it started are gone. A program that ran has a
	// Result and no error, whatever its exit code; an error means that it was not started: *NotFoundError,
	// *StartError, the cause of a ctx that was done before, or ErrStopped.
	Run(ctx context.Context, c Command) (Result, error)
}
