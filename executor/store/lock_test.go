package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// background is the context of the processes that the tests start.
var background = context.Background()

// of is a holder of environments.
func of(names ...schema.EnvironmentName) store.Holder {
	host, _ := os.Hostname()
	return store.Holder{Command: schema.CommandApply, Process: os.Getpid(), Host: host, Since: time.Now(), Environments: names}
}

// machine returns the store of a process of the tests: in the directory, and shared where STORE_TEST_URL says so.
func machine(dir string) *store.Store {
	s := store.View(dir)
	url := os.Getenv("STORE_TEST_URL")
	if url == "" {
		return s
	}
	own, err := os.MkdirTemp(dir, "machine-")
	if err == nil {
		s, err = store.Open(own)
	}
	var shared *store.Shared
	if err == nil {
		shared, err = store.OpenShared(background, url, "/")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return s.Sharing(shared)
}

// startMachine starts a process that holds network and data with a short lease.
func startMachine(t *testing.T, url string) *exec.Cmd {
	t.Helper()
	t.Setenv("STORE_TEST_URL", url)
	return startOther(t, "lock", t.TempDir())
}

func holdLock(dir string) {
	h := of("network", "data")
	h.Host = "somewhere"
	l, err := machine(dir).Lock(background, h, store.LockOptions{Lease: shortLease})
	if err == nil {
		err = l.Working("20261126-120000-000000")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
}

func try(t *testing.T, s *store.Store, h store.Holder) (store.Lock, *store.LockedError) {
	t.Helper()
	l, err := s.Lock(t.Context(), h, store.LockOptions{})
	if locked, ok := errors.AsType[*store.LockedError](err); ok {
		return nil, locked
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	})
	return l, nil
}

func TestLockNamesItsHolder(t *testing.T) {
	s, dir := open(t)
	other := startOther(t, "lock", dir)
	_, locked := try(t, s, of("frontend", "network"))
	if locked == nil {
		t.Fatal("the lock was given twice")
	}
	if h := locked.Holder; h.Process != other.Process.Pid || h.Host != "somewhere" || time.Since(h.Since) > time.Minute {
		t.Errorf("held by %+v", h)
	}
	want := fmt.Sprintf("another bitops is at work in network: apply, run 20261126-120000-000000, process %d on somewhere, since ",
		other.Process.Pid)
	if !strings.HasPrefix(locked.Error(), want) {
		t.Errorf("the message is %q", locked.Error())
	}
	if _, locked := try(t, s, of("frontend")); locked != nil {
		t.Errorf("another environment is locked: %v", locked)
	}
	other.Process.Kill()
	other.Wait()
	if _, locked := try(t, s, of("network")); locked != nil {
		t.Fatalf("after the holder was killed: %v", locked)
	}
}

func TestLocksOverlap(t *testing.T) {
	everything := of()
	everything.Everything = true
	for _, c := range []struct {
		what         string
		first, other store.Holder
		locked       string // what the message says, or ""
	}{
		{"the same environment", of("a"), of("a"), "at work in a: "},
		{"another one", of("a"), of("b"), ""},
		{"one in a path is not the path", of("prod"), of("prod/a"), ""},
		{"some of many", of("a", "b", "c", "d", "e", "f"), of("f", "x", "d", "c", "b"), "at work in b, c, d, 1 more: "},
		{"everything", everything, of("a"), "at work in a: "},
		{"before everything", of("a", "b"), everything, "at work in a, b: "},
		{"everything twice", everything, everything, "at work in this repository: "},
		{"nothing", everything, of(), "at work in this repository: "},
		{"nothing twice", of(), of(), ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			s, _ := open(t)
			first, locked := try(t, s, c.first)
			if locked != nil {
				t.Fatal(locked)
			}
			_, locked = try(t, s, c.other)
			switch {
			case locked == nil && c.locked != "":
				t.Errorf("both have it, want %q", c.locked)
			case locked != nil && (c.locked == "" || !strings.Contains(locked.Error(), c.locked)):
				t.Errorf("%v, want %q", locked, c.locked)
			}
			if err := first.Release(); err != nil {
				t.Fatal(err)
			}
			if _, locked := try(t, s, c.other); locked != nil && c.locked != "" {
				t.Errorf("after it was given back: %v", locked)
			}
		})
	}
}

func TestLockWaits(t *testing.T) {
	s, _ := open(t)
	first, _ := try(t, s, of("a"))
	told := make(chan *store.LockedError, 2)
	taken := make(chan error)
	go func() {
		_, err := s.Lock(t.Context(), of("a", "b"), store.LockOptions{
			Timeout: time.Minute, Waiting: func(e *store.LockedError, _ time.Duration) { told <- e },
		})
		taken <- err
	}()
	if e := <-told; e.Where() != "a" {
		t.Errorf("told of %v", e)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-taken; err != nil || len(told) > 0 {
		t.Errorf("%v, told %d times more", err, len(told))
	}
	begun := time.Now()
	_, err := s.Lock(t.Context(), of("b"), store.LockOptions{Timeout: 300 * time.Millisecond})
	if _, ok := errors.AsType[*store.LockedError](err); !ok || time.Since(begun) < 300*time.Millisecond {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}

func TestOnlyWhoIsAloneTidies(t *testing.T) {
	s, _ := open(t)
	for n, want := range []bool{true, false} {
		alone := false
		l, err := s.Lock(t.Context(), of(schema.EnvironmentName(fmt.Sprint(n))), store.LockOptions{Alone: func() { alone = true }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Release() })
		if alone != want {
			t.Errorf("holder %d is alone: %t", n, alone)
		}
	}
}

func TestTakeALock(t *testing.T) {
	s, dir := open(t)
	other := startOther(t, "lock", dir) // it says that it is on another machine
	holders, err := s.HoldersOf(t.Context(), "data")
	if err != nil || len(holders) != 1 || holders[0].Process != other.Process.Pid {
		t.Fatalf("%v, %v", holders, err)
	}
	if err := s.Take(t.Context(), holders[0]); err != nil {
		t.Fatal(err)
	}
	if _, locked := try(t, s, of("data")); locked != nil {
		t.Fatal(locked)
	}
	holders, err = s.HoldersOf(t.Context(), "data")
	if err != nil || len(holders) != 1 {
		t.Fatalf("%v, %v", holders, err)
	}
	want := fmt.Sprintf("process %d on this machine is alive", os.Getpid())
	if err := s.Take(t.Context(), holders[0]); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("taken from the living: %v", err)
	}
	if holders, err := s.HoldersOf(t.Context(), "network"); err != nil || len(holders) > 0 {
		t.Errorf("%v, %v", holders, err)
	}
	if holders, err := store.View(filepath.Join(dir, "missing")).Holders(t.Context()); err != nil || holders != nil {
		t.Errorf("%v, %v", holders, err)
	}
}

const (
	racers     = 6
	raceRounds = 60
)

// race takes random environments again and again. In each it makes a directory, which must not be there, and removes it.
func race(dir string) {
	s, names := machine(dir), []schema.EnvironmentName{"a", "b", "c", "d"}
	fmt.Println("ready")
	for range raceRounds {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		wanted := names[:1+rand.IntN(2)]
		l, err := s.Lock(background, of(wanted...), store.LockOptions{Timeout: time.Minute})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for _, name := range wanted {
			if err := os.Mkdir(filepath.Join(dir, "at-work-"+string(name)), 0o755); err != nil {
				fmt.Println("two are at work:", err)
				os.Exit(2)
			}
		}
		if rand.IntN(8) == 0 {
			time.Sleep(time.Millisecond)
		}
		for _, name := range wanted {
			_ = os.Remove(filepath.Join(dir, "at-work-"+string(name)))
		}
		if err := l.Release(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println("done")
	os.Exit(0)
}

// Processes that want the same environments at once never have one together.
func TestProcessesRaceForLocks(t *testing.T) {
	_, dir := open(t)
	raceIn(t, dir)
	left, err := filepath.Glob(filepath.Join(dir, "locks", "*.json"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "locks", "guard")); errors.Is(err, fs.ErrNotExist) {
		t.Error("nobody locked anything")
	}
}

// Nor do machines that share nothing but a bucket, or a directory.
func TestMachinesRaceForLocks(t *testing.T) {
	inEach(t, func(t *testing.T, url string) {
		t.Helper()
		t.Setenv("STORE_TEST_URL", url)
		raceIn(t, t.TempDir())
		if holders, err := checkout(t, url).Holders(t.Context()); err != nil || len(holders) > 0 {
			t.Errorf("still at work: %v, %v", holders, err)
		}
	})
}

func raceIn(t *testing.T, dir string) {
	t.Helper()
	var all []func() error
	for range racers {
		cmd := startOther(t, "race", dir)
		all = append(all, cmd.Wait)
	}
	for n, wait := range all {
		if err := wait(); err != nil {
			t.Errorf("racer %d: %v", n, err)
		}
	}
}

// What a dead holder has started still holds its environments, and no others; nobody takes that away.
func TestWhatIsLeftHoldsTheLock(t *testing.T) {
	_, dir := open(t)
	var alive []string
	s := store.View(dir).Finding(func(marker string) []string {
		if marker != "of the dead" {
			t.Errorf("looks for what is left of %q", marker)
		}
		return alive
	})
	dead := of("network")
	dead.Process, dead.Marker = 1<<30, "of the dead"
	text, err := json.Marshal(dead)
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, "locks"), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "locks", "holder.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}

	alive = []string{"terraform (process 7)", "a (process 8)", "b (process 9)", "c (process 10)"}
	_, locked := try(t, s, of("network"))
	if locked == nil || !strings.HasSuffix(locked.Holder.String(), "goes on: terraform (process 7), a (process 8), b (process 9) and 1 more") {
		t.Fatalf("locked by %v", locked)
	}
	if _, locked := try(t, s, of("data")); locked != nil {
		t.Fatal(locked)
	}
	holders, err := s.HoldersOf(t.Context(), "network")
	if err != nil || len(holders) != 1 {
		t.Fatalf("%v, %v", holders, err)
	}
	if _, left := errors.AsType[*store.LeftError](s.Take(t.Context(), holders[0])); !left {
		t.Error("it was taken away")
	}
	alive = nil
	if _, locked := try(t, s, of("network")); locked != nil {
		t.Error(locked)
	}
}

// The files of locks are for their user alone: who can read a file can lock it.
func TestLocksAreForTheirUser(t *testing.T) {
	s, dir := open(t)
	guard := filepath.Join(dir, "locks", "guard")
	err := os.MkdirAll(filepath.Dir(guard), 0o755)
	if err == nil {
		err = os.WriteFile(guard, nil, 0o644) // as an earlier version made it
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, locked := try(t, s, of("network")); locked != nil {
		t.Fatal(locked)
	}
	files, err := filepath.Glob(filepath.Join(dir, "locks", "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", file, info.Mode(), err)
		}
	}
}
