package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// What is kept of a step that was applied, for when the manifest no longer has it:
//
//	kept.json           schema.Kept
//	files/<path>...     what the step is made of, by its path in the repository
const (
	keptName  = "kept.json"
	keptFiles = "files/"
)

// MostKept is up to how many bytes the files of one step are kept, before they are compressed.
const MostKept = 16 << 20

// ErrTooLarge says that the files of a step are too large to be kept.
var ErrTooLarge = errors.New("the files are too large to be kept")

// KeptBytes returns the archive of a step and of its files, which are relative to root and have slashes. The same files
// make the same bytes.
func KeptBytes(kept *schema.Kept, root string, files []string) ([]byte, error) {
	var out bytes.Buffer
	if err := writeKept(zip.NewWriter(&out), kept, root, files); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// KeptHash returns a hash of what KeptBytes would return, without compressing it.
func KeptHash(kept *schema.Kept, root string, files []string) (string, error) {
	h := sha256.New()
	err := writeKept(uncompressedZip(h), kept, root, files)
	return schema.HashBytes(h.Sum(nil)), err
}

// Hash returns what KeptHash returned for the step and its files, if nothing of the archive was changed.
func (a *KeptArchive) Hash() (string, error) {
	h := sha256.New()
	z := uncompressedZip(h)
	for _, f := range a.zip.File {
		header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate}
		if f.Name != keptName {
			header.SetMode(f.Mode())
		}
		text, err := readKept(f)
		if err != nil {
			return "", err
		}
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			return "", err
		}
	}
	err := z.Close()
	return schema.HashBytes(h.Sum(nil)), err
}

// uncompressedZip returns a writer of an archive of which only the bytes count.
func uncompressedZip(w io.Writer) *zip.Writer {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return uncompressed{w}, nil })
	return z
}

type uncompressed struct{ io.Writer }

func (uncompressed) Close() error { return nil }

func writeKept(z *zip.Writer, kept *schema.Kept, root string, files []string) error {
	text, err := json.Marshal(kept)
	if err == nil {
		err = add(z, keptName, bytes.NewReader(text))
	}
	left := int64(MostKept)
	for _, name := range files {
		if err == nil {
			err = addFile(z, root, name, &left)
		}
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return fmt.Errorf("keep the files of %s: %w", kept.Step.Name, err)
	}
	return nil
}

// addFile adds a file or a symbolic link, with its permissions. One that is gone meanwhile is left out.
func addFile(z *zip.Writer, root, name string, left *int64) error {
	file := filepath.Join(root, filepath.FromSlash(name))
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	header := &zip.FileHeader{Name: keptFiles + name, Method: zip.Deflate}
	header.SetMode(info.Mode())
	var content []byte
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		var target string
		target, err = os.Readlink(file)
		content = []byte(target)
	case !info.Mode().IsRegular():
		return nil
	case info.Size() > *left:
		return ErrTooLarge
	default:
		content, err = os.ReadFile(file)
	}
	if err != nil {
		return err
	}
	if *left -= int64(len(content)); *left < 0 {
		return ErrTooLarge
	}
	w, err := z.CreateHeader(header)
	if err == nil {
		_, err = w.Write(content)
	}
	return err
}

// KeptArchive is what is kept of a step.
type KeptArchive struct {
	*schema.Kept

	zip *zip.Reader
}

// ReadKept reads what KeptBytes wrote.
func ReadKept(content []byte) (*KeptArchive, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("what is kept is damaged: %w", err)
	}
	a := &KeptArchive{zip: z}
	for _, f := range z.File {
		if f.Name != keptName {
			continue
		}
		text, err := readKept(f)
		if err == nil {
			err = json.Unmarshal(text, &a.Kept)
		}
		if err != nil {
			return nil, fmt.Errorf("what is kept is damaged: %w", err)
		}
	}
	if a.Kept == nil || a.Version < 1 {
		return nil, errors.New("what is kept is damaged: it does not say of which step it is")
	}
	if a.Version > schema.KeptVersion {
		return nil, fmt.Errorf("what is kept was written by a newer bitops (version %d of the format)", a.Version)
	}
	return a, nil
}

// Restore writes the files into a directory, which must exist, over what is there. Those that are not archived are taken
// from the checkout; it returns the ones that are not there either.
func (a *KeptArchive) Restore(dir, checkout string) (missing []string, err error) {
	if err := a.restoreArchived(dir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	here, err := os.OpenRoot(checkout)
	if err != nil {
		return nil, err
	}
	defer here.Close()
	for _, name := range a.Omitted {
		local := filepath.FromSlash(name)
		text, err := here.ReadFile(local)
		if err != nil {
			missing = append(missing, name)
			continue
		}
		if err := restore(root, local, 0o600, text); err != nil {
			return nil, fmt.Errorf("restore %s: %w", name, err)
		}
	}
	return missing, nil
}

func (a *KeptArchive) restoreArchived(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range a.zip.File {
		name, isFile := strings.CutPrefix(f.Name, keptFiles)
		if !isFile {
			continue
		}
		text, err := readKept(f)
		if err == nil {
			err = restore(root, filepath.FromSlash(name), f.Mode(), text)
		}
		if err != nil {
			return fmt.Errorf("restore %s: %w", name, err)
		}
	}
	return nil
}

func readKept(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, MostKept+1))
	if err == nil && len(text) > MostKept {
		err = ErrTooLarge
	}
	return text, err
}

func restore(root *os.Root, name string, mode fs.FileMode, content []byte) error {
	err := root.MkdirAll(filepath.Dir(name), 0o700)
	if err == nil {
		err = root.RemoveAll(name)
	}
	switch {
	case err != nil:
		return err
	case mode&fs.ModeSymlink != 0:
		return root.Symlink(string(content), name)
	}
	return root.WriteFile(name, content, mode.Perm()&0o700|0o600)
}
