package environments

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// siblings returns what lists the names beside an environment that its workspace links: everything that is no environment,
// and of the environments those that its files refer to, or all where nobody can tell. Nil links everything.
func (l *Lifecycle) siblings(step *schema.Step, files *sources) func(level string) ([]string, error) {
	r, err := files.reach(step.EnvironmentPath, l.Deployments[step.Environment], l.Default)
	if err != nil {
		return nil
	}
	return func(dir string) ([]string, error) {
		found, err := l.levels.list(l.Repository, dir, func(name string) bool { return l.Paths[name] })
		if err != nil {
			return nil, err
		}
		return append(slices.Clip(found.others), r.in(dir, found.environments)...), nil
	}
}

// reach is what the files of an environment refer to.
type reach struct {
	open    bool // nobody can tell
	targets map[string]bool
}

// reach follows the files of all deployments of an environment.
func (s *sources) reach(environment string, deployments []string, defaults string) (reach, error) {
	r := reach{open: len(deployments) == 0, targets: map[string]bool{}}
	for _, deployment := range deployments {
		c, err := s.closure(environment, deployment, defaults, false)
		if err != nil {
			return r, err
		}
		r.open = r.open || c.open
		for target := range c.seen {
			r.targets[target] = true
		}
	}
	return r, nil
}

// in returns the environments of a directory into which something leads. It takes no longer for more environments,
// unless something leads to all of them.
func (r reach) in(dir string, environments map[string]bool) []string {
	all := r.open
	var names []string
	for target := range r.targets {
		all = all || target == dir || strings.HasPrefix(dir, target+"/")
		below := target
		if dir != "." {
			var inside bool
			if below, inside = strings.CutPrefix(target, dir+"/"); !inside {
				continue
			}
		}
		if name, _, _ := strings.Cut(below, "/"); environments[name] {
			names = append(names, name)
		}
	}
	if all {
		names = names[:0]
		for name := range environments {
			names = append(names, name)
		}
	}
	return names
}

// levels remembers what is in the repository's directories, for as long as they do not change. Its zero value is ready for
// use, and it is safe for concurrent use.
type levels struct {
	mu    sync.Mutex
	known map[string]*level
}

// level is what is in a directory.
type level struct {
	changed      time.Time
	others       []string
	environments map[string]bool
}

// unsure is for how long after a change of a directory another one may leave its time as it is.
const unsure = 100 * time.Millisecond

func (l *levels) list(repository, dir string, environment func(path string) bool) (*level, error) {
	full := filepath.Join(repository, filepath.FromSlash(dir))
	info, err := os.Stat(full)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.known[dir]; found != nil && found.changed.Equal(info.ModTime()) {
		return found, nil
	}
	began := time.Now()
	entries, err := os.ReadDir(full)
	if err != nil {
		return nil, err
	}
	found := &level{changed: info.ModTime(), environments: map[string]bool{}}
	for _, entry := range entries {
		if environment(path.Join(dir, entry.Name())) {
			found.environments[entry.Name()] = true
		} else {
			found.others = append(found.others, entry.Name())
		}
	}
	if began.Sub(info.ModTime()) > unsure {
		if l.known == nil {
			l.known = map[string]*level{}
		}
		l.known[dir] = found
	}
	return found, nil
}
