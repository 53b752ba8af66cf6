package planner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bitops-engine/bitops/schema"
)

// checkDirectories makes sure that each environment has a directory inside the repository, and that no two share one.
func checkDirectories(d *draft) {
	owners := make(map[string]*environment, len(d.environments))
	root := schema.Directory{Root: d.manifest.Root}.Listed()
	kept := d.environments[:0]
	for _, env := range d.environments {
		if !d.checkDirectory(env, root) {
			continue
		}
		if owner, taken := owners[env.directory]; taken {
			d.errorf(env.Path.Position, "environments %q and %q have the same directory %s", owner.Name, env.Name, env.directory)
			continue
		}
		owners[env.directory] = env
		kept = append(kept, env)
	}
	d.environments = kept
}

func (d *draft) checkDirectory(env *environment, root schema.Directory) bool {
	if typ, _ := root.Type(env.Path.Text); typ.IsDir() && !strings.Contains(env.Path.Text, "/") {
		return true // the usual case
	}
	full := filepath.Join(d.manifest.Root, filepath.FromSlash(env.Path.Text))
	at := env.Path.Position
	resolved, err := filepath.EvalSymlinks(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add(schema.Errorf(at, "environment %q has no directory %s", env.Name, env.Path.Text).
			WithHint("%s", d.nearestDirectory(env.Path.Text)))
		return false
	case errors.Is(err, syscall.ELOOP) || err != nil && strings.Contains(err.Error(), "too many links"):
		d.errorf(at, "environment %q: %s is a loop of symbolic links", env.Name, env.Path.Text)
		return false
	case err != nil:
		d.errorf(at, "environment %q: %q cannot be read: %v", env.Name, env.Path.Text, withoutPath(err))
		return false
	case !isDirectory(resolved):
		d.errorf(at, "environment %q: %s is not a directory", env.Name, env.Path.Text)
		return false
	}
	inside, err := filepath.Rel(d.manifest.Root, resolved)
	if err != nil || !filepath.IsLocal(inside) {
		d.errorf(at, "environment %q: %s leads out of the repository, to %s", env.Name, env.Path.Text, resolved)
		return false
	}
	env.directory = filepath.ToSlash(inside)
	return true
}

// withoutPath drops operation and path from a file error: the message names the path already.
func withoutPath(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// nearestDirectory suggests a directory beside the missing one.
func (d *draft) nearestDirectory(missing string) string {
	parent := filepath.Dir(filepath.FromSlash(missing))
	entries, _ := os.ReadDir(filepath.Join(d.manifest.Root, parent))
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(entry.Name(), "_") {
			names = append(names, filepath.ToSlash(filepath.Join(parent, entry.Name())))
		}
	}
	for _, name := range names {
		if schema.Composed(name) == schema.Composed(missing) {
			return fmt.Sprintf("the directory's name looks the same, but its accents are other characters (Unicode NFD and NFC); rename it: mv '%s' '%s'",
				name, missing)
		}
	}
	if hint := d.didYouMean(missing, names); hint != "" {
		return hint
	}
	return "`path` names it when it is elsewhere"
}
