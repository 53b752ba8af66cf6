package workspace

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// What a kill leaves of a copy must not pass for the whole: it has no permissions.
func TestAnUnfinishedCopyHasNoPermissions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "copy")
	from, err := os.Open("place_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := copyFile(ctx, name, from, info); err == nil {
		t.Error("a cancelled copy reports no error")
	}
	half, err := os.Lstat(name)
	if err != nil || half.Mode() != 0 {
		t.Errorf("half a copy is %v, %v", half, err)
	}
}
