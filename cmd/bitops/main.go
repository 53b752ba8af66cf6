// Command bitops deploys an operations repository as a graph of environments.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/command"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/ansible"
	"github.com/bitops-engine/bitops/environments/cloudformation"
	"github.com/bitops-engine/bitops/environments/helm"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/terraform"
	"github.com/bitops-engine/bitops/schema"
)

func main() {
	if process.Guarding() {
		process.GuardMain()
		return
	}
	os.Exit(run(os.Args[1:]))
}

// observe is told every event of a run, once it is in the journal. Only tests set it.
var observe func(schema.Event)

func run(args []string) int {
	defer profile()()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	guard := &process.Guard{}
	defer guard.Close()
	kubernetes, aws := helm.New(), cloudformation.New()
	world := &command.World{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(), Version: version(),
		Tools: []environments.Tool{terraform.New(), ansible.New(), kubernetes, aws},
		Locators: map[string]environments.Locator{
			schema.TargetContext: kubernetes.Context, schema.TargetAccount: aws.Account, schema.TargetRegion: aws.Region,
		},
		Plugins: plugins{},
		Keep:    guard.Keep,
		Marker:  process.Token(),
		Left:    process.Left,
		Observe: observe,
	}
	ctx, kill := signals(world.EndScreen)
	world.Runner = process.Local{Kill: kill, Guard: guard}
	err := command.Execute(ctx, world, args)
	if err == nil {
		return exitDone
	}
	command.Report(world, err)
	return exitCode(ctx, err)
}

// garbage is how much may lie around before it is collected, in hundredths of what is in use. Building a large plan makes
// much that stays, and looking through it again and again takes a quarter of the time.
const garbage = 200

// leave says what becomes of what was begun, as far as standard error takes it: it may be what bitops waits for. It ends what
// is drawn on the terminal first.
func leave(endScreen func()) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		endScreen()
		fmt.Fprintln(os.Stderr, "bitops: ended at once; if a run was at work, bitops runs shows it, and --resume goes on with it")
	}()
	select {
	case <-said:
	case <-time.After(100 * time.Millisecond):
	}
}

// signals returns a context that the first signal ends, and a channel that the second one closes: the first lets
// running tools finish what they must, the second kills them. The third ends bitops itself, whatever it waits for.
func signals(endScreen func()) (context.Context, <-chan struct{}) {
	ctx, cancel := context.WithCancelCause(context.Background())
	kill := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	// A closed pipe on standard output must not end a deployment: writes report it instead. The signal is caught and
	// not ignored, because programs inherit ignored signals.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		next := eachHangupOnce(received)
		first := next()
		cancel(&stoppedError{signal: first.(syscall.Signal)})
		next()
		close(kill)
		next()
		leave(endScreen)
		os.Exit(exitSignal + int(first.(syscall.Signal)))
	}()
	return ctx, kill
}

// eachHangupOnce returns what waits for the next signal. When a terminal goes away, the kernel, the shell and what played the
// terminal each send a SIGHUP: that is one wish to end, and not three.
func eachHangupOnce(received <-chan os.Signal) (next func() os.Signal) {
	hungUp := false
	return func() os.Signal {
		for {
			s := <-received
			if s != syscall.SIGHUP {
				return s
			}
			if !hungUp {
				hungUp = true
				return s
			}
		}
	}
}

// stoppedError is why the context of a stopped run is done.
type stoppedError struct{ signal syscall.Signal }

func (e *stoppedError) Error() string {
	return fmt.Sprintf("interrupted by %s", signalNames[e.signal])
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGINT: "Ctrl-C", syscall.SIGTERM: "SIGTERM", syscall.SIGHUP: "SIGHUP",
}

// release is set when a release is built: -ldflags '-X main.release=1.2.3'.
var release = ""

func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}
