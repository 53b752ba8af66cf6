package workspace

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// place makes the workspace's version of an entry the source's, and touches nothing when it is already.
// Entries must come in order: the directory that holds one has been placed before, so that it is a real
// directory and no link that leads elsewhere.
func (s *syncer) place(e entry) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	file := filepath.Join(s.directory, e.name)
	if e.mode.IsDir() {
		return s.placeDirectory(file, e.mode.Perm()|0o700)
	}
	have, err := lstat(file)
	if err != nil {
		return err
	}
	if e.mode.Type() == fs.ModeSymlink {
		return s.placeLink(file, e.link, have)
	}
	if e.content != nil {
		return s.placeContent(file, e, have)
	}
	if have != nil && have.Mode() == e.mode.Perm() && have.Size() == e.size && have.ModTime().Equal(e.mtime) {
		return nil
	}
	return s.placeFile(file, e, have)
}

// placeDirectory makes a directory with these permissions of whatever is there.
func (s *syncer) placeDirectory(file string, perm fs.FileMode) error {
	have, err := lstat(file)
	switch {
	case err != nil:
		return err
	case have != nil && have.IsDir() && have.Mode().Perm() == perm:
		return nil
	case have != nil && have.IsDir():
		return os.Chmod(file, perm)
	case have != nil:
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	if err := os.Mkdir(file, perm); err != nil {
		return err
	}
	return os.Chmod(file, perm) // whatever the umask
}

// placeLink makes a symbolic link of whatever is there.
func (s *syncer) placeLink(file, target string, have fs.FileInfo) error {
	if have != nil && have.Mode().Type() == fs.ModeSymlink {
		if now, err := os.Readlink(file); err == nil && now == target {
			return nil
		}
	}
	if err := s.clear(file, have); err != nil {
		return err
	}
	return os.Symlink(target, file)
}

// placeFile copies a regular file. Whatever is there goes first, because writing into it would write to
// every name that a hook may have linked to it.
func (s *syncer) placeFile(file string, e entry, have fs.FileInfo) error {
	// Not to follow a link or to wait for a pipe that has just taken the file's place.
	from, err := os.OpenFile(s.file(e), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return errors.Join(s.clear(file, have), s.unreadable(e.name, err))
	}
	defer from.Close()
	info, err := settled(s.ctx, from)
	if err != nil {
		return err
	}
	if err := s.clear(file, have); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		s.notice(path.Join(s.Path, e.name), "was replaced while it was copied, so the workspace lacks it")
		return nil
	}
	if err := copyFile(s.ctx, file, from, info); err != nil {
		_ = os.Remove(file) // the disk may be full
		return err
	}
	return nil
}

// placeContent writes a file that is made from several.
func (s *syncer) placeContent(file string, e entry, have fs.FileInfo) error {
	if have != nil && have.Mode() == e.mode.Perm() && have.Size() == int64(len(e.content)) {
		if now, err := os.ReadFile(file); err == nil && bytes.Equal(now, e.content) {
			return nil
		}
	}
	if err := s.clear(file, have); err != nil {
		return err
	}
	if err := os.WriteFile(file, e.content, 0o600); err != nil {
		_ = os.Remove(file)
		return err
	}
	return os.Chmod(file, e.mode.Perm())
}

// clockTick is longer than the steps in which any file system's clock advances.
const clockTick = 20 * time.Millisecond

// settled describes an open file, after waiting until its modification time has passed: as long as the
// clock stands still, another change to the file would not show in its times.
func settled(ctx context.Context, file *os.File) (fs.FileInfo, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	age := time.Since(info.ModTime())
	if age < 0 || age >= clockTick {
		return info, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(clockTick - age):
		return file.Stat()
	}
}

// copyFile copies an open file to a name that is free. Until it is done, the copy has no permissions,
// which tells it from a whole one.
func copyFile(ctx context.Context, name string, from *os.File, info fs.FileInfo) error {
	to, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0)
	if err != nil {
		return err
	}
	err = copyBytes(ctx, to, from, info.Size())
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	if err := os.Chtimes(name, time.Time{}, info.ModTime()); err != nil {
		return err
	}
	return os.Chmod(name, info.Mode().Perm())
}

// copyChunk bounds how long a copy goes on after its context was cancelled.
const copyChunk = 64 << 20

// copyBytes copies size bytes, or what there is if the source shrank meanwhile: its times will tell.
func copyBytes(ctx context.Context, to, from *os.File, size int64) error {
	for size > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.CopyN(to, from, min(size, copyChunk))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		size -= n
	}
	return nil
}

// lstat describes a file, or returns nil if there is none.
func lstat(file string) (fs.FileInfo, error) {
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}
