package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Traces are what hooks left in a workspace, so that it can be taken back before they run again: each run of a step finds what
// the first one found, and what tools made.
//
//	Begin    remember what is there, with copies of what the repository does not have as it is
//	         the hooks run
//	End      what differs are the traces
//	Reset    take them back: delete what was made, put back what was changed or deleted
//
// A process that dies between Begin and End leaves what was there before; then End has to be called before anything else changes
// the workspace.
//
// What was there before, and another changed after the hooks, stays as it is, but for the files of the repository. What hooks
// made is deleted, whoever changed it since. Excluded files are no traces.
// Traces must not be used while a step runs in the workspace.
type Traces struct {
	Workspace *Workspace
	Name      string // of the step or group whose hooks these are
	// Exclude is that of Options.
	Exclude func(name string, isDir bool) bool
}

// tracesSuffix ends the directory beside a workspace that holds the traces in it.
const tracesSuffix = "~~hooks"

// TracesIn returns the names of those whose hooks left traces in a workspace, sorted.
func TracesIn(w *Workspace) ([]string, error) {
	entries, err := os.ReadDir(w.Root + tracesSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var found []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		doc, err := readTraces(filepath.Join(w.Root+tracesSuffix, entry.Name()))
		if err != nil {
			return nil, err
		}
		found = append(found, doc.Name)
	}
	slices.Sort(found)
	return found, err
}

// Begin remembers what is in the workspace. Traces that are there are taken for taken back.
func (t *Traces) Begin() error {
	if err := t.forget(); err != nil {
		return err
	}
	found, err := t.look()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(t.copies(), 0o700); err != nil {
		return err
	}
	doc := &tracesDocument{Name: t.Name, Begun: true}
	for _, name := range found.names() {
		was := found[name]
		entry := trace{Name: name, Was: &was}
		if was.isFile() && !t.fromSource(name, was) {
			entry.Copy = len(doc.Traces) + 1
			if err := copyAs(t.file(name), t.copyOf(entry)); err != nil {
				entry.Copy = 0 // nobody can read it, so that hooks will hardly change it
			}
		}
		doc.Traces = append(doc.Traces, entry)
	}
	return t.write(doc)
}

// End finds what differs since Begin, if it did not do so already.
func (t *Traces) End() error {
	doc, err := readTraces(t.document())
	if err != nil || !doc.Begun {
		return err
	}
	now, err := t.look()
	if err != nil {
		return err
	}
	var kept []trace
	for _, entry := range doc.Traces {
		left, exists := now[entry.Name]
		delete(now, entry.Name)
		switch {
		case exists && left == *entry.Was:
			_ = os.Remove(t.copyOf(entry))
			continue
		case exists:
			entry.Left = &left
		}
		kept = append(kept, entry)
	}
	for _, name := range now.names() {
		left := now[name]
		kept = append(kept, trace{Name: name, Left: &left})
	}
	slices.SortFunc(kept, func(a, b trace) int { return strings.Compare(a.Name, b.Name) })
	return t.write(&tracesDocument{Name: t.Name, Traces: kept})
}

// Names returns the names of what was made, changed or deleted, relative to the workspace's root.
func (t *Traces) Names() ([]string, error) {
	doc, err := readTraces(t.document())
	if err != nil {
		return nil, err
	}
	all := make([]string, len(doc.Traces))
	for i, entry := range doc.Traces {
		all[i] = entry.Name
	}
	return all, nil
}

// Reset takes the traces back, and forgets them.
func (t *Traces) Reset() error {
	if err := t.End(); err != nil {
		return err
	}
	doc, err := readTraces(t.document())
	if err != nil || len(doc.Traces) == 0 {
		return err
	}
	fromSource, err := t.ofSource()
	if err != nil {
		return err
	}
	for _, entry := range slices.Backward(doc.Traces) { // what is in a directory before the directory
		if entry.Was == nil && !fromSource(entry.Name) {
			t.remove(entry.Name)
		}
	}
	for _, entry := range doc.Traces {
		if entry.Was == nil {
			continue
		}
		if err := t.restore(entry); err != nil {
			return err
		}
	}
	return t.forget()
}

// remove deletes what hooks made. A directory in which something else was put meanwhile stays.
func (t *Traces) remove(name string) {
	if !t.reaches(name) {
		return
	}
	if dir := filepath.Dir(t.file(name)); os.Remove(t.file(name)) != nil {
		if info, err := os.Stat(dir); err == nil && grant(dir, info.Mode()) == nil {
			_ = os.Remove(t.file(name))
		}
	}
}

// restore puts back what hooks changed or deleted.
func (t *Traces) restore(entry trace) error {
	if !t.reaches(entry.Name) {
		return nil
	}
	file := t.file(entry.Name)
	now, exists := stateOf(file)
	changedSince := exists && (entry.Left == nil || now != *entry.Left)
	if changedSince && (entry.Copy > 0 || !entry.Was.isFile()) {
		return nil
	}
	from := t.copyOf(entry)
	if entry.Was.isFile() && entry.Copy == 0 {
		from = filepath.Join(t.Workspace.repository(), filepath.FromSlash(entry.Name))
		if source, ok := stateOf(from); !ok || !source.isFile() || exists && now == source {
			return nil
		}
	}
	if exists && (!now.Mode.IsDir() || !entry.Was.Mode.IsDir()) && os.Remove(file) != nil {
		return nil //nolint:nilerr // a directory in which something else was put meanwhile stays
	}
	return put(entry, from, file)
}

// put makes what was there before the hooks; a regular file is copied from another.
func put(entry trace, from, file string) error {
	switch {
	case entry.Was.Mode.IsDir():
		if err := os.Mkdir(file, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return os.Chmod(file, entry.Was.Mode.Perm())
	case entry.Was.Mode.Type() == fs.ModeSymlink:
		return os.Symlink(entry.Was.Link, file)
	case entry.Was.isFile():
		return copyAs(from, file)
	}
	return nil
}

// reaches reports whether the directories above a name are directories. Where there is a link instead, what is behind it is
// not the workspace's.
func (t *Traces) reaches(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if info, err := os.Lstat(t.file(dir)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// fromSource reports whether the repository has a file as it is in the workspace.
func (t *Traces) fromSource(name string, now state) bool {
	source, exists := stateOf(filepath.Join(t.Workspace.repository(), filepath.FromSlash(name)))
	return exists && source == now
}

// ofSource returns what tells the names that come from the repository now: a hook may have made the same name before.
func (t *Traces) ofSource() (func(name string) bool, error) {
	listed := map[string]bool{}
	data, err := os.ReadFile(t.Workspace.Root + listSuffix)
	if err == nil {
		environment, names, damaged := parseList(data)
		if damaged != nil {
			names = nil // Sync is about to mend it
		}
		for _, name := range names {
			listed[path.Join(environment, name)] = true
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return func(name string) bool {
		if listed[name] {
			return true
		}
		_, exists := stateOf(filepath.Join(t.Workspace.repository(), filepath.FromSlash(name)))
		return exists
	}, err
}

func (t *Traces) file(name string) string {
	return filepath.Join(t.Workspace.Root, filepath.FromSlash(name))
}

// repository returns the root of the repository.
func (w *Workspace) repository() string {
	return strings.TrimSuffix(w.Source, strings.TrimPrefix(w.Directory, w.Root))
}
