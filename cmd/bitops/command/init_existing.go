package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/atomicfile"
)

// existing is the repository that init is about.
type existing struct {
	manifest *schema.Manifest
	dir      string // of the manifest, as a person names it
	text     []byte // of the manifest's file; nil where there is none
}

// file returns the path of the manifest's file.
func (e *existing) file() string { return filepath.Join(e.dir, e.manifest.File) }

// readExisting returns the repository of a directory. A directory without a manifest is one of its own, or, with above, a
// part of the one whose manifest is found further up.
func readExisting(dir string, above bool) (*existing, error) {
	name, there := schema.Directory{Root: dir, Name: "."}.ConfigurationFile()
	if !there && above {
		root, file, err := schema.FindManifest(dir)
		if err == nil {
			dir, name, there = shownAs(root), file, true
		} else if !schema.IsNoManifest(err) {
			return nil, err
		}
	}
	m, err := schema.DiscoverManifest(dir)
	if err != nil || !there {
		return &existing{manifest: m, dir: dir}, err
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	read, problems := schema.LoadManifest(m.Root, name)
	if len(text) > 0 && problems.HasErrors() {
		for i := range problems {
			problems[i].File = filepath.Join(dir, problems[i].File)
		}
		return nil, problems
	}
	return &existing{manifest: read, dir: dir, text: append([]byte{}, text...)}, nil
}

// addTo adds environments to a file. Where its text cannot stay as it is, it is kept beside it.
func (g *global) addTo(file string, old []byte, names []schema.EnvironmentName) error {
	text, rewritten, err := schema.AddEnvironments(old, names)
	if err != nil {
		return schema.Problems{schema.Errorf(schema.Position{File: file}, "cannot be given environments: %v", err).
			WithHint("nothing was written; write them there: %s", strings.Join(keys(names), ", "))}
	}
	kept := ""
	if rewritten {
		kept = file + ".orig"
		if err := createFile(kept, string(old)); err != nil {
			return fmt.Errorf("keep the manifest as it was: %w", err)
		}
	}
	if err := replaceFile(file, text); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	g.print("Added %s to %s: %s. What it said before, it still says.", count(len(names), "environment"), file, strings.Join(listed(names), ", "))
	if kept != "" {
		g.print("Its layout had to change: as it was, it is in %s.", kept)
	}
	return nil
}

// replaceFile gives a file that is there another text, all of it or none. A link stays one.
func replaceFile(file string, text []byte) error {
	file, err := filepath.EvalSymlinks(file)
	if err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return atomicfile.File{Mode: info.Mode().Perm(), Exact: true}.Write(file, text)
}

// listed returns names as a message shows them.
func listed(names []schema.EnvironmentName) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = name.String()
	}
	return list
}

// keys returns names as they are declared.
func keys(names []schema.EnvironmentName) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = schema.QuoteKey(string(name)) + ": {}"
	}
	return list
}
