package workspace

import (
	"path"
	"slices"
	"strings"
)

// nameOf is what Exclude calls a file of the workspace.
func (s *syncer) nameOf(file string) string {
	if name, ok := strings.CutPrefix(file, s.directory+"/"); ok {
		return name
	}
	return strings.TrimPrefix(file, s.root+"/")
}

// excluded reports whether a name of the environment is neither copied nor deleted.
func (s *syncer) excluded(name string, isDir bool) bool {
	return s.reserved(path.Join(s.Path, name)) || s.Exclude != nil && s.Exclude(name, isDir)
}

// reserved reports whether a path of the repository is bitops' or git's own. A .git further down, below the
// environment's directory, is just a file.
func (s *syncer) reserved(name string) bool {
	if path.Base(name) == ".git" && within(s.Path, path.Dir(name)) {
		return true
	}
	return within(name, ".bitops") || within(name, ".git") || s.inside != "" && within(name, s.inside)
}

// within reports whether a clean slash-separated path is directory or lies in it.
func within(name, directory string) bool {
	return directory == "." || name == directory || strings.HasPrefix(name, directory+"/")
}

// names are the names of sorted entries.
func names(entries []entry) []string {
	all := make([]string, len(entries))
	for i, e := range entries {
		all[i] = e.name
	}
	return all
}

// union merges two sorted lists of names.
func union(a, b []string) []string {
	if slices.Equal(a, b) {
		return a
	}
	merged := slices.Concat(a, b)
	slices.Sort(merged)
	return slices.Compact(merged)
}
