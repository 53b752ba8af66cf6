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

// playbooks returns the playbooks that are run as ansible gets them, relative to the step's directory, none where there are
// none: the one that is named, else what BitOps calls a playbook. Where that is missing in a directory of BitOps
// v1, `bitops deploy` runs what v1 ran: the YAML files of the directory by their names. v2 needs a configuration, so a
// directory without one is of v1, and so is one with keys of v1.
func (s *settings) playbooks(c *environments.Call, name string) []string {
	if located, found := locate(c.Directory, name); found {
		return []string{located}
	}
	d := schema.Directory{Root: c.Root(), Name: c.Step.Directory()}
	_, configured := d.ConfigurationFile()
	if !c.Deploys() || s.playbookFrom.File != "" || name != defaultPlaybook || configured && !(*Ansible)(nil).ForV1(d) {
		return nil
	}
	for _, ext := range []string{"*.yaml", "*.yml"} {
		files, _ := filepath.Glob(filepath.Join(c.Directory, ext)) // the pattern is good
		var all []string
		for _, file := range files {
			if base := filepath.Base(file); !strings.HasPrefix(base, ".") && !v1Passes.MatchString(base) {
				all = append(all, base)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// v1Passes are the names that BitOps v1 left out. It meant the configuration, and wrote a set of letters that the name must
// not end in.
var v1Passes = regexp.MustCompile(`[bitops.cnfg]\.ya?ml$`)

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
