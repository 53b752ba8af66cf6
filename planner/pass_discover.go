package planner

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// discover takes the manifest's environments, or, where it declares none, every directory at the root that holds a
// tool's directory. Names that begin with `_` or `.` and the default folder are none.
func discover(d *draft) {
	declared := d.manifest.Environments
	if d.manifest.Discover {
		declared = d.found()
	}
	d.byName = make(map[schema.EnvironmentName]*environment, len(declared))
	d.environments = make([]*environment, len(declared))
	for i := range declared {
		env := &environment{Environment: &declared[i], directory: declared[i].Path.Text, settings: &noSettings}
		d.environments[i] = env
		d.byName[env.Name] = env
	}
	for _, name := range d.manifest.Damaged {
		if d.byName[name] == nil {
			d.byName[name] = &environment{Environment: &schema.Environment{Name: name}, damaged: true}
		}
	}
	if len(declared) == 0 && !d.problems.HasErrors() {
		hint := "an environment is a directory with one of " + strings.Join(toolStrings(schema.DefaultTools), ", ") + " in it"
		if !d.manifest.Discover {
			hint = "without the key `environments` every directory that holds a tool's directory is one"
		}
		d.add(schema.Errorf(schema.Position{File: d.manifest.File}, "there are no environments").WithHint("%s", hint))
	}
}

func (d *draft) found() []schema.Environment {
	entries, err := os.ReadDir(d.manifest.Root)
	if err != nil {
		d.errorf(schema.Position{File: "."}, "cannot be read: %v", err)
	}
	at := schema.Position{File: d.manifest.File}
	var found []schema.Environment
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || name == d.defaultFolder() || !d.holdsTool(name) {
			continue
		}
		if d.canName(name) && !d.isLink(name, d.linkedTo(entry)) {
			found = append(found, schema.Environment{
				Name: schema.EnvironmentName(name), Position: at, Path: schema.Located{Text: name, Position: at},
			})
		}
	}
	return found
}

// canName reports whether the path of a directory can be the name of its environment, and warns where it cannot.
func (d *draft) canName(dir string) bool {
	at := schema.Position{File: d.manifest.File}
	switch {
	case schema.EnvironmentName(dir).Valid():
		return true
	case schema.EnvironmentName(schema.Composed(dir)).Valid():
		d.add(schema.Warningf(at, "directory %q looks like an environment, but its accents are characters of their own (Unicode NFD)", dir).
			WithHint("rename it: mv '%s' '%s'", dir, schema.Composed(dir)))
	default:
		d.add(schema.Warningf(at, "directory %q looks like an environment, but cannot be the name of one", dir).
			WithHint("declare it under another name, with `path: %q`", dir))
	}
	return false
}

// isLink reports whether a directory is a link to another one, "" for none, and warns where it is.
func (d *draft) isLink(dir, other string) bool {
	if other == "" {
		return false
	}
	d.add(schema.Warningf(schema.Position{File: d.manifest.File}, "directory %q is left out: it is a link to %q", dir, other))
	return true
}

// linkedTo returns which other directory at the root a symbolic link stands for, "" for none. That directory is the
// environment; deploying it a second time under the link's name would be wrong.
func (d *draft) linkedTo(entry fs.DirEntry) string {
	if entry.Type()&fs.ModeSymlink == 0 {
		return ""
	}
	resolved, err := filepath.EvalSymlinks(filepath.Join(d.manifest.Root, entry.Name()))
	if err != nil || filepath.Dir(resolved) != d.manifest.Root {
		return ""
	}
	return filepath.Base(resolved)
}

func (d *draft) defaultFolder() string {
	return filepath.Clean(first(d.manifest.Settings.DefaultFolder, schema.DefaultFolder))
}

// holdsTool reports whether a directory has one of a built-in tool, or of a deployment that the manifest lists.
func (d *draft) holdsTool(dir string) bool {
	within := filepath.Join(d.manifest.Root, dir)
	return slices.ContainsFunc(d.detectable(), func(tool schema.ToolName) bool {
		return isDirectory(filepath.Join(within, string(tool)))
	}) || slices.ContainsFunc(d.manifest.Settings.Deployments, func(dep schema.Entry[schema.Deployment]) bool {
		alias := filepath.FromSlash(dep.Key)
		return !needsNoStep(toolOf(dep)) && filepath.IsLocal(alias) && filepath.Clean(alias) != "." && isDirectory(filepath.Join(within, alias))
	})
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
