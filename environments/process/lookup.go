package process

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// lookup returns the absolute path of the program that c names, or a *NotFoundError. Entries of PATH that are not
// absolute are passed over: a deployed directory must not be able to slip its own programs in.
func lookup(c Command) (string, error) {
	if strings.Contains(c.Name, "/") {
		return lookupFile(c)
	}
	missing := &NotFoundError{Name: c.Name, Path: variable(c.Env, "PATH")}
	if c.Name == "" {
		return "", missing
	}
	for _, dir := range filepath.SplitList(missing.Path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, c.Name)
		info, err := os.Stat(path)
		switch {
		case err != nil || info.IsDir():
		case unix.Access(path, unix.X_OK) == nil:
			return path, nil
		case missing.NotExecutable == "":
			missing.NotExecutable = path
		}
	}
	return "", missing
}

// Find returns the absolute path of the program that a name means, where path is the value of PATH, or a *NotFoundError.
func Find(name, path string) (string, error) {
	return lookup(Command{Name: name, Env: []string{"PATH=" + path}})
}

func lookupFile(c Command) (string, error) {
	path := c.Name
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.Dir, path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", &StartError{Name: c.Name, Path: c.Name, Err: err}
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && checkDir(c.Dir) == nil {
		return "", &NotFoundError{Name: c.Name, Path: path, file: true}
	}
	return path, nil // any other fault is told best by the attempt to start it
}

// variable returns the value of a variable, the last one if there are several.
func variable(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
