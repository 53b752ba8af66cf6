package schema

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"
)

// NoManifestError says that no manifest was found.
type NoManifestError struct{ Directory string }

func (e *NoManifestError) Error() string {
	return fmt.Sprintf("no %s in %s or above it; `bitops init` writes one", ManifestName, e.Directory)
}

// FindManifest walks up from dir, as git does, and returns the repository's root and the manifest's path in it.
//
// Environments and tools keep a file of the same name. So the manifest is the nearest file that declares
// `environments`, or the file above that includes it; and where none declares any, the outermost file with a `bitops`
// key. The walk ends at a directory that holds `.git`.
func FindManifest(dir string) (root, file string, err error) {
	start, err := filepath.Abs(dir)
	if err == nil {
		start, err = filepath.EvalSymlinks(start)
	}
	if err != nil {
		return "", "", fmt.Errorf("open %s: %w", dir, unwrapPath(err))
	}
	if info, err := os.Stat(start); err != nil || !info.IsDir() {
		return "", "", fmt.Errorf("%s is not a directory", dir)
	}
	candidates := candidatesAbove(start)
	if len(candidates) == 1 && candidates[0].isPlain() {
		return candidates[0].dir, candidates[0].name, nil // the usual case: no need to read the file twice
	}
	var chosen *candidate
	for _, c := range candidates {
		if c.read() && c.beats(chosen) {
			chosen = c
		}
	}
	if chosen == nil {
		return "", "", &NoManifestError{Directory: dir}
	}
	return chosen.dir, chosen.name, nil
}

// candidate is a configuration file on the way up.
type candidate struct {
	dir, name string
	declares  bool // has environments or include
	includes  []Located
}

// candidatesAbove returns the configuration files from a directory up to the one that holds `.git`.
func candidatesAbove(start string) []*candidate {
	var all []*candidate
	for d := start; ; d = filepath.Dir(d) {
		if name, ok := (Directory{Root: d, Name: "."}).ConfigurationFile(); ok {
			all = append(all, &candidate{dir: d, name: name})
		}
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil || d == filepath.Dir(d) {
			return all
		}
	}
}

var bitopsKey = regexp.MustCompile(`(?m)^bitops[ \t]*:`)

// isPlain reports whether the file is visibly one with a `bitops` key.
func (c *candidate) isPlain() bool {
	text, problem := readSource(filepath.Join(c.dir, c.name), c.name)
	return problem == nil && bitopsKey.Match(text)
}

// read looks into the file. It reports false for a tool's configuration, which cannot be the manifest. A file that cannot
// be read can: its problem must be shown, not passed over.
func (c *candidate) read() bool {
	text, problem := readSource(filepath.Join(c.dir, c.name), c.name)
	if problem != nil {
		return true
	}
	root, problem := parseYAML(text, c.name)
	if problem != nil || root == nil {
		return true
	}
	body := child(root, "bitops")
	if body == nil {
		return root.Kind != yaml.MappingNode || child(root, "environments") != nil
	}
	include := child(body, "include")
	c.declares = include != nil || child(body, "environments") != nil
	if include != nil {
		d := newDecoder(text, c.name, SeverityWarning, root)
		d.value(include, reflect.ValueOf(&c.includes).Elem(), "include")
	}
	return true
}

// beats reports whether c, found further up, is the manifest rather than what was chosen so far.
func (c *candidate) beats(chosen *candidate) bool {
	if chosen == nil || !chosen.declares {
		return true
	}
	rel, err := filepath.Rel(c.dir, filepath.Join(chosen.dir, chosen.name))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.includes, func(pattern Located) bool {
		ok, _ := path.Match(path.Clean(pattern.Text), filepath.ToSlash(rel))
		return ok
	})
}

// DeclaresEnvironments reports whether a directory has a manifest of its own: a configuration file with environments.
func DeclaresEnvironments(d Directory) bool {
	name, there := d.ConfigurationFile()
	if !there {
		return false
	}
	c := &candidate{dir: d.Path(), name: path.Base(name)}
	return c.read() && c.declares
}

// IsNoManifest reports whether the error says that no manifest was found.
func IsNoManifest(err error) bool {
	_, ok := errors.AsType[*NoManifestError](err)
	return ok
}
