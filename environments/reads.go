package environments

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Readings finds which paths of a repository the steps of a plan are made of: those that a fingerprint has hashes of, and
// those that would be if something were there. It is safe for concurrent use.
type Readings struct {
	sources  *sources
	defaults string

	// Former are the directories of environments that there were, relative to the repository: what was deleted in them was no
	// part of another environment. Nil: there were none.
	Former map[string]bool
}

// Readings returns what finds them in the files of the repository, which need not be those of the checkout. The files must
// be able to tell links as such.
func (l *Lifecycle) Readings(files fs.FS) *Readings {
	s := l.newSources()
	s.files, s.unhashed = files, true
	return &Readings{sources: s, defaults: l.Default}
}

// Reads are the paths that one step is made of.
type Reads struct {
	*Readings
	step  *schema.Step
	roots map[string]string // with all below them: the file that mentions them, "" for the step's own
	open  string            // the file because of which everything counts that is in no environment, "" for none
}

// Of returns what a step is made of.
func (r *Readings) Of(step *schema.Step) (*Reads, error) {
	c, err := r.sources.closure(step.EnvironmentPath, step.Deployment, r.defaults, false)
	if err != nil {
		return nil, err
	}
	return &Reads{Readings: r, step: step, roots: c.roots, open: c.opener}, nil
}

// Via says by which file a step is made of a path: "" for what lies in its environment or its defaults. Gone says that nothing
// is at the path any more. Read is false where the step is not made of it.
func (r *Reads) Via(name string, gone bool) (file string, read bool) {
	if path.Ext(name) == planEnding {
		return "", false
	}
	if path.Base(name) == lockFile {
		return "", path.Dir(name) == r.step.Directory() || path.Dir(name) == path.Join(r.defaults, r.step.Deployment)
	}
	found := ""
	for dir := name; ; dir = path.Dir(dir) {
		if by, root := r.roots[dir]; root && !r.hidden(name, dir, gone) && (!read || by == "") {
			found, read = by, true
		}
		if dir == "." {
			break
		}
	}
	if read {
		return found, true
	}
	for root, by := range r.roots { // what is at the path is on the way to what counts: a link, or another repository
		if strings.HasPrefix(root, name+"/") && (!read || by < found) {
			found, read = by, true
		}
	}
	if top, _, below := strings.Cut(name, "/"); !read && r.open != "" && below && !hidden(top) && !r.isEnvironment(top, gone) {
		return r.open, !r.hidden(name, top, gone)
	}
	return found, read
}

// Below says by which file a step is made of something in a directory, or of the path itself, likewise.
func (r *Reads) Below(name string) (file string, read bool) {
	if file, read := r.Via(name, false); read {
		return file, true
	}
	for root, by := range r.roots {
		if within(root, name) && (!read || by < file) {
			file, read = by, true
		}
	}
	if !read && r.open != "" && name == "." {
		return r.open, true
	}
	return file, read
}

// hidden reports whether a path below a root does not count: it is in another environment, or a tool's own.
func (r *Reads) hidden(name, root string, gone bool) bool {
	if name == root {
		return false
	}
	for dir := path.Dir(name); dir != root && dir != "."; dir = path.Dir(dir) {
		base := path.Base(dir)
		if r.isEnvironment(dir, gone) || base == ".git" || base == ".bitops" || r.sources.exclude(relative(dir, root), true) {
			return true
		}
	}
	return r.sources.exclude(relative(name, root), false)
}

func (r *Reads) isEnvironment(dir string, gone bool) bool {
	return r.sources.environment(dir) || gone && r.Former[dir]
}

func relative(name, dir string) string {
	if dir == "." {
		return name
	}
	return strings.TrimPrefix(name, dir+"/")
}

// Reading returns the steps of a plan that are made of a file or of something in a directory, each with the reason. The path is
// relative to the repository.
func (r *Readings) Reading(plan *schema.Plan, name string) (map[schema.StepName]string, error) {
	all := map[schema.StepName]string{}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		reads, err := r.Of(step)
		if err != nil {
			return nil, err
		}
		file, read := reads.Below(name)
		switch {
		case !read:
		case file != "":
			all[step.Name] = fmt.Sprintf("%s refers to it", file)
		case within(name, step.EnvironmentPath), within(step.EnvironmentPath, name):
			all[step.Name] = "its environment has it"
		default:
			all[step.Name] = "it is a default of it"
		}
	}
	return all, nil
}
