package command

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/schema"
)

// readExisting returns the manifest of a repository that is to be given environments, and the text of its file, nil where
// there is none. One that declares environments is a problem: nothing is overwritten.
func readExisting(dir string) (*schema.Manifest, []byte, error) {
	name, there := schema.Directory{Root: dir, Name: "."}.ConfigurationFile()
	m, err := schema.DiscoverManifest(dir)
	if err != nil || !there {
		return m, nil, err
	}
	file := filepath.Join(dir, name)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	read, problems := schema.LoadManifest(m.Root, name)
	if !read.Discover {
		return nil, nil, alreadyThere(file)
	}
	if len(text) > 0 && problems.HasErrors() {
		for i := range problems {
			problems[i].File = filepath.Join(dir, problems[i].File)
		}
		return nil, nil, problems
	}
	return read, append([]byte{}, text...), nil
}

// addTo adds the environments to a file of BitOps. Where its text cannot stay as it is, it is kept beside it.
func (g *global) addTo(file string, old []byte, names []schema.EnvironmentName) error {
	text, rewritten, err := schema.AddEnvironments(old, names)
	if err != nil {
		return schema.Problems{schema.Errorf(schema.Position{File: file}, "cannot be given environments: %v", err).
			WithHint("nothing was written")}
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	kept := ""
	if rewritten {
		kept = file + ".orig"
		if err := createFile(kept, string(old)); err != nil {
			return err
		}
	}
	temporary := file + ".tmp"
	if err := os.WriteFile(temporary, text, info.Mode().Perm()); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.Rename(temporary, file); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	g.print("Added %s to %s; what it said before, it still says.", count(len(names), "environment"), file)
	if kept != "" {
		g.print("Its layout had to change: as it was, it is in %s.", kept)
	}
	return nil
}
