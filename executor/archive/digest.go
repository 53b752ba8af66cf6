package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// digestOf returns the digest of a content: its SHA-256, as sha256sum prints it, after the name of the algorithm.
func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return asDigest(sum[:])
}

func asDigest(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

// digestReader returns the digest of what a reader has, and how many bytes that is.
func digestReader(r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return asDigest(h.Sum(nil)), n, err
}

// digestsOf returns the digests of the files in a directory, by their paths below it, with slashes. Without a directory there
// are none.
func digestsOf(dir string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		all[filepath.ToSlash(rel)], _, err = digestReader(f)
		return err
	})
	return all, err
}
