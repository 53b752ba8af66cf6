package schema

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// What is no file is an error at once, also where opening it would wait for somebody to write.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(file); err != nil || string(text) != "text" {
		t.Errorf("%q %v", text, err)
	}
	if _, err := ReadFile(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("the error is %v", err)
	}
	for _, name := range []string{dir, pipe} {
		done := make(chan error, 1)
		go func() {
			_, err := ReadFile(name)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || err.Error() != "read "+name+": it is not a file" {
				t.Errorf("the error is %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: it waits", name)
		}
	}
}
