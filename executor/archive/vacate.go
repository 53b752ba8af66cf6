package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Free reports, as an error, why no plan file can be written under a name: there is no such directory, nothing can be
// written to it, or the name is that of something else than a plan file. It changes nothing.
func Free(name string) error {
	dir := filepath.Dir(name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return errors.New("there is no directory " + dir)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory; name a file in it", name)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case !isPlanFile(name, info.Size()):
		return fmt.Errorf("%s exists and is not a plan file; remove it, or choose another name", name)
	}
	f, err := os.CreateTemp(dir, ".bitops-plan-*")
	if err != nil {
		return fmt.Errorf("no file can be written to %s: %w", dir, errors.Unwrap(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// isPlanFile reports whether a file begins like a plan. An empty one holds nothing that could get lost.
func isPlanFile(name string, size int64) bool {
	f, err := os.Open(name)
	if err != nil {
		return true // it can be replaced, whatever it is
	}
	defer f.Close()
	begin := make([]byte, len(ageHeader))
	n, err := io.ReadFull(f, begin)
	return size == 0 || (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) && (Is(begin[:n]) || Encrypted(begin[:n]))
}

// Remove removes an earlier plan file, so that nobody takes it for the one that is being made. No file is no error.
func Remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the earlier plan: %w", err)
	}
	return nil
}
