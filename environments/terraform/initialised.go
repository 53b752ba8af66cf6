package terraform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/bitops-engine/bitops/environments"
)

// init is the slowest part of most runs, and mostly does nothing. So bitops notes what the last one depended on, and
// leaves it out when nothing of that changed. Where terraform says that it has to be run after all, it is.

// initNote is the file in terraform's data directory that says for what the directory is initialised. It goes with it.
const initNote = "bitops.init"

// initialise runs init, unless the directory is initialised for just what is there. Skipped tells which.
func (t *Terraform) initialise(ctx context.Context, s *session, force bool) (skipped bool, err error) {
	note := filepath.Join(s.Directory, dataDirectory, initNote)
	if !force && !s.upgrade && s.private() {
		if key := s.initKey(); key != "" && key == content(note) {
			return true, nil
		}
	}
	if err := os.Remove(note); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	if err := s.repairBackendNote(); err != nil {
		return false, err
	}
	cache := s.callersCache()
	variables, err := s.withoutCallersCache(cache)
	if err != nil {
		return false, err
	}
	release := func() {}
	if variables == nil && cache.dir != "" {
		if release, err = t.caches.Take(ctx, cache.dir); err != nil {
			return false, err
		}
	}
	defer release()
	shared, err := s.shareProviders(ctx)
	if err != nil {
		return false, err
	}
	if variables == nil {
		variables = shared.variables()
	}
	err = s.init(ctx, variables)
	shared.release(err == nil)
	if err != nil {
		return false, err
	}
	if key := s.initKey(); key != "" && s.private() {
		_ = os.WriteFile(note, []byte(key), 0o600) // without it, init is run again
	}
	return false, nil
}

// repairBackendNote removes terraform's note of the backend that it has initialised where that was cut off, by a full disk
// or a kill: with it, every init fails. It says no more than the configuration, and is in a copy of bitops' own.
func (s *session) repairBackendNote() error {
	note := filepath.Join(s.Directory, dataDirectory, "terraform.tfstate")
	text, err := os.ReadFile(note)
	if errors.Is(err, os.ErrNotExist) || err == nil && json.Valid(text) || !s.private() {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Remove(note)
}

// private reports whether nobody but bitops runs terraform in the step's directory: it is a copy.
func (s *session) private() bool {
	here, err := filepath.EvalSymlinks(s.Directory)
	if err != nil {
		return false
	}
	there, err := filepath.EvalSymlinks(s.Source)
	return err != nil || here != there
}

// wantsInit reports whether a command failed because the directory is not initialised for what is there. Nothing was
// changed then. terraform's texts name the command to run; those of providers that are gone do not always.
func (s *session) wantsInit(err error) bool {
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok || s.touched {
		return false
	}
	return uninitialised.MatchString(failure.Message + "\n" + strings.Join(failure.Lines, "\n") + "\n" + strings.Join(failure.Errors, "\n"))
}

var uninitialised = regexp.MustCompile(`(?i)\b(terraform|tofu) init\b|required plugins are not installed|` +
	`failed to (load|instantiate|query available) p(lugin|rovider)|could not load plugin|unreadable module directory|module not installed`)

// initKey names everything that init depends on, "" when that is not known.
func (s *session) initKey() string {
	h := sha256.New()
	fmt.Fprintf(h, "1 %s %s\n", s.binary, s.found)
	fmt.Fprintf(h, "%q\n", s.backendItems())
	for _, item := range s.backendConfig {
		s.addFile(h, item) // it can be the name of a file
	}
	for _, file := range s.earlyFiles() {
		s.addFile(h, file)
	}
	for _, name := range []string{lockFile, overrideName, filepath.Join(dataDirectory, stateFile)} {
		s.addFile(h, name)
	}
	s.addVariables(h)
	entries, err := os.ReadDir(s.Directory)
	if err != nil {
		return ""
	}
	said := map[string]bool{} // whatever file says it, and however often
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !configurationFile(name) && !strings.Contains(name, ".tofu") || s.binary == tofu && replaced(entries, name) {
			continue
		}
		if !s.addConfiguration(said, name) {
			return ""
		}
	}
	fmt.Fprintf(h, "%q\n", slices.Sorted(maps.Keys(said)))
	return hex.EncodeToString(h.Sum(nil))
}

func (s *session) addFile(h hash.Hash, name string) {
	file := name
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.Directory, name)
	}
	if text, err := os.ReadFile(file); err == nil {
		fmt.Fprintf(h, "%q %q\n", name, text)
	}
}

// addVariables adds the variables that change what init does, and the file that configures the program. OpenTofu lets
// variables choose sources and backends.
func (s *session) addVariables(h hash.Hash) {
	var names []string
	for name := range s.Variables {
		given := strings.HasPrefix(name, "TF_VAR_")
		if strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "TF_LOG") && (!given || s.binary == tofu) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "%s %q\n", name, s.Variables[name])
	}
	for _, file := range s.configurationFiles() {
		s.addFile(h, file)
	}
}

// configurationFiles are those in which terraform itself may be configured, whether they exist or not.
func (s *session) configurationFiles() []string {
	return slices.DeleteFunc([]string{
		s.Variables["TF_CLI_CONFIG_FILE"], s.Variables["TERRAFORM_CONFIG"],
		filepath.Join(s.Variables["HOME"], ".terraformrc"), filepath.Join(s.Variables["HOME"], ".tofurc"),
	}, func(file string) bool { return !filepath.IsAbs(file) })
}

// addConfiguration adds what a file says of providers, modules and the backend: all of it, but for the blocks of which
// init looks at no more than the provider.
func (s *session) addConfiguration(said map[string]bool, name string) bool {
	if !strings.HasSuffix(name, ".tf") || overrideFile(name) {
		text, err := os.ReadFile(filepath.Join(s.Directory, name))
		said[name+" "+string(text)] = true
		return err == nil
	}
	file := s.module.parsed[name]
	if file == nil {
		return false
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return false
	}
	text := file.Bytes
	for _, block := range body.Blocks {
		switch block.Type {
		case "resource", "data", "ephemeral":
			said["of "+providerOf(block)] = true
			if attribute := block.Body.Attributes["provider"]; attribute != nil {
				said[string(attribute.SrcRange.SliceBytes(text))] = true
			}
		case "output", "moved", "removed", "import":
		case "variable", "locals":
			if s.binary == tofu {
				said[string(block.Range().SliceBytes(text))] = true
			}
		default: // terraform, module, provider, and what later versions bring
			said[string(block.Range().SliceBytes(text))] = true
		}
	}
	return true
}

// providerOf returns the provider that the type of a resource stands for.
func providerOf(block *hclsyntax.Block) string {
	if len(block.Labels) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(block.Labels[0], "_")
	return name
}
