package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Holder is who holds the store's lock.
type Holder struct {
	Run     schema.RunID   `json:"run"`
	Command schema.Command `json:"command"`
	Process int            `json:"process"`
	Host    string         `json:"host"`
	Since   time.Time      `json:"since"`
}

// LockedError says that somebody else holds the lock.
type LockedError struct{ Holder Holder }

func (e *LockedError) Error() string {
	if e.Holder.Process == 0 {
		return "another bitops is at work in this repository"
	}
	what := string(e.Holder.Command)
	if e.Holder.Run != "" {
		what += ", run " + string(e.Holder.Run)
	}
	return fmt.Sprintf("another bitops is at work in this repository: %s, process %d on %s, since %s",
		what, e.Holder.Process, e.Holder.Host, e.Holder.Since.Local().Format(time.DateTime))
}

// Lock takes the store's lock for this process, or returns a *LockedError. The kernel gives it back when the process is
// gone, however it went.
func (s *Store) Lock(h Holder) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the run store: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		var other Holder
		if text, err := io.ReadAll(io.LimitReader(f, 1<<12)); err == nil {
			_ = json.Unmarshal(text, &other)
		}
		return nil, &LockedError{Holder: other}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the run store: %w", err)
	}
	text, err := json.Marshal(h)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(text, 0)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the run store: %w", err)
	}
	return func() {
		_ = f.Truncate(0)
		_ = f.Close()
	}, nil
}
