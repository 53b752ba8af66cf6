package terraform

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bitops-engine/bitops/schema"
)

// TestALockedStatePasses: the words of the real terraform, when another process has the state.
func TestALockedStatePasses(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `resource "terraform_data" "x" {}`})
	s.Apply()
	state, err := os.OpenFile(filepath.Join(s.Source(), stateFile), os.O_RDWR, 0)
	check(t, err)
	defer state.Close()
	s.Write(map[string]string{".terraform.tfstate.lock.info": `{"ID":"1","Operation":"apply","Who":"a@b","Version":"1.11.4","Created":"2026-11-26T00:00:00Z","Path":"terraform.tfstate"}`})
	// The lock is the open file's: bitops, which is this process here, may open and close the state without giving it back.
	check(t, unix.FcntlFlock(state.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}))
	failure := s.Fails(schema.CommandApply)
	found := ""
	for _, p := range s.tool.Transient() {
		if found = p.FindString(strings.Join(strings.Fields(strings.Join(failure.Errors, " ")), " ")); found != "" {
			break
		}
	}
	if !failure.Untouched || len(failure.Errors) != 1 || !strings.HasPrefix(found, "Error acquiring the state lock") {
		t.Errorf("found %q in %+v", found, failure)
	}
}
