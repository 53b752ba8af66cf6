package terraform

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

var _ environments.Keeper = (*Terraform)(nil)

// Keeps implements environments.Keeper: a state that could not be saved, and one that a backend has in the workspace, by
// the name that states have or by what the data directory says of the backend: OpenTofu computes a path. The files of that kind
// in the data directory only say where the state is.
func (*Terraform) Keeps(workspace string) func(name string) bool {
	computed := localStates(workspace)
	return func(name string) bool {
		if slices.Contains(strings.Split(name, "/"), dataDirectory) {
			return false
		}
		return strings.Contains(path.Base(name), ".tfstate") || computed[name]
	}
}

// localStates returns the files in a directory that local backends there keep their states in, with their backups.
func localStates(root string) map[string]bool {
	states := map[string]bool{}
	_ = filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Base(file) == "terraform.tfstate" && filepath.Base(filepath.Dir(file)) == dataDirectory {
			if name := notedState(root, file); name != "" {
				states[name], states[name+".backup"] = true, true
			}
		}
		return nil // what cannot be read tells of no state
	})
	return states
}

// notedState returns where the local backend of a note in a data directory keeps its state, "" for another backend.
func notedState(root, file string) string {
	var note struct {
		Backend struct {
			Type   string `json:"type"`
			Config struct {
				Path string `json:"path"`
			} `json:"config"`
		} `json:"backend"`
	}
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &note) != nil || note.Backend.Type != "local" || note.Backend.Config.Path == "" {
		return ""
	}
	name, err := filepath.Rel(root, filepath.Join(filepath.Dir(filepath.Dir(file)), note.Backend.Config.Path))
	if err != nil {
		return ""
	}
	return filepath.ToSlash(name)
}
