package plugin

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// The files of a plugin, and the names that v2 gives its scripts when plugin.config.yaml does not.
const (
	configFile    = "plugin.config.yaml"
	schemaFile    = "bitops.schema.yaml"
	deployScript  = "deploy.sh"
	installScript = "install.sh"
	language      = "bash"
)

// config is a plugin.config.yaml:
//
//	plugin:
//	  install:
//	    language: bash
//	    install_script: install.sh
//	    dependencies: [kubectl]
//	  deployment:
//	    language: python3
//	    deployment_script: deploy.py
//	    core_schema_parsing: true      # false: the script reads bitops.config.yaml itself
//	    before_hook_scripts: true
//	    after_hook_scripts: true
//	    plan: true                     # new: the script has a stack-action `plan`, which changes nothing
//	    destroy: true                  # new: it has a stack-action `destroy`
//	    outputs: true                  # new: its stack-action `outputs` prints the outputs again
//	    identity: true                 # new: its stack-action `identity` prints what the step owns
//
// In the place of true, the last four take the word that the script has for it.
type config struct {
	deploy, install script
	dependencies    []string
	parse           bool // bitops.schema.yaml is for bitops to read
	before, after   bool // the hooks run

	plan, outputs string // stack-actions, "" for none
	identity      string // the same
	destroy       string // the same
	knowsDestroy  bool   // something is said of destroy
}

// script is a program of the plugin.
type script struct {
	language string
	name     string // relative to the plugin's directory
	named    bool   // the configuration names it
}

func defaultConfig() config {
	return config{
		deploy: script{language: language, name: deployScript}, install: script{language: language, name: installScript},
		parse: true, before: true, after: true,
	}
}

// reader takes plugin.config.yaml apart and collects what is wrong with it.
type reader struct {
	file     string
	problems schema.Problems
}

// readConfig reads the plugin.config.yaml of a directory. shown is the file's name in problems.
func readConfig(dir, shown string) (config, schema.Problems) {
	c := defaultConfig()
	if !isFile(dir, configFile) {
		return c, nil
	}
	root, _, problems := schema.ReadYAMLFile(filepath.Join(dir, configFile), shown)
	if problems.HasErrors() {
		return c, problems
	}
	r := &reader{file: shown, problems: problems}
	for _, e := range r.mapping("the file", root, "plugin") {
		for _, e := range r.mapping(e.Key, e.Value, "install", "deployment") {
			if e.Key == "install" {
				r.install(&c, e.Value)
			} else {
				r.deployment(&c, e.Value)
			}
		}
	}
	return c, r.problems.Sorted()
}

func (r *reader) install(c *config, n schema.YAMLNode) {
	for _, e := range r.mapping("install", n, "language", "install_script", "dependencies") {
		switch e.Key {
		case "language":
			r.text(&c.install.language, e)
		case "install_script":
			c.install.named = r.path(&c.install.name, e)
		case "dependencies":
			c.dependencies = r.words(e)
		}
	}
}

func (r *reader) deployment(c *config, n schema.YAMLNode) {
	keys := []string{
		"language", "deployment_script", "core_schema_parsing", "before_hook_scripts", "after_hook_scripts",
		"plan", "destroy", "outputs", "identity", "life_cycle_scripts",
	}
	for _, e := range r.mapping("deployment", n, keys...) {
		switch e.Key {
		case "language":
			r.text(&c.deploy.language, e)
		case "deployment_script":
			c.deploy.named = r.path(&c.deploy.name, e)
		case "core_schema_parsing":
			r.flag(&c.parse, e)
		case "before_hook_scripts":
			r.flag(&c.before, e)
		case "after_hook_scripts":
			r.flag(&c.after, e)
		case "plan":
			c.plan = r.action(e)
		case "destroy":
			c.destroy, c.knowsDestroy = r.action(e), true
		case "outputs":
			c.outputs = r.action(e)
		case "identity":
			c.identity = r.action(e)
		case "life_cycle_scripts": // v2's guide has it, and v2 does not read it
		}
	}
}

type entry = schema.Entry[schema.YAMLNode]

// mapping returns the entries of a mapping that have a value. Unknown keys are warnings, as in every file of a tool.
func (r *reader) mapping(name string, n schema.YAMLNode, keys ...string) []entry {
	if n.IsNull() {
		return nil
	}
	if !n.IsMapping() {
		r.errorf(n, "%s must be a mapping", name)
		return nil
	}
	var known []entry
	for _, e := range n.Fields {
		switch {
		case !slices.Contains(keys, e.Key):
			r.problems = append(r.problems, schema.Warningf(e.Position, "unknown key %q", e.Key).
				WithHint("%s", schema.DidYouMean(e.Key, keys)))
		case !e.Value.IsNull():
			known = append(known, e)
		}
	}
	return known
}

func (r *reader) text(to *string, e entry) {
	if e.Value.IsMapping() || e.Value.IsList() || e.Value.Text == "" {
		r.errorf(e.Value, "%s must be a text", e.Key)
		return
	}
	*to = e.Value.Text
}

// path reads the name of a file of the plugin.
func (r *reader) path(to *string, e entry) (ok bool) {
	before := *to
	if r.text(to, e); !filepath.IsLocal(*to) {
		r.errorf(e.Value, "%s must be a path in the plugin's directory, not %q", e.Key, *to)
		*to = before
		return false
	}
	return true
}

func (r *reader) words(e entry) []string {
	items := []schema.YAMLNode{e.Value}
	if e.Value.IsList() {
		items = e.Value.Items
	}
	var words []string
	for _, item := range items {
		word := ""
		if r.text(&word, entry{Key: "an entry of " + e.Key, Value: item}); word != "" {
			words = append(words, word)
		}
	}
	return words
}

func (r *reader) flag(to *bool, e entry) {
	value, ok := boolean(e.Value)
	if !ok {
		r.errorf(e.Value, "%s must be true or false", e.Key)
		return
	}
	*to = value
}

// action reads whether the script has a stack-action, and what it is called there.
func (r *reader) action(e entry) string {
	word := ""
	switch value, ok := boolean(e.Value); {
	case !ok:
		r.text(&word, e)
	case value:
		word = e.Key
	}
	return word
}

// boolean takes the spellings that the rest of bitops takes: "false" is false.
func boolean(n schema.YAMLNode) (value, ok bool) {
	if n.IsMapping() || n.IsList() {
		return false, false
	}
	switch strings.ToLower(n.Text) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0":
		return false, true
	}
	return false, false
}

func (r *reader) errorf(at schema.YAMLNode, format string, args ...any) {
	r.problems = append(r.problems, schema.Errorf(at.Position, format, args...))
}
