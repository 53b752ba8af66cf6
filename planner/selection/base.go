package selection

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/bitops-engine/bitops/schema"
)

// base returns what a factor selects before it reaches further. found is false when it can select nothing here, which
// is a problem then; a state that no step is in selects nothing, and is none.
func (c *chooser) base(f Factor) (these Reasons, found bool) {
	switch f.Kind {
	case kindHere:
		return c.here(path.Join(c.Here, f.Value))
	case kindTag:
		return c.environmentsThat(f, "has the tag "+f.Value, func(e Environment) bool { return slices.Contains(e.Tags, f.Value) })
	case kindTool:
		return c.stepsThat(f, "is a step of "+f.Value, func(s *schema.Step) bool { return string(s.Tool) == f.Value })
	case kindPath:
		if !c.isPattern(f.Value) {
			return nil, false
		}
		return c.stepsThat(f, "lies in "+f.Value, func(s *schema.Step) bool { return liesIn(f.Value, s.Directory()) })
	case kindState:
		return c.inState(f.Value)
	case kindSince:
		return c.since(f.Value)
	case kindReads:
		return c.reading(f)
	case kindStep:
		return c.stepsThat(f, "named", func(s *schema.Step) bool { return string(s.Name) == f.Value })
	case kindEnv:
		return c.environments(f)
	}
	return c.word(f)
}

// environmentsThat returns the steps of the environments of which something is true.
func (c *chooser) environmentsThat(f Factor, why string, is func(Environment) bool) (these Reasons, found bool) {
	these = Reasons{}
	for _, env := range c.Environments {
		if is(env) {
			these.of(env, why)
			found = true
			c.bare = c.bare || len(env.Steps) == 0
		}
	}
	if !found {
		c.problems = append(c.problems, c.nothing(f))
	}
	return these, found
}

// stepsThat returns the steps of which something is true.
func (c *chooser) stepsThat(f Factor, why string, is func(*schema.Step) bool) (these Reasons, found bool) {
	these = Reasons{}
	for _, step := range c.steps {
		if is(step) {
			these[step.Name] = Reason{Text: why}
		}
	}
	if len(these) == 0 {
		c.problems = append(c.problems, c.nothing(f))
	}
	return these, len(these) > 0
}

// word returns what a word without a property means: a state, a step, or environments. It must not be two of them.
func (c *chooser) word(f Factor) (Reasons, bool) {
	var kinds []string
	if slices.Contains(States, f.Value) {
		kinds = append(kinds, kindState)
	}
	if _, ok := c.byEnv[schema.EnvironmentName(f.Value)]; ok {
		kinds = append(kinds, kindEnv)
	}
	if _, ok := c.byName[schema.StepName(f.Value)]; ok {
		kinds = append(kinds, kindStep)
	}
	switch len(kinds) {
	case 0:
		return c.environments(f)
	case 1:
		f.Kind = kinds[0]
		return c.base(f)
	}
	ways := make([]string, len(kinds))
	for i, kind := range kinds {
		ways[i] = kind + ":" + f.Value
	}
	c.problems = append(c.problems, wrong("%q can mean two things", f.Value).WithHint("write %s", strings.Join(ways, " or ")))
	return nil, false
}

// environments returns the steps of those environments that a name or a pattern names. dev/ is short for dev/**.
func (c *chooser) environments(f Factor) (Reasons, bool) {
	if i, ok := c.byEnv[schema.EnvironmentName(f.Value)]; ok {
		return Reasons{}.of(c.Environments[i], "named"), true
	}
	pattern := f.Value
	if strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if !c.isPattern(pattern) {
		return nil, false
	}
	return c.environmentsThat(f, "matches "+f.Value, func(e Environment) bool { return matches(pattern, string(e.Name)) })
}

// of adds the steps of an environment.
func (r Reasons) of(env Environment, why string) Reasons {
	for _, step := range env.Steps {
		r[step.Name] = Reason{Text: why}
	}
	return r
}

// matches reports whether a pattern matches a name: * and ? do not cross a slash, ** does, and dev/** matches dev.
func matches(pattern, name string) bool {
	ok, err := doublestar.Match(pattern, name)
	return ok && err == nil
}

// isPattern reports whether a pattern can be read, and says what is wrong with one that cannot.
func (c *chooser) isPattern(pattern string) bool {
	if doublestar.ValidatePattern(pattern) {
		return true
	}
	c.problems = append(c.problems, wrong("%q is no pattern", pattern).
		WithHint("[ and { have to be closed; behind a backslash they stand for themselves"))
	return false
}

// liesIn reports whether a directory lies in one that a pattern matches, or is one.
func liesIn(pattern, dir string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	for ; dir != "."; dir = path.Dir(dir) {
		if matches(pattern, dir) {
			return true
		}
	}
	return pattern == "."
}

// here returns what lies in a directory, or else the environments in whose directory that is.
func (c *chooser) here(here string) (Reasons, bool) {
	these, around := Reasons{}, Reasons{}
	in, deepest := false, "" // "" for none
	for _, env := range c.Environments {
		for _, dir := range []string{env.Path.Text, env.Directory} {
			switch {
			case below(dir, here):
				these.of(env, "lies in "+here)
				in = true
			case below(here, dir) && (deepest == "" || below(dir, deepest)):
				if dir != deepest {
					deepest, around = dir, Reasons{}
				}
				around.of(env, "has "+here+" in it")
			}
		}
	}
	switch {
	case in:
		return these, true
	case deepest != "":
		return around, true
	}
	c.problems = append(c.problems, wrong("no environment lies in %s", here).WithHint("'**' selects all of them"))
	return nil, false
}

// below reports whether a directory is another one or lies in it.
func below(dir, in string) bool {
	return in == "." || dir == in || strings.HasPrefix(dir, in+"/")
}

// inState returns the steps that are remembered to be in a state.
func (c *chooser) inState(state string) (Reasons, bool) {
	c.remembered = true
	return c.told("is "+state, c.Remembered, state, state == Changed)
}

// since returns the steps that differ from a commit: all of them can be as they were.
func (c *chooser) since(commit string) (Reasons, bool) {
	c.remembered = true
	return c.told("changed since "+commit, c.Since, commit, true)
}

// reading returns the steps that are made of a file or of something in a directory.
func (c *chooser) reading(f Factor) (Reasons, bool) {
	name := path.Clean(f.Value)
	if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
		c.problems = append(c.problems, wrong("%q is not a path in the repository", f.Value))
		return nil, false
	}
	these, known := c.told("reads "+name, c.Reading, name, false)
	if known && len(these) == 0 {
		c.problems = append(c.problems, c.nothing(f))
	}
	return these, len(these) > 0
}

// told returns the steps that a caller of the package knows of: ask returns them, each with the reason.
func (c *chooser) told(what string, ask func(string) (map[schema.StepName]string, error), about string, changed bool) (these Reasons, known bool) {
	if ask == nil {
		c.problems = append(c.problems, wrong("what %s is not known here", what))
		return nil, false
	}
	all, err := ask(about)
	if explained, ok := errors.AsType[schema.Problems](err); ok {
		c.problems = append(c.problems, explained...)
		return nil, false
	}
	if err != nil {
		c.problems = append(c.problems, wrong("what %s cannot be found out: %v", what, err))
		return nil, false
	}
	these = Reasons{}
	for name, why := range all {
		if _, ok := c.byName[name]; ok {
			these[name] = Reason{Text: why, changed: changed}
		}
	}
	return these, true
}
