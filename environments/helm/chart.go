package helm

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// The files of a chart. Charts of the first version keep their dependencies apart.
const (
	chartFile    = "Chart.yaml"
	requirements = "requirements.yaml"
)

// charts returns the charts in a directory, or the directory itself when it is one.
func charts(repository, dir string) ([]string, schema.Problems) {
	if has(repository, dir, chartFile) {
		return []string{"."}, nil
	}
	entries, err := os.ReadDir(filepath.Join(repository, filepath.FromSlash(dir)))
	if err != nil {
		return nil, schema.Problems{schema.Errorf(schema.Position{File: dir}, "cannot be read: %v", errors.Unwrap(err))}
	}
	var found []string
	for _, entry := range entries { // sorted by name
		if name := entry.Name(); isChart(repository, path.Join(dir, name)) {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return nil, schema.Problems{schema.Warningf(schema.Position{File: dir}, "holds no chart").
			WithHint("a chart is a directory with a %s", chartFile)}
	}
	return found, nil
}

// isChart reports whether a directory is meant to be a chart: it holds some part of one, or hooks that may write it, or
// the default folder has it.
func isChart(repository, dir string) bool {
	name := path.Base(dir)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || isHooks(name) || !has(repository, dir, ".") {
		return false
	}
	d := schema.Directory{Root: repository, Name: dir}
	_, configured := d.ConfigurationFile()
	parts := []string{chartFile, valuesFile, "templates"}
	return configured || slices.ContainsFunc(parts, func(part string) bool { return has(repository, dir, part) }) ||
		environments.HasBeforeHooks(d) || hasDefault(repository, dir)
}

func isHooks(name string) bool {
	return strings.HasSuffix(name, ".d") && (strings.HasPrefix(name, "bitops.") || strings.HasPrefix(name, "bitops-"))
}

func has(repository string, elements ...string) bool {
	_, err := os.Stat(filepath.Join(repository, filepath.FromSlash(path.Join(elements...))))
	return err == nil
}

// hasDefault reports whether a default folder holds the chart. Which folder that is only a run knows; its name begins
// with an underscore, as of everything at the root that is no environment.
func hasDefault(repository, dir string) bool {
	below := path.Join(path.Base(path.Dir(dir)), path.Base(dir))
	entries, _ := os.ReadDir(repository)
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return strings.HasPrefix(entry.Name(), "_") && has(repository, entry.Name(), below, chartFile)
	})
}

// inspect reads what a chart takes. A chart that a hook may still write needs no Chart.yaml.
func inspect(d schema.Directory) (schema.Interface, schema.Problems) {
	i := schema.Interface{AnyInput: true, Inputs: emptyKeys(d.Root, d.Name)}
	s, problems := settingsOfFiles(d)
	if problems.HasErrors() || s.skipped != "" {
		return i, problems
	}
	if s.namespace == "" {
		problems = append(problems, schema.Warningf(schema.Position{File: configurationPlace(d)},
			"%s is not set", keyNamespace).WithHint("the step needs it, from here or from the variable BITOPS_HELM_NAMESPACE"))
	}
	if !has(d.Root, d.Name, chartFile) && !environments.HasBeforeHooks(d) && !environments.HasBeforeHooks(above(d)) {
		problems = append(problems, noChart(d.Name))
	}
	return i, problems.Sorted()
}

func noChart(dir string) schema.Problem {
	return schema.Errorf(schema.Position{File: dir}, "holds no %s", chartFile).
		WithHint("a step of helm is a chart, or a directory of charts")
}

func configurationPlace(d schema.Directory) string {
	if file, ok := configurationDirectory(d).ConfigurationFile(); ok {
		return file
	}
	return d.Name
}

// emptyKeys returns the keys of the chart's values.yaml that wait for a value. Errors in the file are helm's to tell.
func emptyKeys(repository, dir string) []schema.Parameter {
	file := path.Join(dir, valuesFile)
	values, _, _ := schema.ReadYAMLFile(filepath.Join(repository, filepath.FromSlash(file)), file)
	var empty []schema.Parameter
	for _, f := range values.Fields {
		if f.Value.IsNull() || f.Value.Text == "" && !f.Value.IsMapping() && !f.Value.IsList() {
			empty = append(empty, schema.Parameter{Name: f.Key, Position: f.Position})
		}
	}
	return empty
}

// dependencies fetches the charts that this one needs. With a lock file they are those that it names, unless it does not
// fit any more, or names a repository that helm has not been told of: only an update can do without being told.
func (s *session) dependencies(ctx context.Context) error {
	if !has(s.Directory, chartFile) {
		return environments.Failuref("%s holds no %s", s.Step.Directory(), chartFile)
	}
	if !s.needsCharts() {
		return nil
	}
	if has(s.Source, "Chart.lock") || has(s.Source, "requirements.lock") {
		err := s.dependency(ctx, "build")
		failure, failed := errors.AsType[*environments.Failure](err)
		if !failed || !outdated(failure) {
			return err
		}
		s.Notice("the lock file of the chart cannot be used, so helm resolves its dependencies again: %s", failure.Message)
	}
	return s.dependency(ctx, "update")
}

func (s *session) dependency(ctx context.Context, how string) error {
	s.Phase(schema.PhaseInit, "helm dependency "+how)
	var silent silentRepositories
	p := s.helm("dependency", how, ".")
	p.Stdout = func(line string) {
		silent.read(line)
		s.Log("stdout", line)
	}
	return silent.blame(s.must(ctx, p))
}

func outdated(failure *environments.Failure) bool {
	text := strings.Join(failure.Lines, "\n")
	return strings.Contains(text, "out of sync") || strings.Contains(text, "no repository definition")
}

func (s *session) needsCharts() bool {
	for _, name := range []string{chartFile, requirements} {
		document, _, _ := schema.ReadYAMLFile(filepath.Join(s.Directory, name), name) // errors are helm's to tell
		if len(document.Field("dependencies").Items) > 0 {
			return true
		}
	}
	return false
}
