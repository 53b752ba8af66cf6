package schema

import (
	"fmt"
	"os"
	"path/filepath"
)

// DiscoverManifest returns the manifest of a repository that has none: with the default settings, and an environment in
// every directory that holds a tool's directory.
func DiscoverManifest(dir string) (*Manifest, error) {
	root, err := filepath.Abs(dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, unwrapPath(err))
	}
	return &Manifest{File: ManifestName, Root: root, Discover: true}, nil
}

// Only makes an environment, of a repository that declares none, the only one, if it has a directory: those beside it, with
// whatever is wrong in them, then play no part. It reports whether it did.
func (m *Manifest) Only(name EnvironmentName) bool {
	if !m.Discover || !name.Deployable() {
		return false
	}
	info, err := os.Stat(filepath.Join(m.Root, filepath.FromSlash(string(name))))
	if err != nil || !info.IsDir() {
		return false
	}
	at := Position{File: m.File}
	m.Environments = []Environment{{Name: name, Position: at, Path: Located{Text: string(name), Position: at}}}
	m.Discover = false
	return true
}
