package ansible

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// config is what bitops has to know of ansible's own configuration.
type config struct {
	file      string // the ansible.cfg in force, or ""
	own       bool   // it is the one of the step's directory
	inventory []string
	callbacks string // where ansible looks for callback plugins, separated by colons
}

// defaultCallbacks is where ansible looks when nobody says anything.
const defaultCallbacks = "~/.ansible/plugins/callback:/usr/share/ansible/plugins/callback"

// readConfig finds ansible's configuration file as ansible does and reads the settings that bitops adds to, with
// ansible's own variables over them:
// https://docs.ansible.com/ansible/latest/reference_appendices/config.html
func readConfig(dir string, variables environments.Variables) config {
	var c config
	var defaults map[string]string
	for _, file := range []string{
		variables["ANSIBLE_CONFIG"], filepath.Join(dir, "ansible.cfg"), "~/.ansible.cfg", "/etc/ansible/ansible.cfg",
	} {
		if file == "" {
			continue
		}
		file = expand(file, dir, dir, variables)
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			file = filepath.Join(file, "ansible.cfg")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		c.file, c.own = file, file == filepath.Join(dir, "ansible.cfg") && variables["ANSIBLE_CONFIG"] == ""
		defaults = readDefaults(string(text))
		break
	}
	beside := filepath.Dir(c.file)
	plugins := strings.Join(expandAll(defaults["callback_plugins"], ":", beside, dir, variables), ":")
	c.callbacks = cmp.Or(variables["ANSIBLE_CALLBACK_PLUGINS"], plugins, defaultCallbacks)
	c.inventory = expandAll(variables["ANSIBLE_INVENTORY"], ",", dir, dir, variables)
	if len(c.inventory) == 0 {
		c.inventory = expandAll(defaults["inventory"], ",", beside, dir, variables)
	}
	return c
}

// readDefaults returns the settings of the section [defaults].
func readDefaults(text string) map[string]string {
	values := map[string]string{}
	within, last := false, ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		case trimmed[0] == '[':
			within, last = trimmed == "[defaults]", ""
		case !within:
		case line[0] == ' ' || line[0] == '\t': // the value goes on
			if last != "" {
				values[last] += withoutComment(trimmed)
			}
		default:
			at := strings.IndexAny(line, "=:")
			if at < 0 {
				continue
			}
			last = strings.ToLower(strings.TrimSpace(line[:at]))
			values[last] = withoutComment(strings.TrimSpace(line[at+1:]))
		}
	}
	return values
}

func withoutComment(value string) string {
	value, _, _ = strings.Cut(value, " ;")
	return strings.TrimSpace(value)
}

// expandAll makes every path of a list absolute.
func expandAll(list, separator, base, cwd string, variables environments.Variables) []string {
	var paths []string
	for _, item := range words(strings.Split(list, separator)) {
		paths = append(paths, expand(strings.TrimSpace(item), base, cwd, variables))
	}
	return paths
}

// expand makes a path absolute the way ansible does: with variables, ~ and {{CWD}}.
func expand(file, base, cwd string, variables environments.Variables) string {
	file = strings.ReplaceAll(file, "{{CWD}}", cwd)
	file = os.Expand(file, func(name string) string {
		if value, ok := variables[name]; ok {
			return value
		}
		return "${" + name + "}"
	})
	if rest, ok := strings.CutPrefix(file, "~"); ok && (rest == "" || rest[0] == '/') {
		file = variables["HOME"] + rest
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(base, file)
	}
	return filepath.Clean(file)
}
