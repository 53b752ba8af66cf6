package environments

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Configure reads the configuration of the step's directory, in the workspace, where hooks may have edited it: a variable
// beats the file, the file beats the default. The values are handed to everything the step starts from here on, under
// the names that the tool's schema exports. It can be called again to read the file anew.
//
// Unknown keys are told as notices, unless the file is the one of the checkout: who planned the step has told them. Anything wrong is an error of type schema.Problems.
func (c *Call) Configure(s *schema.ToolSchema) (*schema.ToolValues, error) {
	return c.ConfigureFrom(s, c.Step.Directory())
}

// ConfigureFrom is Configure for a tool that keeps its configuration elsewhere: in another directory of the workspace,
// relative to its root.
func (c *Call) ConfigureFrom(s *schema.ToolSchema, dir string) (*schema.ToolValues, error) {
	root := c.Root()
	values, problems := s.ResolveFor(schema.Directory{Root: root, Name: dir}, c.ToolVariables())
	problems = append(problems, values.Expand(c.Scope())...)
	for _, of := range values.Unheeded() {
		c.NoticeOnce(fmt.Sprintf("%s is set in the environment of bitops and does not count, because other programs may mean something else by it; "+
			"write %s into the file, or the variable into env of the manifest", of.Variable, of.Path))
	}
	c.configured = nil
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if c.deploys {
		c.warnOfIgnored(values.Ignored())
		values = values.WithoutIgnored()
	}
	c.configured = values
	for _, by := range values.ByCaller() {
		c.TellDecided(by.Variable, by.Path)
	}
	if len(problems) > 0 && !c.asInCheckout(dir) {
		for _, p := range problems {
			c.NoticeOnce(p.String())
		}
	}
	c.export(values.Exports())
	return values, nil
}

// asInCheckout reports whether the configuration file of a directory of the workspace is the one in the checkout.
func (c *Call) asInCheckout(dir string) bool {
	file, there := schema.Directory{Root: c.Root(), Name: dir}.ConfigurationFile()
	if !there {
		return false
	}
	checkout := strings.TrimSuffix(c.Source, filepath.FromSlash(c.Step.Directory()))
	source, err := schema.ReadFile(filepath.Join(checkout, filepath.FromSlash(file)))
	if err != nil {
		return false
	}
	copied, err := schema.ReadFile(filepath.Join(c.Root(), filepath.FromSlash(file)))
	return err == nil && bytes.Equal(source, copied)
}

// warnOfIgnored tells which keys `bitops deploy` ignores, because BitOps v2 ignored them.
func (c *Call) warnOfIgnored(keys []schema.IgnoredKey) {
	for _, key := range keys {
		c.warnOnce(fmt.Sprintf("BitOps v2 ignored %s, which is %s (%s), and so does deploy; write it as %s, or remove it",
			key.Key, key.Text, key.Position, key.Path))
	}
}

// IgnoredKeys returns, for [Departing], the keys in the configuration of a directory that BitOps v2 ignored.
func IgnoredKeys(s *schema.ToolSchema, d schema.Directory) []Departure {
	values, _ := s.Resolve(d, nil) // what is wrong, validate tells
	var all []Departure
	for _, key := range values.Ignored() {
		all = append(all, Departure{
			What: fmt.Sprintf("Whether the key %s is meant: BitOps v2 ignored it, and so does `bitops deploy`, with a warning.\n"+
				"All other commands obey it as %s. Write it so, or remove it.", key.Key, key.Path),
			Where: fmt.Sprintf("%s (%s)", key.Position, key.Text),
		})
	}
	return all
}

// Scope returns what texts of the step's configuration can say of its environment.
func (c *Call) Scope() *schema.Scope {
	return &schema.Scope{Environment: c.Step.Environment, Path: c.Step.EnvironmentPath, Tags: c.Step.Tags}
}

// exported is a variable that Configure set, and what it put it in place of.
type exported struct {
	value, covered string
	covers         bool
}

// export sets variables for everything that starts from here on, in place of those that it set the last time.
func (c *Call) export(variables map[string]string) {
	for name, e := range c.exported {
		switch {
		case c.Variables[name] != e.value: // somebody changed it, and it is theirs now
		case e.covers:
			c.Variables[name] = e.covered
		default:
			delete(c.Variables, name)
		}
	}
	c.exported = make(map[string]exported, len(variables))
	for name, value := range variables {
		covered, covers := c.Variables[name]
		c.Variables[name], c.exported[name] = value, exported{value, covered, covers}
	}
}

// Export sets a variable as Configure does, for what the configuration alone does not tell: it is nobody's wish when the
// configuration is read anew, and gone then.
func (c *Call) Export(name, value string) {
	e, again := c.exported[name]
	if current, set := c.Variables[name]; !again || current != e.value {
		e = exported{covered: current, covers: set}
	}
	e.value = value
	if c.exported == nil {
		c.exported = map[string]exported{}
	}
	c.Variables[name], c.exported[name] = value, e
}

// given returns a variable that somebody else set: what an earlier Configure exported says nothing about the file now.
func (c *Call) given(name string) string {
	value := c.Variables[name]
	if e, ok := c.exported[name]; ok && e.value == value {
		return e.covered
	}
	return value
}

// ToolVariables returns the step's variables for what its configuration comes to.
func (c *Call) ToolVariables() schema.ToolVariables {
	return schema.ToolVariables{Get: c.given, Caller: c.ofCaller, Deploys: c.deploys}
}

// TellDecided tells, once a step, that a variable decides something of the configuration, where it comes from the environment
// in which bitops was started.
func (c *Call) TellDecided(name, what string) {
	if c.ofCaller(name) {
		c.NoticeOnce(fmt.Sprintf("%s is set in the environment of bitops and decides %s", name, what))
	}
}

// ofCaller reports whether a variable is as bitops found it in its own environment: neither the manifest nor a file or hook
// of the step has said anything of it.
func (c *Call) ofCaller(name string) bool {
	_, manifest := c.Step.Env[name]
	_, file := c.read[name]
	value, inherited := c.Caller[name]
	return inherited && !manifest && !file && !c.hooked[name] && c.given(name) == value
}

// Root returns the directory that the step's directory is in, laid out like the repository: positions of problems in it
// are positions in the repository.
func (c *Call) Root() string { return strings.TrimSuffix(c.Directory, "/"+c.Step.Directory()) }

// warnOnce is NoticeOnce for what a person has to look at: it counts as a warning.
func (c *Call) warnOnce(text string) {
	c.NoticeOnce(text)
	c.Warn(schema.Warning{Text: text})
}

// NoticeOnce tells something once a step, however often it is found.
func (c *Call) NoticeOnce(text string) {
	if c.told == nil {
		c.told = map[string]bool{}
	}
	if !c.told[text] {
		c.told[text] = true
		c.Notice("%s", text)
	}
}
