package helm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// The files with values that a chart can have beside its own.
const (
	valuesFile      = "values.yaml"
	versionsFile    = "values-versions.yaml"
	secretsFile     = "values-secrets.yaml"
	valuesDirectory = "values-files"
)

// values returns the arguments that hand over the values (doc.go has their order). Those that bitops itself writes are
// in files that only the user can read.
func (s *session) values() ([]string, error) {
	files, err := s.valuesFiles()
	if err != nil {
		return nil, err
	}
	generated := map[string]any{}
	if err := s.offer(generated, files); err != nil {
		return nil, err
	}
	for _, name := range s.Inputs.Names() {
		if err := put(generated, name, s.Inputs[name]); err != nil {
			return nil, environments.Failuref("input %s: %v", name, err)
		}
	}
	if len(generated) > 0 {
		text, err := json.Marshal(generated)
		if err != nil {
			return nil, err
		}
		file, err := s.PrivateFile("inputs.values.json", text)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	var args []string
	for _, file := range files {
		args = append(args, "--values="+asListItem(file))
	}
	set, err := s.setArguments(files)
	return append(args, set...), err
}

// asListItem quotes a name that would be two: helm splits the argument at commas, as lines of CSV.
func asListItem(file string) string {
	if strings.ContainsAny(file, ",\"\n") {
		return `"` + strings.ReplaceAll(file, `"`, `""`) + `"`
	}
	return file
}

// valuesFiles returns the files that the environment and the default folder hold, relative to the chart or absolute.
func (s *session) valuesFiles() ([]string, error) {
	common := s.defaultDirectory()
	secrets, err := s.secretValues()
	if err != nil {
		return nil, err
	}
	var files []string
	for _, name := range []string{valuesFile, versionsFile} {
		for _, dir := range []string{common, "."} {
			if dir != "" && s.isFile(path.Join(dir, name)) {
				files = append(files, path.Join(dir, name))
			}
		}
	}
	if secrets != "" {
		files = append(files, secrets)
	}
	for _, dir := range []string{common, "."} {
		if dir != "" {
			more, err := s.moreValues(path.Join(dir, valuesDirectory))
			if err != nil {
				return nil, err
			}
			files = append(files, more...)
		}
	}
	return slices.DeleteFunc(files, func(name string) bool { return common != "" && s.isCopy(common, name) }), nil
}

// isCopy reports whether a file of the workspace is only the default, laid under the environment: it counts where the
// default's place is.
func (s *session) isCopy(common, name string) bool {
	if path.IsAbs(name) || has(s.Source, name) {
		return false
	}
	ours, err := os.ReadFile(s.at(name))
	theirs, missing := os.ReadFile(path.Join(common, name))
	return err == nil && missing == nil && bytes.Equal(ours, theirs)
}

// secretValues returns the file with secret values: what HELM_SECRETS_BASE64 holds, else the chart's own, else "".
func (s *session) secretValues() (string, error) {
	const name, variable = secretsFile, "HELM_SECRETS_BASE64"
	if s.Variables[variable] == "" {
		if !s.isFile(name) {
			return "", nil
		}
		s.quiet.learn(s.parsed(name))
		return name, nil
	}
	text, ok := environments.DecodeBase64(s.Variables[variable])
	if !ok {
		return "", environments.Failuref("%s is not base64", variable)
	}
	documents, err := schema.ReadYAMLDocuments(text)
	if err != nil {
		return "", environments.Failuref("%s holds no YAML", variable) // the error could show a part of it
	}
	s.quiet.learn(documents)
	return s.PrivateFile(name, text)
}

// moreValues returns the values files of a directory, by name.
func (s *session) moreValues(dir string) ([]string, error) {
	entries, err := os.ReadDir(s.at(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read values files: %w", err)
	}
	var files []string
	for _, entry := range entries {
		file := path.Join(dir, entry.Name())
		if slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(entry.Name())) && s.isFile(file) {
			files = append(files, file)
		} else {
			s.Notice("%s is left out: it is no file of values", path.Join(path.Base(dir), entry.Name()))
		}
	}
	return files, nil
}

// defaultDirectory returns the chart's directory in the default folder, absolute, or "" when there is none.
func (s *session) defaultDirectory() string {
	d := s.defaults
	chart := d.chart
	if chart == "" {
		chart = s.Step.Deployment
	}
	var candidates []string
	switch {
	case d.common:
		candidates = []string{path.Join(s.Root(), s.Variables["BITOPS_DEFAULT_ROOT_DIR"], chart)}
	case d.folder != "":
		beside := path.Dir(s.Directory)
		candidates = []string{path.Join(beside, d.folder, path.Base(s.Directory)), path.Join(s.Root(), d.folder, chart)}
	}
	for _, dir := range candidates {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && dir != s.Directory {
			return dir
		}
	}
	return ""
}

// at returns the absolute path of a name that is relative to the chart, or absolute already.
func (s *session) at(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Directory, filepath.FromSlash(name))
}

func (s *session) isFile(name string) bool {
	info, err := os.Stat(s.at(name))
	return err == nil && info.Mode().IsRegular()
}

// parsed returns the values of a file, nil when it holds none. Errors are helm's to tell.
func (s *session) parsed(file string) map[string]any {
	text, err := os.ReadFile(s.at(file))
	if err != nil {
		return nil
	}
	documents, err := schema.ReadYAMLDocuments(text)
	if err != nil || len(documents) == 0 {
		return nil
	}
	values, _ := documents[0].(map[string]any)
	return values
}

// offer takes the offered values whose key the files name and leave empty: nobody asked for the others, and what the
// environment sets wins. They come after the files, since an empty key in a later file would remove them.
func (s *session) offer(generated map[string]any, files []string) error {
	merged := map[string]any{}
	for _, file := range files {
		merge(merged, s.parsed(file))
	}
	for _, name := range s.Offered.Names() {
		value := s.Offered[name]
		if set, named := lookUp(merged, keyPath(name)); !named || set != nil && set != "" || value.Null() {
			continue
		}
		if err := put(generated, name, value); err != nil {
			return environments.Failuref("offered value %s: %v", name, err)
		}
	}
	return nil
}

// put sets the value at a key, which may be a path.
func put(values map[string]any, name string, value schema.Value) error {
	text, err := value.Reveal()
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return err
	}
	keys := keyPath(name)
	at := values
	for i, key := range keys[:len(keys)-1] {
		below, ok := at[key].(map[string]any)
		if !ok {
			if _, taken := at[key]; taken {
				return fmt.Errorf("the value of %s is no mapping", strings.Join(keys[:i+1], "."))
			}
			below = map[string]any{}
			at[key] = below
		}
		at = below
	}
	merge(at, map[string]any{keys[len(keys)-1]: plain})
	return nil
}

// keyPath splits a name at its dots. A dot behind a backslash belongs to a key, as in helm's --set.
func keyPath(name string) []string {
	const escaped = "\x00"
	keys := strings.Split(strings.ReplaceAll(name, `\.`, escaped), ".")
	for i := range keys {
		keys[i] = strings.ReplaceAll(keys[i], escaped, ".")
	}
	return keys
}

// merge lays values over others, as helm does: mappings are merged, anything else is replaced.
func merge(values, over map[string]any) {
	for key, value := range over {
		below, isMap := values[key].(map[string]any)
		if more, both := value.(map[string]any); isMap && both {
			merge(below, more)
			continue
		}
		values[key] = value
	}
}

// lookUp returns the value at a path, and whether the path is named at all.
func lookUp(values map[string]any, keys []string) (value any, named bool) {
	value = values
	for _, key := range keys {
		below, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, named = below[key]; !named {
			return nil, false
		}
	}
	return value, named
}
