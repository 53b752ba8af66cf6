package planner

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Found returns the environments that a manifest could declare and does not: directories at any depth that hold a tool's
// directory, named by their paths and in their order. The problems say which directories are left out, and why. What
// discover finds for a run is only at the root: further down, a person has to say what is meant.
//
// Not looked into are links, directories of tools, names that begin with `_` or `.`, the default folder, and the packages
// of other languages.
func Found(m *schema.Manifest, inspector Inspector) ([]schema.EnvironmentName, schema.Problems) {
	d := &draft{manifest: m, inspector: inspector}
	s := search{draft: d, deployments: d.deploymentPaths(), declared: map[string]bool{}}
	for i := range m.Environments {
		s.declared[path.Clean(m.Environments[i].Path.Text)] = true
	}
	s.in(schema.Directory{Root: m.Root, Name: "."})
	return s.found, d.problems.Sorted()
}

// search looks for environments.
type search struct {
	*draft
	deployments []string        // paths that make the directory that holds them an environment
	declared    map[string]bool // paths of environments
	found       []schema.EnvironmentName
}

// deploymentPaths returns the paths in an environment where a step can be.
func (d *draft) deploymentPaths() []string {
	var all []string
	for _, tool := range d.detectable() {
		all = append(all, string(tool))
	}
	for _, deployment := range d.manifest.Settings.Deployments {
		if alias := path.Clean(deployment.Key); !needsNoStep(toolOf(deployment)) && alias != "." && filepath.IsLocal(filepath.FromSlash(alias)) {
			all = append(all, alias)
		}
	}
	return all
}

// in looks at the directories in a directory, and into them.
func (s *search) in(parent schema.Directory) {
	entries, err := parent.Entries()
	if err != nil {
		s.add(schema.Warningf(schema.Position{File: s.manifest.File}, "directory %q is left out: %v", parent.Name, err))
		return
	}
	for _, entry := range entries {
		name := entry.Name()
		dir := path.Join(parent.Name, name)
		link := entry.Type()&fs.ModeSymlink != 0
		if !entry.IsDir() && !link || strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || dir == s.defaultFolder() {
			continue
		}
		s.look(schema.Directory{Root: parent.Root, Name: dir}, link)
	}
}

// look takes one directory for an environment, if it is one, and looks into it.
func (s *search) look(dir schema.Directory, link bool) {
	if !link {
		dir = dir.Listed()
	}
	deployment := slices.Contains(s.deployments, path.Base(dir.Name))
	inRoot := path.Dir(dir.Name) == "."
	switch {
	case deployment && !inRoot || foreignPackages(dir.Name) && !inRoot:
		return
	case !s.isEnvironment(dir):
	case s.declared[dir.Name]:
	case s.canName(dir.Name) && !s.isLink(dir.Name, s.insideTarget(dir, link)):
		s.found = append(s.found, schema.EnvironmentName(dir.Name))
	}
	if link || deployment || foreignPackages(dir.Name) {
		return
	}
	if schema.DeclaresEnvironments(dir) {
		s.add(schema.Warningf(schema.Position{File: s.manifest.File}, "what is in directory %q is left out: it has a manifest of its own", dir.Name))
		return
	}
	s.in(dir)
}

// foreignPackages reports whether a directory holds what package managers of programming languages keep.
func foreignPackages(dir string) bool {
	return path.Base(dir) == "node_modules" || path.Base(dir) == "vendor"
}

func (s *search) isEnvironment(dir schema.Directory) bool {
	return slices.ContainsFunc(s.deployments, dir.HasDirectory)
}

// insideTarget returns the directory of the repository that a link leads to, "" for none.
func (s *search) insideTarget(dir schema.Directory, link bool) string {
	if !link {
		return ""
	}
	resolved, err := filepath.EvalSymlinks(dir.Path())
	if err != nil {
		return ""
	}
	target, err := filepath.Rel(s.manifest.Root, resolved)
	if err != nil || !filepath.IsLocal(target) {
		return ""
	}
	return filepath.ToSlash(target)
}
