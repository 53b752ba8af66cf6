package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a story waits for what has to happen.
const patience = 2 * time.Minute

// background are the programs that a story has started, by name. They end with the story.
type background map[string]*started

type started struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{} // closed when it has ended
	err            error
}

// inBackground is the key of a story's background.
type inBackground struct{}

func backgroundOf(ts *testscript.TestScript) background { return ts.Value(inBackground{}).(background) }

func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM [ARGUMENT...]")
	}
	p := &started{cmd: program(ts, args[1:]), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = 10 * time.Second // for what a killed bitops leaves behind with our pipes open
	ts.Check(p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	backgroundOf(ts)[args[0]] = p
}

func (b background) program(ts *testscript.TestScript, name string) *started {
	p := b[name]
	if p == nil {
		ts.Fatalf("nothing was started as %q", name)
	}
	return p
}

// await waits until a file is there; the name can be a pattern.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	pattern := ts.MkAbs(args[0])
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(pattern)
		ts.Check(err)
		if len(found) > 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s did not appear within %s", args[0], patience)
		}
	}
}

var signalsByName = map[string]syscall.Signal{
	"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL,
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME INT|TERM|HUP|KILL")
	}
	s, ok := signalsByName[args[1]]
	if !ok {
		ts.Fatalf("there is no signal %s here", args[1])
	}
	ts.Check(backgroundOf(ts).program(ts, args[0]).cmd.Process.Signal(s))
}

func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: ends NAME CODE [SECONDS]")
	}
	longest := patience
	if len(args) == 3 {
		var err error
		longest, err = time.ParseDuration(args[2] + "s")
		ts.Check(err)
	}
	p := backgroundOf(ts).program(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(longest):
		_ = p.cmd.Process.Signal(os.Kill)
		<-p.done
		ts.Logf("[stdout]\n%s\n[stderr]\n%s", p.stdout.String(), p.stderr.String())
		ts.Fatalf("%s did not end within %s", args[0], longest)
	}
	_, err := ts.Stdout().Write(p.stdout.Bytes())
	ts.Check(err)
	_, err = ts.Stderr().Write(p.stderr.Bytes())
	ts.Check(err)
	expectCode(ts, args[1], p.err)
}
