package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// The list of the names that came from the source is a text file beside the workspace:
//
//	bitops workspace files 1
//	path "apps/frontend"
//	"terraform"
//	"terraform/main.tf"
//	end 2
//
// The 1 is the format's version. Names are Go string literals, which any sequence of bytes survives, in
// ascending order. The last line holds their number, so that a list cut short is known as such.
const (
	listHeader = "bitops workspace files 1"
	listSuffix = "~~files" // no workspace is named so: see DirectoryName
)

// A listFile is the list on disk and what is known of its content.
type listFile struct {
	file    string   // where it is
	valid   bool     // path and names are what the file holds
	path    string   // the environment's directory when it was written
	names   []string // sorted
	problem string   // why it is not valid

	current string // the environment's directory now
}

// openList reads the workspace's list. One that is missing or damaged, or of another version, is not an
// error but not valid either.
func (s *syncer) openList() (*listFile, error) {
	l := &listFile{file: s.root + listSuffix, current: s.Path}
	data, err := os.ReadFile(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		l.problem = "is missing"
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	l.path, l.names, err = parseList(data)
	l.valid = err == nil
	if err != nil {
		l.problem = "is damaged: " + err.Error()
	}
	return l, nil
}

// record makes the list hold names, which are sorted, and the environment's directory. A list that holds
// them already is not written.
func (l *listFile) record(names []string) error {
	if l.valid && l.path == l.current && slices.Equal(l.names, names) {
		return nil
	}
	whole := atomicfile.File{Temporary: filepath.Base(l.file) + ".new", Unsynced: true} // a damaged list is found out
	if err := whole.Write(l.file, formatList(l.current, names)); err != nil {
		return err
	}
	l.valid, l.path, l.names = true, l.current, names
	return nil
}

// forget drops the names, because nothing of the workspace is left.
func (l *listFile) forget() { l.names = nil }

func formatList(environment string, names []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\npath %s\n", listHeader, strconv.Quote(environment))
	for _, name := range names {
		b.WriteString(strconv.Quote(name))
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "end %d\n", len(names))
	return b.Bytes()
}

// parseList reads what formatList wrote, and refuses everything else: files are deleted by these names.
func parseList(data []byte) (environment string, names []string, err error) {
	text, complete := strings.CutSuffix(string(data), "\n")
	lines := strings.Split(text, "\n")
	switch {
	case lines[0] != listHeader:
		return "", nil, fmt.Errorf("it does not begin with %q", listHeader)
	case !complete || len(lines) < 3 || lines[len(lines)-1] != fmt.Sprintf("end %d", len(lines)-3):
		return "", nil, errors.New("it is cut short")
	}
	literal, found := strings.CutPrefix(lines[1], "path ")
	environment, err = unquote(literal)
	if !found || err != nil || environment != "." && !isName(environment) {
		return "", nil, errors.New("line 2 names no directory")
	}
	for i, line := range lines[2 : len(lines)-1] {
		name, err := unquote(line)
		if err != nil || !isName(name) {
			return "", nil, fmt.Errorf("line %d is not a file's name", i+3)
		}
		if i > 0 && name <= names[i-1] {
			return "", nil, fmt.Errorf("line %d is out of order", i+3)
		}
		names = append(names, name)
	}
	return environment, names, nil
}

func unquote(literal string) (string, error) {
	if !strings.HasPrefix(literal, `"`) {
		return "", strconv.ErrSyntax
	}
	return strconv.Unquote(literal)
}

// isName reports whether a name is clean, relative, and does not leave the directory it is relative to.
func isName(name string) bool {
	return name != "." && filepath.IsLocal(name) && path.Clean(name) == name && !strings.Contains(name, "\x00")
}
