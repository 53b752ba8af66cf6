package terraform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var (
	_ environments.Owner     = (*Terraform)(nil)
	_ environments.Historian = (*Terraform)(nil)
)

// localStateAt names the state in a file. One in the repository is named by its path in it, so that it is the same in any
// checkout; the lineage tells whether it really is.
func (s *session) localStateAt(file string) *schema.Identity {
	file = s.RealPath(file)
	named := file
	root := s.RealPath(strings.TrimSuffix(filepath.ToSlash(s.Source), "/"+s.Step.Directory()))
	if inside, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(inside) {
		named = filepath.ToSlash(inside)
	}
	return &schema.Identity{Key: "terraform state in the file " + named, File: file}
}

// lineageOf returns the lineage that a state begins with, "" where there is none. It reads no further than that.
func lineageOf(state io.Reader) string {
	decoder := json.NewDecoder(state)
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return ""
		}
		var value any
		if name == "resources" || decoder.Decode(&value) != nil {
			return ""
		}
		if lineage, ok := value.(string); ok && name == "lineage" {
			return lineage
		}
	}
	return ""
}

// Owns implements environments.Owner.
func (*Terraform) Owns() bool { return true }

// Declared implements environments.Owner.
func (t *Terraform) Declared(c *environments.Call, below schema.Directory) *schema.Identity {
	s, ok := t.declares(c, below)
	if !ok {
		return nil
	}
	return s.declared()
}

// Identify implements environments.Owner: there is nothing to ask.
func (t *Terraform) Identify(_ context.Context, c *environments.Call, below schema.Directory) (*schema.Identity, error) {
	return t.Declared(c, below), nil
}

// layer is what Inspect found in a directory that says which state a step owns.
type layer struct {
	backend    *backend
	configured bool // there is a configuration, or a file of variables
}

func layerOf(d schema.Directory, m *module) layer {
	_, configured := d.ConfigurationFile()
	_, variables := d.Type(environmentFile.Name)
	return layer{backend: m.backend, configured: configured || variables}
}

// layers returns what the directory of a step and that of its defaults say: what Inspect found, else they are read now.
func (t *Terraform) layers(c *environments.Call, own, below schema.Directory) []layer {
	var all []layer
	for _, found := range c.Step.Interface.Layers {
		if one, ok := found.(layer); ok {
			all = append(all, one)
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, d := range []schema.Directory{own.Listed(), below.Listed()} {
		read, _ := readSettings(d)
		all = append(all, layerOf(d, t.parser.readModule(d, read.binary)))
	}
	return all
}

// declares reads what the files of a step and its defaults say, without a workspace.
func (t *Terraform) declares(c *environments.Call, below schema.Directory) (*session, bool) {
	own := schema.Directory{Root: c.Root(), Name: c.Step.Directory()}
	layers := t.layers(c, own, below)
	if !layers[0].configured {
		own = own.Empty()
	} else if c.ReadVariables(environmentFile) != nil {
		return nil, false
	}
	values, problems := configurationSchema().ResolveFor(own, c.ToolVariables())
	backend := layers[0].backend
	for _, lower := range layers[1:] {
		if backend == nil {
			backend = lower.backend
		}
		if lower.configured {
			defaults, more := configurationSchema().Resolve(below, nil)
			values, problems = values.Over(defaults), append(problems, more...)
		}
	}
	problems = append(problems, values.Expand(c.Scope())...)
	if problems.HasErrors() {
		return nil, false
	}
	read, problems := settingsFrom(values, c.Variables)
	if problems.HasErrors() || templates(values).HasErrors() {
		return nil, false
	}
	return &session{Call: c, settings: read, module: &module{dir: own, backend: backend}}, true
}

// declared returns the state that the configuration names, nil where that is not known before init.
func (s *session) declared() *schema.Identity {
	workspace := cmp.Or(s.Variables["TF_WORKSPACE"], s.workspace, defaultWorkspace)
	b := s.module.backend
	if b != nil && b.open {
		return nil
	}
	if s.stateIsLocal() {
		return s.localStateAt(s.localFile(workspace))
	}
	arguments := maps.Clone(b.arguments)
	for _, item := range s.backendConfig {
		if name, value, ok := strings.Cut(item, "="); ok {
			arguments[strings.TrimSpace(name)] = strings.TrimSpace(value)
		} else if !s.addArguments(arguments, item) {
			return nil
		}
	}
	id, ok := stateIn(b.kind, arguments, workspace, s.Variables)
	if !ok {
		return nil
	}
	return id
}

// localFile returns the file of the local state of a workspace.
func (s *session) localFile(workspace string) string {
	place := localState{Path: stateFile, WorkspaceDir: stateDirectory}
	s.configured(&place)
	file := place.Path
	if workspace != defaultWorkspace {
		file = filepath.Join(place.WorkspaceDir, workspace, stateFile)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.Source, file)
	}
	return file
}

// addArguments adds what a file of backend-config says. It is not ok where that cannot be read.
func (s *session) addArguments(arguments map[string]string, name string) bool {
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.Directory, name)
	}
	text, err := schema.ReadFile(name)
	if err != nil {
		return false
	}
	return literalArguments(text, name, arguments)
}

// claim tells what the step owns: what init has written down, where the state is elsewhere.
func (s *session) claim(ctx context.Context) error {
	id := s.declared()
	if !s.stateIsLocal() || s.module.backend != nil && s.module.backend.open {
		if found := s.initialisedFor(); found != nil {
			id = found
		}
	}
	if id != nil {
		own := *id // others see what is declared
		s.owns = &own
		if region := s.module.awsRegion(s.Variables); region != "" {
			own.Target = map[string]string{schema.TargetRegion: region}
		}
		s.learnLineage()
		id = s.owns
	}
	return s.Claim(ctx, id)
}

// claimLineage claims the state once more, with the lineage that a plan of it tells: nothing else does for a state that is
// no file here.
func (s *session) claimLineage(ctx context.Context, planFile string) error {
	if s.owns == nil || s.owns.File != "" || s.owns.Lineage != "" {
		return nil
	}
	state, err := openPlannedState(planFile)
	if err != nil {
		return nil // plans of a cloud backend hold no state, and encrypted ones cannot be read
	}
	defer state.Close()
	if s.owns.Lineage = lineageOf(state); s.owns.Lineage == "" {
		return nil
	}
	return s.Claim(ctx, s.owns)
}

// learnLineage notes the lineage of a local state, which may only be there once it was applied.
func (s *session) learnLineage() {
	if s.owns != nil && s.owns.Lineage == "" {
		s.owns.Lineage = (*Terraform)(nil).Lineage(s.owns)
	}
}

// Lineage implements environments.Historian: it reads the beginning of a local state.
func (*Terraform) Lineage(id *schema.Identity) string {
	if id.File == "" {
		return ""
	}
	state, err := os.Open(id.File)
	if err != nil {
		return ""
	}
	defer state.Close()
	return lineageOf(state)
}

// initialisedFor returns the state that the directory is initialised for, nil where it does not tell. terraform writes the
// backend with all its arguments into a file like a state (internal/command/workdir/backend_state.go).
func (s *session) initialisedFor() *schema.Identity {
	text, err := os.ReadFile(filepath.Join(s.Directory, dataDirectory, stateFile))
	if err != nil {
		return nil
	}
	var file struct {
		Backend struct {
			Type   string         `json:"type"`
			Config map[string]any `json:"config"`
		} `json:"backend"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&file) != nil || file.Backend.Type == "" {
		return nil
	}
	arguments := map[string]string{}
	flatten("", file.Backend.Config, arguments)
	workspace := cmp.Or(s.Variables["TF_WORKSPACE"], content(filepath.Join(s.Directory, dataDirectory, "environment")), defaultWorkspace)
	if file.Backend.Type == "local" {
		place := localState{Path: cmp.Or(arguments["path"], stateFile), WorkspaceDir: cmp.Or(arguments["workspace_dir"], stateDirectory)}
		name := place.Path
		if workspace != defaultWorkspace {
			name = filepath.Join(place.WorkspaceDir, workspace, stateFile)
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.RealPath(s.Directory), name)
		}
		return s.localStateAt(name)
	}
	id, ok := stateIn(file.Backend.Type, arguments, workspace, s.Variables)
	if !ok {
		return nil
	}
	return id
}

// flatten writes nested arguments under dotted names. Those without a value are left out.
func flatten(prefix string, value any, into map[string]string) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for name, inner := range v {
			flatten(strings.TrimPrefix(prefix+"."+name, "."), inner, into)
		}
	case []any:
		for _, inner := range v {
			if object, ok := inner.(map[string]any); ok {
				flatten(prefix, object, into) // a block
				continue
			}
			into[prefix] = strings.TrimPrefix(into[prefix]+","+fmt.Sprint(inner), ",")
		}
	default:
		if text := fmt.Sprint(v); text != "" {
			into[prefix] = text
		}
	}
}
