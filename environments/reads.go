package environments

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// Readings finds which paths of a repository the steps of a plan are made of: those that a fingerprint has hashes of, and
// those that would be if something were there. It is safe for concurrent use.
type Readings struct {
	sources  *sources
	defaults string
	tool     func(schema.ToolName) Tool

	// Former are the directories of environments that there were, relative to the repository: what was deleted in them was no
	// part of another environment. Nil: there were none.
	Former map[string]bool
}

// Readings returns what finds them in the files of the repository, which need not be those of the checkout. The files must
// be able to tell links as such.
func (l *Lifecycle) Readings(files fs.FS) *Readings {
	s := l.newSources()
	s.files, s.unhashed = files, true
	return &Readings{sources: s, defaults: l.Default, tool: l.tool}
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
	if resident, ok := r.tool(step.Tool).(Resident); ok {
		if dir, err := filepath.Rel(r.sources.repository, resident.Directory()); err == nil && filepath.IsLocal(dir) {
			c.mention(filepath.ToSlash(dir), schema.ManifestName)
		}
	}
	return &Reads{Readings: r, step: step, roots: c.roots, open: c.opener}, nil
}

// Via says why a step is made of a path: "" for what lies in its environment or its defaults, else a sentence about the file
// that refers to it. Gone says that nothing is at the path any more. Read is false where the step is not made of it.
func (r *Reads) Via(name string, gone bool) (why string, read bool) {
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
		return refers(found), true
	}
	for root, by := range r.roots { // what is at the path is on the way to what counts: a link, or another repository
		if strings.HasPrefix(root, name+"/") && (!read || by < found) {
			found, read = by, true
		}
	}
	if top, _, below := strings.Cut(name, "/"); !read && r.open != "" && below && !hidden(top) && !r.isEnvironment(top, gone) {
		return readsAll(r.open), !r.hidden(name, top, gone)
	}
	return refers(found), read
}

func refers(file string) string {
	if file == "" {
		return ""
	}
	return file + " refers to it"
}

func readsAll(file string) string {
	return file + " can read everything, as far as can be told"
}

// Below says why a step is made of something in a directory, or of the path itself, likewise.
func (r *Reads) Below(name string) (why string, read bool) {
	if why, read := r.Via(name, false); read {
		return why, true
	}
	file := ""
	for root, by := range r.roots {
		if within(root, name) && (!read || by < file) {
			file, read = by, true
		}
	}
	return refers(file), read
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

// Touched is a path at which something is not as it was.
type Touched struct {
	Name      string // relative to the repository
	How       string // in words that follow the path
	New, Gone bool
}

// Touches are paths that were touched, by name.
type Touches []Touched

// NewTouches sorts what was touched. Lock files that tools write by themselves count where there was one before and is one
// now, as in a fingerprint.
func NewTouches(all []Touched) Touches {
	sorted := slices.DeleteFunc(slices.Clone(all), func(t Touched) bool { return path.Base(t.Name) == lockFile && (t.New || t.Gone) })
	slices.SortFunc(sorted, func(a, b Touched) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

// below returns those that are at a path or below it.
func (t Touches) below(root string) Touches {
	if root == "." {
		return t
	}
	begin, _ := t.at(root + "/")
	end, _ := t.at(root + "0") // which follows what begins with root/
	if at, there := t.at(root); there {
		return append(Touches{t[at]}, t[begin:end]...)
	}
	return t[begin:end]
}

func (t Touches) at(name string) (int, bool) {
	return slices.BinarySearchFunc(t, name, func(one Touched, name string) int { return strings.Compare(one.Name, name) })
}

// First returns the first of the paths that the step is made of, its own before others, and why it is.
func (r *Reads) First(all Touches) (touched Touched, why string, found bool) {
	roots := slices.SortedFunc(maps.Keys(r.roots), func(a, b string) int {
		return cmp.Or(strings.Compare(r.roots[a], r.roots[b]), strings.Compare(a, b))
	})
	for _, root := range roots {
		for _, one := range all.below(root) {
			if via, read := r.Via(one.Name, one.Gone); read {
				return one, via, true
			}
		}
		for dir := path.Dir(root); dir != "."; dir = path.Dir(dir) {
			if at, there := all.at(dir); there {
				if via, read := r.Via(dir, all[at].Gone); read {
					return all[at], via, true
				}
			}
		}
	}
	if r.open == "" {
		return Touched{}, "", false
	}
	for _, one := range all {
		if via, read := r.Via(one.Name, one.Gone); read {
			return one, via, true
		}
	}
	return Touched{}, "", false
}

// each calls see with what each step of a plan is made of, several at a time.
func (r *Readings) each(plan *schema.Plan, see func(step *schema.Step, reads *Reads) string) (map[schema.StepName]string, error) {
	reasons, errs := make([]string, len(plan.Steps)), make([]error, len(plan.Steps))
	parallel.Each(len(plan.Steps), func(i int) {
		reads, err := r.Of(&plan.Steps[i])
		if errs[i] = err; err == nil {
			reasons[i] = see(&plan.Steps[i], reads)
		}
	})
	all := map[schema.StepName]string{}
	for i, why := range reasons {
		if why != "" {
			all[plan.Steps[i].Name] = why
		}
	}
	return all, errors.Join(errs...)
}

// Since returns the steps of a plan that are made of something that was touched, each with the reason.
func (r *Readings) Since(plan *schema.Plan, all Touches) (map[schema.StepName]string, error) {
	return r.each(plan, func(_ *schema.Step, reads *Reads) string {
		touched, via, found := reads.First(all)
		switch {
		case !found:
			return ""
		case via == "":
			return fmt.Sprintf("file %s %s", touched.Name, touched.How)
		}
		return fmt.Sprintf("file %s %s; %s", touched.Name, touched.How, via)
	})
}

// Reading returns the steps of a plan that are made of a file or of something in a directory, each with the reason. The path is
// relative to the repository.
func (r *Readings) Reading(plan *schema.Plan, name string) (map[schema.StepName]string, error) {
	return r.each(plan, func(step *schema.Step, reads *Reads) string {
		why, read := reads.Below(name)
		switch {
		case !read:
			return ""
		case why != "":
			return why
		case within(name, step.EnvironmentPath), within(step.EnvironmentPath, name):
			return "its environment has it"
		}
		return "it is a default of it"
	})
}
