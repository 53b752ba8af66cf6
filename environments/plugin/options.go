package plugin

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// Options say which plugins there are, and where.
type Options struct {
	// Repository is the operations repository: absolute, symbolic links resolved.
	Repository string
	// Store is the .bitops directory: absolute.
	Store string
	// Declared are the manifest's `plugins`. Entries of the built-in tools are passed over.
	Declared schema.Map[schema.Plugin]
	// Environ are the caller's variables, for BITOPS_PLUGIN_DIR. Scripts and git get them when something is installed.
	Environ []string
	// Image is the directory of installed plugins in v2's image. Default: where that image has it.
	Image string
}

// imageDirectory is where v2's image keeps its plugins (BITOPS_INSTALLED_PLUGINS_DIR in scripts/plugins/settings.py).
const imageDirectory = "/opt/bitops/scripts/installed_plugins"

// declaration is one plugin that can be used.
type declaration struct {
	schema.Plugin
	name schema.ToolName
	at   schema.Position // in the manifest; nowhere for a plugin that only the image has
}

// declarations returns the declared plugins, then the image's.
func (o Options) declarations() []declaration {
	var all []declaration
	known := func(name string) bool {
		return builtIn(name) || slices.ContainsFunc(all, func(d declaration) bool { return string(d.name) == name })
	}
	for _, entry := range o.Declared {
		if !builtIn(entry.Key) {
			all = append(all, declaration{entry.Value, schema.ToolName(entry.Key), entry.Position})
		}
	}
	for _, dir := range o.images() {
		entries, _ := os.ReadDir(dir) // mostly there is no such directory
		for _, entry := range entries {
			if name := entry.Name(); validName.MatchString(name) && !known(name) && holdsPlugin(filepath.Join(dir, name)) {
				all = append(all, declaration{name: schema.ToolName(name)})
			}
		}
	}
	return all
}

// validName is what can name a plugin: it is a directory's name, and with dashes as underscores part of variables.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// builtIn reports whether the plugin of that name is part of bitops, or needs no step (aws and kubectl in v2).
func builtIn(name string) bool {
	return slices.Contains(schema.DefaultTools, schema.ToolName(name)) || name == "aws" || name == "kubectl"
}

// images returns the directories that hold plugins nobody needs to install.
func (o Options) images() []string {
	image := o.Image
	if image == "" {
		image = imageDirectory
	}
	dirs := []string{image}
	if dir := environments.VariablesOf(o.Environ)["BITOPS_PLUGIN_DIR"]; filepath.IsAbs(dir) {
		dirs = []string{filepath.Clean(dir), image}
	}
	return dirs
}

// installs is the directory of what Install installs.
func (o Options) installs() string { return filepath.Join(o.Store, "plugins") }

// shown returns how a file is named in messages: relative to the repository where it is in it.
func (o Options) shown(file string) string {
	rel, err := filepath.Rel(o.Repository, file)
	if err != nil || !filepath.IsLocal(rel) {
		return file
	}
	return filepath.ToSlash(rel)
}

// holdsPlugin reports whether a directory looks like a plugin.
func holdsPlugin(dir string) bool { return isFile(dir, configFile) || isFile(dir, deployScript) }

func isFile(elements ...string) bool {
	info, err := os.Stat(filepath.Join(elements...))
	return err == nil && info.Mode().IsRegular()
}

func isDirectory(elements ...string) bool {
	info, err := os.Stat(filepath.Join(elements...))
	return err == nil && info.IsDir()
}

// word turns a name into a part of a variable's name, as the schemas of v2 do.
func word(name string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}
