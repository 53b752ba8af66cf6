package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
)

// victimVariable makes this test binary a bitops that runs one script, guarded, until it is killed.
const victimVariable = "PROCESS_TEST_VICTIM"

// aloneVariable makes it one whose script ends its own children.
const aloneVariable = "PROCESS_TEST_ALONE"

// lockVariable names a file that a victim has locked; after a "-", one that it has locked and not kept any more.
const lockVariable = "PROCESS_TEST_LOCK"

func victim(text string) {
	guard := &process.Guard{}
	l := process.Local{Guard: guard}
	defer holdLock(l)()
	_, err := l.Run(context.Background(), process.Command{
		Name: "bash", Args: []string{"-c", text}, Env: os.Environ(), Grace: 500 * time.Millisecond,
		InterruptAlone: os.Getenv(aloneVariable) != "",
		Stdout:         func(line process.Line) { fmt.Println(line.Text) }, Stderr: func(process.Line) {},
	})
	guard.Close()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// holdLock locks the file of a victim and has the guard keep it.
func holdLock(l process.Local) (forget func()) {
	name, forgets := strings.CutPrefix(os.Getenv(lockVariable), "-")
	if name == "" {
		return func() {}
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	forget = l.Keep(f)
	if forgets {
		if _, err := l.Run(context.Background(), process.Command{Name: "true", Env: os.Environ()}); err != nil {
			fmt.Println(err)
		}
		forget()
	}
	return forget
}

// fell starts a victim with a script, and kills it when it has printed "ready", or after a while.
func fell(t *testing.T, text string, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+text, mark(t))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if after == 0 {
		line := make([]byte, 6)
		if _, err := out.Read(line); err != nil || string(line) != "ready\n" {
			t.Fatalf("the script says %q, %v", line, err)
		}
	} else {
		time.Sleep(after)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

// goneSoon waits until nothing of a test is alive any more.
func goneSoon(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if len(marked(t)) == 0 {
			reapGuards(t)
			return
		}
	}
	nothingSurvives(t)
}

// reapGuards waits for the guards whose bitops was killed: orphans are children of this process.
func reapGuards(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var guards []int
		files, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, file := range files {
			text, _ := os.ReadFile(file)
			pid, parent := 0, 0
			var state string
			_, rest, _ := strings.Cut(string(text), ") ")
			_, _ = fmt.Sscan(string(text), &pid)
			if _, _ = fmt.Sscan(rest, &state, &parent); parent == os.Getpid() && !running[pid] {
				guards = append(guards, pid)
			}
		}
		for _, pid := range guards {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
		if len(guards) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("guards that do not end: %v", guards)
		}
	}
}

// running are the children that a test waits for itself.
var running = map[int]bool{}

// A program whose bitops is killed is interrupted and ends in its own way, whatever it prints while it does.
func TestAKilledBitopsLeavesTimeToSave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	fell(t, `trap 'for i in {1..3000}; do echo saving a long line of output; done; echo saved >`+file+`; exit' INT
echo ready; while :; do sleep 0.01; done`, 0)
	goneSoon(t)
	if text, _ := os.ReadFile(file); string(text) != "saved\n" {
		t.Errorf("the program saved %q", text)
	}
}

// What is to end its children itself is interrupted alone, and what it leaves then. The guard hears of that a moment after
// the program has started: nothing shows when, so the program waits before it says that it is ready.
func TestAKilledBitopsInterruptsAlone(t *testing.T) {
	t.Setenv(aloneVariable, "1")
	file := filepath.Join(t.TempDir(), "said")
	fell(t, `exec 3>`+file+`
trap 'sleep 0.1; echo parent >&3; exit' INT
(trap 'echo child >&3; exit' INT; sleep 0.5; echo ready; while :; do sleep 0.01; done) &
while :; do sleep 0.01; done`, 0)
	goneSoon(t)
	if text, _ := os.ReadFile(file); string(text) != "parent\nchild\n" {
		t.Errorf("they said %q", text)
	}
}

// tryLock reports whether nobody holds the lock of a file.
func tryLock(t *testing.T, file string) bool {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// A lock that bitops held is held until what it had started has ended.
func TestTheLockOfAKilledBitopsLastsAsLongAsItsPrograms(t *testing.T) {
	dir := t.TempDir()
	lock, saved := filepath.Join(dir, "lock"), filepath.Join(dir, "saved")
	text := `trap 'sleep 0.3; echo saved >` + saved + `; exit' INT; echo ready; while :; do sleep 0.01; done`
	t.Setenv(lockVariable, lock)
	fell(t, text, 0)
	for end := time.Now().Add(10 * time.Second); !tryLock(t, lock); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the lock is still held")
		}
	}
	if _, err := os.Stat(saved); err != nil {
		t.Errorf("the lock was free before the program had saved: %v", err)
	}
	goneSoon(t)
}

func TestALockThatIsGivenBackIsFree(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	t.Setenv(lockVariable, "-"+lock)
	fell(t, `trap '' INT; echo ready; while :; do sleep 0.01; done`, 0)
	for !tryLock(t, lock) {
		if len(marked(t)) == 0 {
			t.Fatal("the lock is held by a guard that was told to forget it")
		}
	}
	goneSoon(t)
}

// Without a program there is no guard, and what it would keep goes with bitops.
func TestKeepingNeedsNoGuard(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "lock"))
	must(t, err)
	guard := &process.Guard{}
	forget := guard.Keep(f)
	forget()
	forget()
	guard.Close()
	must(t, f.Close())
	(*process.Guard)(nil).Keep(nil)()
	process.Local{}.Keep(nil)()
}

func TestAKilledBitopsLeavesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"that ignores the interrupt":      `trap '' INT TERM; echo ready; sleep 60; sleep 60`,
		"that has children":               `sleep 60 & sleep 60 & echo ready; wait`,
		"whose children went away":        `setsid sleep 60 & (trap '' INT; setsid bash -c 'sleep 60; sleep 60' &); echo ready; sleep 60`,
		"that is stopped":                 `echo ready; kill -STOP $$; sleep 60`,
		"that is gone but for its orphan": `(trap '' INT; sleep 60 &); echo ready; exec sleep 60`,
	} {
		t.Run(name, func(t *testing.T) {
			fell(t, text, 0)
			goneSoon(t)
		})
	}
}

// Whenever bitops is killed, also between starting a program and telling the guard, nothing is left.
func TestABitopsKilledAtAnyMoment(t *testing.T) {
	for range 60 {
		fell(t, `sleep 60 & sleep 60`, time.Duration(1+rand.IntN(40))*time.Millisecond)
	}
	goneSoon(t)
}

// A guard ends with its bitops, and does nothing to what runs elsewhere.
func TestAGuardGoesWithItsBitops(t *testing.T) {
	other := exec.Command("sleep", "60")
	other.Env = []string{path, process.Marker + "=SOMEBODYELSE.1"}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	running[other.Process.Pid] = true
	defer func() {
		delete(running, other.Process.Pid)
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"=echo hello", mark(t))
	out, err := cmd.Output()
	if err != nil || strings.TrimSpace(string(out)) != "hello" {
		t.Fatalf("%q, %v", out, err)
	}
	goneSoon(t)
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Error("a program of somebody else was ended")
	}
}
