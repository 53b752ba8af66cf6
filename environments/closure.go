package environments

import (
	"maps"
	"os"
	"path"
	"strings"
)

// closure follows references from file to file.
type closure struct {
	*sources
	environment string
	files       map[string]string
	names       map[string]bool
	seen        map[string]bool
	open        bool
	fresh       bool
}

// closure returns everything that a step is made of: its environment and its defaults, and what these refer to. What is
// fresh is as it is now, but for the environment's own files: those are copied when the run comes to the environment, and
// count as they were then.
func (s *sources) closure(environment, deployment, defaults string, fresh bool) (*closure, error) {
	c := &closure{
		sources: s, environment: environment, fresh: fresh, files: map[string]string{}, names: map[string]bool{}, seen: map[string]bool{},
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
		if err := c.add(t, path.Join(environment, deployment)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add takes the files of a tree and follows what they mention. step is where the files of an overlay will lie.
func (c *closure) add(t *tree, step string) error {
	c.take(t)
	for name, m := range t.notes {
		open := m.open
		for _, mentioned := range m.paths {
			targets, found := c.resolve(path.Dir(name), step, mentioned)
			open = open || !found
			for _, target := range targets {
				if err := c.follow(target, step); err != nil {
					return err
				}
			}
		}
		if open && !c.open {
			c.open = true
			if err := c.addShared(); err != nil {
				return err
			}
		}
	}
	return nil
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
	return c.add(t, step)
}

// resolve returns what a path in a file may mean in the repository, but for the environment itself: it is taken from
// where the file lies and from the step's directory, in which hooks and tools run. Found is false when it can lead to
// everything, or leads nowhere.
func (c *closure) resolve(dir, step, mentioned string) (targets []string, found bool) {
	exists, settled := false, true
	for _, from := range []string{dir, step} {
		target := path.Join(from, mentioned)
		if target == "." {
			return nil, false
		}
		if settled = target == ".." || strings.HasPrefix(target, "../"); settled {
			continue // outside of the repository: nothing is promised of it
		}
		_, err := os.Lstat(c.file(target))
		exists = exists || err == nil
		if settled = target == c.environment || strings.HasPrefix(target, c.environment+"/"); !settled && err == nil {
			targets = append(targets, target)
		}
	}
	return targets, exists || settled
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
