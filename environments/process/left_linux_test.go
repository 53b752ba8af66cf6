package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A program that becomes another one again and again is seen at each moment, also while the kernel shows nothing of it.
func TestLeftSeesWhatIsJustStarting(t *testing.T) {
	script := filepath.Join(t.TempDir(), "again")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec \"$0\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	const token = "left-test"
	cmd := exec.Command(script)
	cmd.Env = []string{Marker + "=" + token + ".1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}()
	for i := range 150 {
		if left := Left(token); len(left) != 1 {
			t.Fatalf("look %d finds %v", i, left)
		}
		if groups := strays(token); !groups[cmd.Process.Pid] {
			t.Fatalf("look %d finds the groups %v", i, groups)
		}
	}
}
