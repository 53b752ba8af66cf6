package process

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// TestScanFindsWhatTheListHolds covers kernels without the list of children.
func TestScanFindsWhatTheListHolds(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	scanned := scanChildren(os.Getpid())
	for _, pid := range append(childrenOf(os.Getpid()), child.Process.Pid) {
		if !slices.Contains(scanned, pid) {
			t.Errorf("%d is missing in %v", pid, scanned)
		}
	}
}

func TestOwner(t *testing.T) {
	f := family{prefix: "ME"}
	for environ, want := range map[string]string{
		"":                                             "",
		"A=1\x00BITOPS_PROCESS=ME.7\x00B=2\x00":        "ME.7",
		"BITOPS_PROCESS=OUTER.1/ME.7\x00":              "ME.7",
		"BITOPS_PROCESS=ME.7/INNER.1\x00":              "ME.7",
		"BITOPS_PROCESS=OUTER.1\x00":                   "",
		"XBITOPS_PROCESS=ME.7\x00":                     "",
		"A=BITOPS_PROCESS=ME.7\x00BITOPS_PROCESS=\x00": "",
	} {
		if got := f.owner(environ); got != want {
			t.Errorf("owner(%q) = %q, want %q", environ, got, want)
		}
	}
}

func BenchmarkSweepWithNothingToDo(b *testing.B) {
	for b.Loop() {
		children.sweep()
	}
}
