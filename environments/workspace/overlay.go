package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// An Overlay is a directory of defaults for one directory of the environment. Where only one of them has a file, the
// workspace has it. Where both have it, the environment wins, but for two kinds:
//
//	.tf          both: the default keeps its name, and the environment's main.tf becomes main.tf.<suffix>.tf
//	.yaml, .yml  merged by Merge
//
// Nothing is ever written to either directory.
type Overlay struct {
	From   string // the defaults, relative to the repository; may be missing
	To     string // the directory they are for, relative to the environment's
	Suffix string // for the environment's name in the names of .tf files
	// Merge returns the content of a YAML file that both have. Nil lets the environment win.
	Merge func(lower, upper []byte) ([]byte, error)
	// Apart reports the YAML files, by their name in the directory, that are not merged because their tool is given
	// both; the default's is left out. Nil reports none.
	Apart func(name string) bool
}

// overlay lays the defaults under the entries of the environment.
func (s *syncer) overlay(entries []entry) ([]entry, error) {
	if len(s.Overlays) == 0 {
		return entries, nil
	}
	byName := make(map[string]entry, len(entries))
	for _, e := range entries {
		byName[e.name] = e
	}
	for _, o := range s.Overlays {
		lower, err := s.defaults(o)
		if err != nil {
			return nil, err
		}
		for _, e := range lower {
			if err := o.lay(s, byName, e); err != nil {
				return nil, err
			}
		}
	}
	all := make([]entry, 0, len(byName))
	for _, e := range byName {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// defaults lists what an overlay has, under the names it would have in the environment. The directories above come with
// the first file.
func (s *syncer) defaults(o Overlay) ([]entry, error) {
	root := filepath.Join(s.Repository, filepath.FromSlash(o.From))
	if !isDirectory(root) {
		return nil, nil
	}
	lower := &syncer{Options: Options{Path: o.From}, ctx: s.ctx, source: root}
	lower.Exclude = func(name string, isDir bool) bool { return s.excluded(path.Join(o.To, name), isDir) }
	found, err := lower.scan()
	s.notices = append(s.notices, lower.notices...)
	if err != nil {
		return nil, fmt.Errorf("read the defaults in %s: %w", o.From, err)
	}
	for i := range found {
		found[i].from = filepath.Join(root, filepath.FromSlash(found[i].name))
		found[i].name = path.Join(o.To, found[i].name)
	}
	return found, nil
}

// lay adds one default to the entries.
func (o Overlay) lay(s *syncer, byName map[string]entry, lower entry) error {
	upper, both := byName[lower.name]
	switch {
	case !both:
		if blocked(byName, lower.name) {
			return nil
		}
		byName[lower.name] = lower
		return nil
	case !upper.mode.IsRegular() || !lower.mode.IsRegular():
		return nil
	}
	switch ending := path.Ext(lower.name); {
	case ending == ".tf":
		upper.from = s.file(upper)
		upper.name += "." + o.Suffix + ".tf"
		byName[upper.name], byName[lower.name] = upper, lower
		return nil
	case (ending == ".yaml" || ending == ".yml") && o.Merge != nil && !o.apart(lower.name):
		merged, err := o.merge(s, lower, upper)
		if err != nil {
			return err
		}
		upper.content = merged
		byName[upper.name] = upper
	}
	return nil
}

func (o Overlay) apart(name string) bool {
	return o.Apart != nil && o.Apart(strings.TrimPrefix(name, o.To+"/"))
}

func (o Overlay) merge(s *syncer, lower, upper entry) ([]byte, error) {
	below, err := os.ReadFile(lower.from)
	if err != nil {
		return nil, fmt.Errorf("read the default of %s: %w", upper.name, err)
	}
	above, err := os.ReadFile(s.file(upper))
	if errors.Is(err, fs.ErrNotExist) {
		return below, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", upper.name, err)
	}
	merged, err := o.Merge(below, above)
	if err != nil {
		return nil, fmt.Errorf("merge %s with its default: %w", path.Join(s.Path, upper.name), err)
	}
	if merged == nil {
		merged = []byte{}
	}
	return merged, nil
}

// blocked reports whether something that is no directory stands where a default's directory would be.
func blocked(byName map[string]entry, name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if e, ok := byName[dir]; ok && !e.mode.IsDir() {
			return true
		}
	}
	return false
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
