package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// tracesVersion is the version of the document.
const tracesVersion = 1

// tracesDocument is what is kept of traces, beside the workspace: <workspace>~~hooks/<name>.json, and in <name>~~was the
// copies by their numbers.
type tracesDocument struct {
	Version int     `json:"version"`
	Name    string  `json:"name"`
	Begun   bool    `json:"begun,omitempty"` // these are all files there were, and what the hooks did is not known yet
	Traces  []trace `json:"traces"`          // sorted by name
}

// trace is one file, directory or symbolic link that hooks made, changed or deleted.
type trace struct {
	Name string `json:"name"`           // relative to the workspace's root, with slashes
	Was  *state `json:"was,omitempty"`  // before the hooks ran; nil where there was none
	Left *state `json:"left,omitempty"` // after they ran
	Copy int    `json:"copy,omitempty"` // the number of the copy of what was; 0 where the repository has it
}

// state tells one version of a file from another.
type state struct {
	Mode  fs.FileMode `json:"mode"`
	Size  int64       `json:"size,omitempty"`
	Mtime int64       `json:"mtime,omitempty"` // in nanoseconds; of files alone
	Link  string      `json:"link,omitempty"`
}

func (s state) isFile() bool { return s.Mode.IsRegular() }

// stateOf returns the state of a file, and whether there is one.
func stateOf(file string) (state, bool) {
	info, err := os.Lstat(file)
	if err != nil {
		return state{}, false
	}
	s := state{Mode: info.Mode().Type() | info.Mode().Perm()}
	switch {
	case s.isFile():
		s.Size, s.Mtime = info.Size(), info.ModTime().UnixNano()
	case s.Mode.Type() == fs.ModeSymlink:
		s.Link, _ = os.Readlink(file)
		s.Mode = fs.ModeSymlink // its permissions mean nothing
	}
	return s, true
}

// states are those of the files in a workspace, by name.
type states map[string]state

func (s states) names() []string { return slices.Sorted(maps.Keys(s)) }

// look returns the states of all files that are not excluded. What cannot be listed has none.
func (t *Traces) look() (states, error) {
	found := states{}
	inside := strings.TrimPrefix(t.Workspace.Directory, t.Workspace.Root+"/")
	err := filepath.WalkDir(t.Workspace.Root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return nil
		case err != nil:
			return err
		case file == t.Workspace.Root:
			return nil
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, t.Workspace.Root+"/"))
		if t.Exclude != nil && t.Exclude(strings.TrimPrefix(name, inside+"/"), entry.IsDir()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if s, exists := stateOf(file); exists {
			found[name] = s
		}
		return nil
	})
	return found, err
}

func (t *Traces) document() string {
	return filepath.Join(t.Workspace.Root+tracesSuffix, DirectoryName(t.Name)+".json")
}

func (t *Traces) copies() string {
	return filepath.Join(t.Workspace.Root+tracesSuffix, DirectoryName(t.Name)+"~~was")
}

func (t *Traces) copyOf(entry trace) string {
	return filepath.Join(t.copies(), strconv.Itoa(entry.Copy))
}

// readTraces reads a document. One that is not there has no traces.
func readTraces(file string) (*tracesDocument, error) {
	doc := &tracesDocument{}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return doc, nil
	}
	if err == nil {
		err = json.Unmarshal(text, doc)
	}
	if err == nil && doc.Version > tracesVersion {
		err = fmt.Errorf("version %d is newer than this bitops knows", doc.Version)
	}
	for _, entry := range doc.Traces {
		if err == nil && !isName(entry.Name) {
			err = fmt.Errorf("%q is no file's name", entry.Name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; to begin afresh, delete %s and its workspace beside it", file, err, path.Dir(file))
	}
	return doc, nil
}

// write replaces the document, or removes it where there is nothing to tell.
func (t *Traces) write(doc *tracesDocument) error {
	if len(doc.Traces) == 0 && !doc.Begun {
		return t.forget()
	}
	doc.Version = tracesVersion
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return atomicfile.File{Temporary: filepath.Base(t.document()) + ".new"}.Write(t.document(), text)
}

// forget removes the document, and then the copies.
func (t *Traces) forget() error {
	err := os.Remove(t.document())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(t.copies()))
}

// copyAs copies a regular file, with its permissions and its time, to a name that is free or a copy already.
func copyAs(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Chtimes(to, time.Time{}, info.ModTime()); err != nil {
		return err
	}
	return os.Chmod(to, info.Mode().Perm())
}
