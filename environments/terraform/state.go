package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// The names of terraform's own files, and the one that bitops adds to the workspace. terraform merges a file whose name
// ends in _override over the others, and a backend block in it replaces theirs.
const (
	dataDirectory  = ".terraform"
	stateDirectory = "terraform.tfstate.d"
	stateFile      = "terraform.tfstate"
	lockFile       = ".terraform.lock.hcl"
	erroredState   = "errored.tfstate" // what terraform could not save
	overrideName   = "bitops_state_override.tf.json"
)

// localState is the content of the override file.
type localState struct {
	Path         string `json:"path"`
	WorkspaceDir string `json:"workspace_dir"`
}

// placeState makes local state live in the checkout: by an override file in the workspace that names it by a path
// relative to the workspace. A module with a backend elsewhere has no such file.
func (s *session) placeState() error {
	if err := s.orphanedState(); err != nil {
		return err
	}
	file := filepath.Join(s.Directory, overrideName)
	content, err := s.stateOverride()
	if err != nil {
		return fmt.Errorf("find the place of the local state: %w", err)
	}
	if content == nil {
		err := os.Remove(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, content) {
		return nil
	}
	return os.WriteFile(file, content, 0o644)
}

// stateOverride returns the content of the override file, or nil when there is to be none.
func (s *session) stateOverride() ([]byte, error) {
	if !s.stateIsLocal() || s.module.backend != nil && s.module.backend.open {
		return nil, nil
	}
	// Both without symbolic links: terraform opens the path from where the directory really is.
	from, err := filepath.EvalSymlinks(s.Directory)
	if err != nil {
		return nil, err
	}
	source, err := filepath.EvalSymlinks(s.Source)
	if s.Orphan && errors.Is(err, fs.ErrNotExist) {
		source, err = s.Source, nil // the directory is gone, and the state is elsewhere: orphanedState has found it
	}
	if err != nil {
		return nil, err
	}
	if from == source {
		return nil, nil // the step's directory is a link to the checkout
	}
	place := localState{Path: stateFile, WorkspaceDir: stateDirectory}
	s.configured(&place)
	for _, p := range []*string{&place.Path, &place.WorkspaceDir} {
		if filepath.IsAbs(*p) {
			continue
		}
		if *p, err = filepath.Rel(from, filepath.Join(source, *p)); err != nil {
			return nil, err
		}
	}
	content, err := json.Marshal(map[string]any{"terraform": map[string]any{"backend": map[string]any{"local": place}}})
	return append(content, '\n'), err
}

// orphanedState makes sure that the local state of a step that left the manifest is there: without it terraform would
// take down nothing, and say that all is well.
func (s *session) orphanedState() error {
	if !s.Orphan || !s.stateIsLocal() || s.module.backend != nil && s.module.backend.open {
		return nil
	}
	place := localState{Path: stateFile, WorkspaceDir: stateDirectory}
	s.configured(&place)
	for _, name := range []string{place.Path, place.WorkspaceDir} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Source, name)
		}
		if _, err := os.Stat(name); err == nil {
			return nil
		}
	}
	return &environments.RefusedError{
		Reason: fmt.Sprintf("its local state is not here (%s), so %s cannot know what to take down", filepath.Join(s.module.dir.Name, place.Path), s.binary),
		Hint: fmt.Sprintf("bring the file back; if it moved with its directory, write `renamed_from: %s` into the entry of the environment that "+
			"has it now, and apply that; if nothing of it exists any more: bitops forget %s", s.Step.Environment, s.Step.Name),
	}
}

// configured changes the usual place by what the backend block and the configuration say.
func (s *session) configured(place *localState) {
	b := s.module.backend
	if b == nil {
		return
	}
	if b.path != "" {
		place.Path = b.path
	}
	if b.workspaceDir != "" {
		place.WorkspaceDir = b.workspaceDir
	}
	for _, item := range s.backendConfig {
		switch key, value, _ := strings.Cut(item, "="); strings.TrimSpace(key) {
		case "path":
			place.Path = value
		case "workspace_dir":
			place.WorkspaceDir = value
		}
	}
}

func (s *session) stateIsLocal() bool {
	return s.module.backend == nil || s.module.backend.kind == "local"
}

// tellLeftState says so when the checkout holds local state that a backend elsewhere is about to leave unused. terraform
// would notice only if it ran there.
func (s *session) tellLeftState() {
	if s.stateIsLocal() {
		return
	}
	if _, err := os.Stat(filepath.Join(s.Directory, dataDirectory, stateFile)); err == nil {
		return // not the first time
	}
	if info, err := os.Stat(filepath.Join(s.Source, stateFile)); err == nil && info.Size() > 0 {
		s.Notice("%s/%s is not used, because the configuration names another backend (%s); to move it there, run "+
			"`%s init -migrate-state` in %s", s.module.dir.Name, stateFile, s.module.backend.kind, s.binary, s.module.dir.Name)
	}
}
