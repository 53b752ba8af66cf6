package ansible

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// defaultPlaybook is what BitOps calls a playbook; .yml does as well.
const defaultPlaybook = "playbook.yaml"

// inCollection is a playbook that a collection brings: namespace.collection.playbook.
var inCollection = regexp.MustCompile(`^[a-z_]\w*\.[a-z_]\w*\.[a-z_]\w*$`)

// locate returns the playbook as ansible gets it, relative to dir, and whether it is there.
func locate(dir, name string) (string, bool) {
	if isFile(dir, name) || inCollection.MatchString(name) && !yamlName(name) {
		return name, true
	}
	if name == defaultPlaybook && isFile(dir, "playbook.yml") {
		return "playbook.yml", true
	}
	return name, false
}

func isFile(dir, name string) bool {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

func yamlName(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// playbookProblems says which playbooks are missing. When no file names the main one, a variable still can, so that it is
// a warning until a run. Hooks may write either.
func (s *settings) playbookProblems(d schema.Directory) schema.Problems {
	full := d.Path()
	if environments.HasBeforeHooks(d) {
		return nil
	}
	var problems schema.Problems
	missing := func(name string, at schema.Position, problem func(schema.Position, string, ...any) schema.Problem) {
		if _, found := locate(full, name); !found {
			problems = append(problems, problem(at, "there is no playbook %s", name).WithHint("%s", suggest(full, name)))
		}
	}
	if s.playbookFrom.File == "" {
		missing(s.playbook, schema.Position{File: d.Name}, schema.Warningf)
	} else {
		missing(s.playbook, s.playbookFrom, schema.Errorf)
	}
	if s.destroyPlaybook != "" {
		missing(s.destroyPlaybook, s.destroyFrom, schema.Errorf)
	}
	return problems
}

// noPlaybook is the failure of a step without its playbook.
func noPlaybook(dir, name string) error {
	return environments.Failuref("there is no playbook %s (%s)", name, suggest(dir, name))
}

// suggest says how to name a playbook, with the files that could be meant.
func suggest(dir, name string) string {
	var candidates []string
	entries, _ := os.ReadDir(dir) // a directory that cannot be read has no suggestions
	for _, entry := range entries {
		if n := entry.Name(); !entry.IsDir() && yamlName(n) && !strings.HasPrefix(n, "bitops.") && !strings.HasPrefix(n, ".") {
			candidates = append(candidates, n)
		}
	}
	const how = "the configuration names it"
	if hint := schema.DidYouMean(name, candidates); hint != "" {
		return how + "; " + hint
	}
	return how
}
