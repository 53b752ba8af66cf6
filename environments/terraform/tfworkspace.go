package terraform

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// workspaceVariable names the workspace of a call, and wins over the one that was selected.
const workspaceVariable = "TF_WORKSPACE"

// The files in the data directory that tell of workspaces: the one that terraform has selected, the one that bitops did,
// and the one of the variable that was there.
const (
	currentWorkspace = "environment"
	notedWorkspace   = "bitops.workspace"
	seenWorkspace    = "bitops.workspace-seen"
)

// selectWorkspace selects the terraform workspace that the configuration or the variable names. terraform remembers its
// workspace in .terraform, which lasts between runs: so bitops notes which one it selected, and goes back to the default
// one when nothing names one any more.
//
// A workspace that is not there is in missingWorkspace afterwards: only an apply makes one.
func (s *session) selectWorkspace(ctx context.Context) error {
	if own := s.Variables[workspaceVariable]; own != "" {
		if s.workspace != "" && own != s.workspace {
			s.Notice("TF_WORKSPACE wins: the workspace is %s, not %s", own, s.workspace)
		}
		return s.seeWorkspace(ctx, own)
	}
	current, noted := s.inDataDirectory(currentWorkspace), s.inDataDirectory(notedWorkspace)
	if s.workspace == "" {
		if name := content(noted); name != "" && name == content(current) {
			return errors.Join(os.Remove(current), os.Remove(noted))
		}
		return nil
	}
	if content(current) == s.workspace || content(current) == "" && s.workspace == "default" {
		return nil
	}
	err := s.must(ctx, s.program("workspace select", s.workspace))
	if _, failed := errors.AsType[*environments.Failure](err); failed {
		there, unknown := s.hasWorkspace(ctx, s.workspace)
		if there || unknown != nil {
			return err
		}
		s.missingWorkspace = s.workspace
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(noted, []byte(s.workspace), 0o600)
}

// seeWorkspace finds out whether the workspace of the variable is there, once. A cloud backend makes it in init.
func (s *session) seeWorkspace(ctx context.Context, name string) error {
	seen := s.inDataDirectory(seenWorkspace)
	if s.remoteWorkspaces() || name == "default" || content(seen) == name {
		return nil
	}
	there, err := s.hasWorkspace(ctx, name)
	if err != nil {
		return err
	}
	if !there {
		s.missingWorkspace = name
		return nil
	}
	return os.WriteFile(seen, []byte(name), 0o600)
}

// remoteWorkspaces reports whether the backend has no default workspace.
func (s *session) remoteWorkspaces() bool {
	return s.module.backend != nil && (s.module.backend.kind == "cloud" || s.module.backend.kind == "remote")
}

// hasWorkspace reports whether the backend has a workspace of that name.
func (s *session) hasWorkspace(ctx context.Context, name string) (bool, error) {
	text, err := s.read(ctx, s.withoutWorkspace(s.program("workspace list")))
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "* ")) == name {
			return true, nil
		}
	}
	return false, nil
}

// withoutWorkspace keeps the variable from a program that would refuse to work with it. Empty is unset for terraform.
func (s *session) withoutWorkspace(p environments.ProgramCall) environments.ProgramCall {
	p.Extra = maps.Clone(p.Extra)
	p.Extra[workspaceVariable] = ""
	return p
}

// makeWorkspace makes the workspace that is missing, and selects it.
func (s *session) makeWorkspace(ctx context.Context) error {
	name := s.missingWorkspace
	if name == "" {
		return nil
	}
	s.Notice("the workspace %s does not exist yet, and is made", name)
	if err := s.must(ctx, s.withoutWorkspace(s.program("workspace new", name))); err != nil {
		return err
	}
	s.missingWorkspace = ""
	return os.WriteFile(s.inDataDirectory(notedWorkspace), []byte(name), 0o600)
}

// emptyName is the override file of a plan without a workspace. terraform reads override files in the order of their names,
// so this one comes after the one for local state.
const emptyName = "bitops_workspace_override.tf.json"

// missingName is the artifact that says in which workspace, which did not exist, a plan was made.
const missingName = "missing-workspace.json"

// planAsEmpty plans what is in no workspace yet, without making it: against an empty state of its own, in a private
// directory. Such a plan cannot be applied itself. What is kept for an apply is that the workspace did not exist: as long as
// that is so, a new plan of the same files and values says the same.
func (s *session) planAsEmpty(ctx context.Context) (environments.Result, error) {
	s.Notice("the workspace %s does not exist yet: apply makes it, and until then there is nothing in it", s.missingWorkspace)
	if err := s.Keep(missingName, s.missingWorkspace); err != nil {
		return environments.Result{}, err
	}
	artifact := s.Artifact
	s.Artifact = ""
	defer func() { s.Artifact = artifact }()
	private := filepath.Join(s.Private, "workspace")
	override, err := json.Marshal(map[string]any{"terraform": map[string]any{"backend": map[string]any{"local": localState{
		Path: filepath.Join(private, stateFile), WorkspaceDir: filepath.Join(private, stateDirectory),
	}}}})
	if err != nil {
		return environments.Result{}, err
	}
	file := filepath.Join(s.Directory, emptyName)
	if err := os.WriteFile(file, override, 0o600); err != nil {
		return environments.Result{}, err
	}
	defer func() { _ = os.Remove(file) }()
	args := []string{"-input=false"}
	if installed := s.inDataDirectory("providers"); isThere(installed) { // by the init before
		args = append(args, "-plugin-dir="+installed)
	}
	elsewhere := *s
	elsewhere.data = filepath.Join(private, dataDirectory)
	for _, p := range []environments.ProgramCall{
		elsewhere.program("init", args...), elsewhere.program("workspace new", s.missingWorkspace),
	} {
		if err := s.must(ctx, s.withoutWorkspace(p)); err != nil {
			return environments.Result{}, err
		}
	}
	result, _, err := elsewhere.planFar(ctx, 0)
	if err == nil && result.Deferred != "" {
		result.Changes = nil // they are no promise, because what is planned here is not what is applied
	}
	return result, err
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// nowhere is what there is to do in a workspace that does not exist, for what only takes down.
func (s *session) nowhere() (environments.Result, error) {
	s.Notice("the workspace %s does not exist: there is nothing to take down", s.missingWorkspace)
	return environments.Result{Changes: &schema.Changes{}}, s.Keep(missingName, s.missingWorkspace)
}

// stillMissing returns a *environments.StaleError when a workspace exists that did not when the step was planned.
func (s *session) stillMissing() error {
	var name string
	if !s.Planned {
		return nil
	}
	if kept, err := s.Kept(missingName, &name); err != nil || !kept || name == s.missingWorkspace {
		return err
	}
	return environments.Stalef("the workspace %s exists by now: something else made it after this was planned", name)
}

func (s *session) inDataDirectory(name string) string {
	return filepath.Join(s.Directory, dataDirectory, name)
}

// content returns what a file holds, without the white space around it, and nothing for one that is not there.
func content(file string) string {
	text, _ := os.ReadFile(file)
	return strings.TrimSpace(string(text))
}

// dataVariable adds where a program keeps its data, where that is not the usual place.
func (s *session) dataVariable(extra map[string]string) map[string]string {
	if s.data != "" {
		extra["TF_DATA_DIR"] = s.data
	}
	return extra
}

// configurationNames are bitops' own files among those of the module.
var configurationNames = []string{overrideName, emptyName}

func ownFile(name string) bool { return slices.Contains(configurationNames, name) }
