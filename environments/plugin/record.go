package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// recordVersion is the version of the record that this program writes.
const recordVersion = 1

// record says what an installed plugin is. It is written when everything else is done.
type record struct {
	Version     int    `json:"version"`
	Source      string `json:"source"` // never with a password
	Reference   string `json:"reference,omitempty"`
	Object      string `json:"object,omitempty"` // what the reference stood for: a commit or an annotated tag
	Commit      string `json:"commit,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"` // of a directory's files
}

// recordFile lies beside the plugin's directory.
const recordFile = "record.json"

// readRecord returns the record of what a link in the directory of installed plugins leads to.
func readRecord(link string) (record, bool) {
	dir, err := filepath.EvalSymlinks(link)
	if err != nil || dir == link {
		return record{}, false
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(dir), recordFile))
	var r record
	if err != nil || json.Unmarshal(text, &r) != nil || r.Version > recordVersion {
		return record{}, false
	}
	return r, true
}

func (r record) write(dir string) error {
	r.Version = recordVersion
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, recordFile), append(text, '\n'), 0o644)
}

// recordOf is the record of a source before anything is known of its content.
func recordOf(s source) record {
	if s.directory != "" {
		return record{Source: s.directory}
	}
	return record{Source: s.repository, Reference: s.reference}
}

// fits reports whether the record is of that source and reference.
func (r record) fits(s source) bool {
	want := recordOf(s)
	return r.Source == want.Source && r.Reference == want.Reference
}

// String names what is installed for people.
func (r record) String() string {
	return source{repository: r.Source, reference: r.Reference}.String()
}

// fingerprint sums up the files of a directory: names, contents, and what may be executed. It is "" when something
// cannot be read.
func fingerprint(dir string) string {
	sum := sha256.New()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return ""
	}
	err = filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, file)
		if entry.IsDir() && name == ".git" {
			return filepath.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%q %v %t\n", name, entry.Type(), info.Mode()&0o111 != 0)
		return sumContent(sum, file, info)
	})
	if err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func sumContent(sum io.Writer, file string, info fs.FileInfo) error {
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		target, err := os.Readlink(file)
		_, _ = fmt.Fprintf(sum, "%q\n", target)
		return err
	case 0:
		content, err := os.Open(file)
		if err != nil {
			return err
		}
		defer content.Close()
		_, _ = fmt.Fprintf(sum, "%d\n", info.Size())
		_, err = io.Copy(sum, content)
		return err
	}
	return nil
}
