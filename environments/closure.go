package environments

import (
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// closure follows references from file to file.
type closure struct {
	*sources
	environment string
	defaults    string
	files       map[string]string
	names       map[string]bool
	seen        map[string]bool
	open        bool
	fresh       bool

	roots  map[string]string // paths that count with all below them, also where nothing is: what mentions them, "" for the step's own
	opener string            // the file because of which everything counts
}

// closure returns everything that a step is made of: its environment and its defaults, and what these refer to. What is
// fresh is as it is now, but for the environment's own files: those are copied when the run comes to the environment, and
// count as they were then.
func (s *sources) closure(environment, deployment, defaults string, fresh bool) (*closure, error) {
	c := &closure{
		sources: s, environment: environment, defaults: defaults, fresh: fresh, files: map[string]string{}, names: map[string]bool{}, seen: map[string]bool{},
		roots: map[string]string{},
	}
	for _, dir := range []string{environment, path.Join(defaults, deployment)} {
		if defaults == "" && dir == deployment {
			continue
		}
		if fresh && dir != environment {
			s.renew(dir, true)
		}
		t := s.tree(dir, true)
		if t.err != nil {
			return nil, t.err
		}
		c.roots[dir] = ""
		if err := c.add(t, dir, path.Join(environment, deployment)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add takes the files of the tree of a directory and follows what they mention. step is where the files of an overlay will lie.
func (c *closure) add(t *tree, dir, step string) error {
	c.take(t)
	for _, name := range slices.Sorted(maps.Keys(t.notes)) {
		m := t.notes[name]
		open := m.open
		for _, mentioned := range m.paths {
			targets, found := c.resolve(path.Dir(name), step, mentioned, name)
			open = open || !found
			for _, target := range targets {
				if err := c.follow(target, step); err != nil {
					return err
				}
			}
		}
		if err := c.followLink(name, m.link, dir, step); err != nil {
			return err
		}
		if open && !c.open {
			c.open, c.opener = true, name
			if err := c.addShared(); err != nil {
				return err
			}
		}
	}
	return nil
}

// followLink adds what a link in the tree of a directory leads to.
func (c *closure) followLink(name, link, dir, step string) error {
	to := path.Join(path.Dir(name), link)
	if link == "" || within(to, dir) || !filepath.IsLocal(to) {
		return nil
	}
	c.mention(to, name)
	return c.follow(to, step)
}

func (c *closure) take(t *tree) {
	maps.Copy(c.files, t.files)
	for _, name := range t.names {
		c.names[name] = true
	}
}

// follow adds what is at a path of the repository, once.
func (c *closure) follow(target, step string) error {
	if c.seen[target] {
		return nil
	}
	c.seen[target] = true
	if c.fresh {
		c.renew(target, false)
	}
	t := c.tree(target, false)
	if t.err != nil {
		return t.err
	}
	return c.add(t, target, step)
}

// resolve returns what a path in a file may mean in the repository, but for the environment itself: it is taken from
// where the file lies and from the step's directory, in which hooks and tools run. Found is false when it can lead to
// everything, or leads nowhere.
func (c *closure) resolve(dir, step, mentioned, by string) (targets []string, found bool) {
	exists, settled := false, true
	for _, from := range []string{dir, step} {
		target := path.Join(from, mentioned)
		if target == "." {
			return nil, false
		}
		if settled = target == ".." || strings.HasPrefix(target, "../"); settled {
			continue // outside of the repository: nothing is promised of it
		}
		_, err := fs.Lstat(c.sources.files, target)
		exists = exists || err == nil
		if settled = c.isOwn(target); settled {
			targets = append(targets, c.laidUnder(target, step, by)...)
			continue
		}
		c.mention(target, by)
		if err == nil {
			targets = append(targets, target)
		}
	}
	return targets, exists || settled
}

// laidUnder returns the default that lies under a path of the environment, where that is one of another step: those of the
// step itself count anyway.
func (c *closure) laidUnder(target, step, by string) []string {
	lower := path.Join(c.defaults, relative(target, c.environment))
	if c.defaults == "" || target == c.environment || within(target, step) {
		return nil
	}
	c.mention(lower, by)
	if _, err := fs.Lstat(c.sources.files, lower); err != nil {
		return nil
	}
	return []string{lower}
}

// isOwn reports whether a path lies in the step's environment, and in no other one within that.
func (c *closure) isOwn(target string) bool {
	for dir := target; within(dir, c.environment); dir = path.Dir(dir) {
		if dir == c.environment {
			return true
		}
		if c.sources.environment(dir) {
			return false
		}
	}
	return false
}

// mention notes that a path counts, because a file mentions it, and where it leads by way of links.
func (c *closure) mention(target, by string) {
	for range mostLinks {
		if _, known := c.roots[target]; known {
			return
		}
		c.roots[target] = by
		to := linkedTo(c.sources.files, target)
		if to == "" {
			return
		}
		target = to
	}
}

// mostLinks is how many links of a path are followed, one after the other.
const mostLinks = 40

// linkedTo returns where a path leads by the first link in it, "" where there is none or it leads out of the repository.
func linkedTo(files fs.FS, name string) string {
	for at := 0; at < len(name); at++ {
		if name[at] != '/' {
			continue
		}
		if target, err := fs.ReadLink(files, name[:at]); err == nil {
			to := path.Join(path.Dir(name[:at]), filepath.ToSlash(target), name[at:])
			if path.IsAbs(target) || !filepath.IsLocal(to) {
				return ""
			}
			return to
		}
	}
	return ""
}

// within reports whether a path is a directory's or lies in it.
func within(name, dir string) bool {
	return dir == "." || name == dir || strings.HasPrefix(name, dir+"/")
}

func (c *closure) addShared() error {
	if c.fresh {
		t := &tree{}
		err := c.readShared(t, true)
		c.take(t)
		return err
	}
	c.mu.Lock()
	if c.shared == nil {
		c.shared = &tree{}
	}
	t := c.shared
	c.mu.Unlock()
	t.once.Do(func() { t.err = c.readShared(t, false) })
	c.take(t)
	return t.err
}
