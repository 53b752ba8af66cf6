package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// fileLocks are the locks of one checkout. Each holder has a file that says who it is, and keeps it locked for as long as
// it lives; the kernel gives that up with the process, however it ends, or with the last one that keeps the file open for
// it. A file that can be locked is therefore what a dead holder left, and still counts while something is alive that the holder
// has started. All looking and changing happens behind one more lock, the guard, which is held for moments. The files are for
// their user alone: who can read a file can lock it.
//
//	locks/guard            locked by whoever looks at the others
//	locks/<random>.json    locked by its holder
type fileLocks struct {
	dir  string
	left func(marker string) []string // may be nil
}

const lockEnding = ".json"

func (s *Store) fileLocks() fileLocks {
	return fileLocks{dir: filepath.Join(s.dir, "locks"), left: s.left}
}

// try takes the holder's environments or returns a *LockedError. When there is no other holder, Alone is called first.
func (l fileLocks) try(h Holder, o LockOptions) (Lock, error) {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock the run store: %w", err)
	}
	var taken Lock
	err := l.guarded(func() error {
		held, err := l.alive()
		if err != nil {
			return err
		}
		for _, other := range held {
			if shared, overlaps := other.overlap(h); overlaps {
				return &LockedError{Holder: other, Environments: shared}
			}
		}
		if len(held) == 0 && o.Alone != nil {
			o.Alone()
		}
		taken, err = l.create(h, o.Keep)
		return err
	})
	if _, locked := errors.AsType[*LockedError](err); err != nil && !locked {
		return nil, fmt.Errorf("lock the run store: %w", err)
	}
	return taken, err
}

// holders returns who is at work. Nothing is made where nobody ever was.
func (l fileLocks) holders() (held []Holder, err error) {
	if _, err := os.Stat(l.dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	err = l.guarded(func() (err error) {
		held, err = l.alive()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look who is at work: %w", err)
	}
	return held, nil
}

// guarded does something while nobody else looks at the locks or changes them.
func (l fileLocks) guarded(do func() error) error {
	guard, err := os.OpenFile(filepath.Join(l.dir, "guard"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer guard.Close()
	_ = guard.Chmod(0o600) // that of an earlier version could be read by all
	if err := flockSoon(guard); err != nil {
		return err
	}
	return do()
}

// guardPatience is how long to wait for the guard. Each bitops holds it for moments; one that was stopped while it did, or
// another program, holds it for longer.
const guardPatience = 20 * time.Second

// flockSoon locks an open file that others hold for moments.
func flockSoon(f *os.File) error {
	begun := time.Now()
	for {
		err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		if time.Since(begun) > guardPatience {
			return fmt.Errorf("%s has been locked by another process for %s, and bitops locks it for moments only; `fuser -v %s` names that process: "+
				"end it, or let it go on if it was stopped", f.Name(), guardPatience, f.Name())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// flock locks an open file. It is tried again when a signal came in between.
func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// alive returns the living holders, and clears away what dead ones left behind.
func (l fileLocks) alive() ([]Holder, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var all []Holder
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), lockEnding) {
			continue
		}
		held, err := l.lookAt(filepath.Join(l.dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		if held != nil {
			all = append(all, *held)
		}
	}
	slices.SortStableFunc(all, func(a, b Holder) int { return a.Since.Compare(b.Since) })
	return all, nil
}

// lookAt returns the holder whose file this is, or nil and no file any more.
func (l fileLocks) lookAt(file string) (*Holder, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // given back since the directory was read
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lockErr := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if lockErr != nil && !errors.Is(lockErr, syscall.EWOULDBLOCK) {
		return nil, lockErr
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	held := Holder{}
	unreadable := json.Unmarshal(text, &held)
	switch {
	case lockErr == nil && (unreadable != nil || !held.survived(l.left)):
		return nil, remove(file)
	case unreadable != nil:
		held = Holder{Everything: true} // whoever it is lives, and does not say more
	}
	return &held, nil
}

// take takes the lock of a holder away. The kernel says that it lives, so on this machine its process has to end instead;
// what another machine does, the kernel may not know.
func (l fileLocks) take(h Holder) error {
	host, _ := os.Hostname()
	if len(h.Left) > 0 {
		return &LeftError{Holder: h}
	}
	if h.Host == host && h.dead() {
		return fmt.Errorf("process %d on this machine was killed, and what it had started is being ended; the lock ends with that, so wait "+
			"for it: --lock-timeout 10m", h.Process)
	}
	if h.Host == host {
		return fmt.Errorf("process %d on this machine is alive; end it with `kill -INT %d`, and its lock ends with it", h.Process, h.Process)
	}
	return l.guarded(func() error {
		entries, err := os.ReadDir(l.dir)
		for _, entry := range entries {
			file := filepath.Join(l.dir, entry.Name())
			if !strings.HasSuffix(file, lockEnding) {
				continue
			}
			held, err := l.lookAt(file)
			if err == nil && held != nil && held.is(h) {
				err = remove(file)
			}
			if err != nil {
				return err
			}
		}
		return err
	})
}

// create makes the file of a new holder.
func (l fileLocks) create(h Holder, keep func(*os.File) func()) (Lock, error) {
	file := filepath.Join(l.dir, rand.Text()+lockEnding)
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	lock := &fileLock{locks: l, holder: h, file: f, forget: func() {}}
	if err = flock(f, syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
		err = lock.write()
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(file), f.Close())
	}
	if keep != nil {
		lock.forget = keep(f)
	}
	return lock, nil
}

// fileLock is a Lock in a directory.
type fileLock struct {
	locks  fileLocks
	holder Holder
	file   *os.File // nil when it was released
	forget func()   // before that
}

var _ Lock = (*fileLock)(nil)

// Working implements Lock.
func (l *fileLock) Working(run schema.RunID) error {
	l.holder.Run = run
	if err := l.locks.guarded(l.write); err != nil {
		return fmt.Errorf("tell others which run is at work: %w", err)
	}
	return nil
}

// Assured implements Lock: the kernel keeps the lock for as long as the process lives.
func (*fileLock) Assured() error { return nil }

// Gone implements Lock.
func (*fileLock) Gone() context.Context { return context.Background() }

// write says in the file who holds it.
func (l *fileLock) write() error {
	text, err := json.Marshal(l.holder)
	if err == nil {
		_, err = l.file.WriteAt(text, 0)
	}
	if err == nil {
		err = l.file.Truncate(int64(len(text)))
	}
	return err
}

// Release implements Lock. Whoever looks in between sees a file that can be locked, and removes it. It is unlocked, not
// only closed: somebody else may have it open for a moment longer.
func (l *fileLock) Release() error {
	if l.file == nil {
		return nil
	}
	l.forget()
	err := errors.Join(remove(l.file.Name()), flock(l.file, syscall.LOCK_UN), l.file.Close())
	l.file = nil
	return err
}

// remove removes a file that somebody else may have removed.
func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
