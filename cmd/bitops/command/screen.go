package command

import (
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// How often a view can show what has changed: where it can overwrite what it wrote, and elsewhere.
const (
	redrawn = 125 * time.Millisecond
	spoken  = time.Second
)

// ticking is a view of a run that also changes while nothing happens: a goroutine tells it the time, the size of the
// terminal, and when bitops is stopped and continued. It is safe for concurrent use. It ends with Close.
type ticking struct {
	world *World
	tty   *os.File // nil where nothing can be overwritten

	mu            sync.Mutex
	view          *view.Human
	width, height int // of tty, as far as the view was told

	stop chan struct{}
	done chan struct{}
}

var _ view.Run = (*ticking)(nil)

// startTicking returns a view that owns v. tty is the terminal on which v overwrites what it wrote, or nil.
func (w *World) startTicking(v *view.Human, tty *os.File) *ticking {
	t := &ticking{world: w, tty: tty, view: v, stop: make(chan struct{}), done: make(chan struct{})}
	every := spoken
	signals := make(chan os.Signal, 8)
	if tty != nil {
		every = redrawn
		signal.Notify(signals, syscall.SIGWINCH, syscall.SIGCONT)
		if !signal.Ignored(syscall.SIGTSTP) {
			signal.Notify(signals, syscall.SIGTSTP)
		}
		w.screen.Store(t)
	}
	go t.live(time.NewTicker(every), signals)
	return t
}

// live tells the view what happens until Close.
func (t *ticking) live(ticker *time.Ticker, signals chan os.Signal) {
	defer close(t.done)
	defer signal.Stop(signals)
	defer ticker.Stop()
	for {
		select {
		case <-t.stop:
			return
		case now := <-ticker.C:
			t.tick(now)
		case s := <-signals:
			t.signal(s)
		}
	}
}

// tick shows what has changed.
func (t *ticking) tick(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tty != nil && !inForeground(t.tty) {
		t.view.Background(now)
		return
	}
	if t.tty != nil {
		if width, height, err := term.GetSize(int(t.tty.Fd())); err == nil && (width != t.width || height != t.height) {
			t.resize(width, height) // the signal comes a little later
		}
	}
	t.view.Tick(now)
}

func (t *ticking) resize(width, height int) {
	t.width, t.height = width, height
	t.view.Resize(width, height)
}

func (t *ticking) signal(s os.Signal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s != syscall.SIGTSTP {
		if width, height, err := term.GetSize(int(t.tty.Fd())); err == nil {
			t.resize(width, height)
		}
		return
	}
	if canContinue() {
		t.view.Hide()
		stop()
	}
}

// inForeground reports whether the terminal is this program's at the moment.
func inForeground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// aside does something that writes to the terminal by another way than the view.
func (t *ticking) aside(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.view.Hide()
	do()
}

// EndScreen takes away what is drawn over and over on the terminal, for good, because the process ends at once. It waits for
// nothing but the terminal.
func (w *World) EndScreen() {
	if t := w.screen.Load(); t != nil && t.mu.TryLock() { // and keep it: nothing is drawn any more
		t.view.Hide()
	}
}

// Event implements view.Run.
func (t *ticking) Event(e schema.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.view.Event(e)
}

// Close implements view.Run.
func (t *ticking) Close(r *schema.Report) {
	t.world.screen.CompareAndSwap(t, nil)
	close(t.stop)
	<-t.done
	t.view.Close(r)
}

// Err implements view.Run.
func (t *ticking) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.view.Err()
}

// redrawable returns the terminal that standard output is, if what was written there can be overwritten; or nil.
func (g *global) redrawable() *os.File {
	out, ok := g.Out.(*os.File)
	dumb := g.variable("TERM") == "" || g.variable("TERM") == "dumb"
	if !ok || dumb || g.variable("CI") != "" || g.ci() != view.NoCI || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	return out
}

// ascii reports whether the locale says that a terminal shows ASCII only.
func (w *World) ascii() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(w.variable(name)); locale != "" {
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return true
}
