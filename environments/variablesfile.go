package environments

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// VariablesFile is a file of a step that BitOps sources before the tool runs.
type VariablesFile struct {
	Name string // in the step's directory
	All  bool   // a variable counts also where it is not exported: set -a
}

// assigned is a line of a variables file that only sets a variable to a text. Anything else is for bash.
var assigned = regexp.MustCompile(`^(export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(?:([A-Za-z0-9_./:@%+,=-]*)|'([^']*)'|"([^"$\x60\\!]*)")[ \t]*$`)

// readVariable is a variable that a variables file set, and what it put it in place of.
type readVariable struct {
	value, covered string
	covers         bool
}

// ErrNotPlain is the answer to who asks for the variables of a file without a process, where only bash can tell them.
var ErrNotPlain = errors.New("a file of variables has to be sourced by bash")

// ReadVariables sources a file of the step's directory with bash, in the step's environment, and takes over what it
// exports, which beats what the caller set. What a hook has set since the last call is not touched. Without the file there
// is nothing to do; one that cannot be sourced is an error of type schema.Problems.
//
// It can be called often: a file that only sets variables to texts needs no process, and any other one is sourced again
// when it, or the variables before it, are different. Where the step has no workspace, that is [ErrNotPlain].
func (c *Call) ReadVariables(f VariablesFile) error {
	text, err := schema.ReadFile(filepath.Join(c.Directory, f.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text = bytes.ReplaceAll(schema.WithoutMark(text), []byte("\r\n"), []byte("\n"))
	c.hideIn(string(text))
	before := c.beforeReading()
	variables, plain := plainVariables(string(text), f.All, before)
	if !plain {
		if c.Workspace == nil || c.Private == "" {
			return ErrNotPlain
		}
		if variables, err = c.sourced(f, text, before); err != nil {
			return err
		}
	}
	c.warnOfUnexported(f, string(text), variables, before)
	c.takeOver(variables)
	return nil
}

// hideIn makes the values known that must not be shown, as far as they are written in a file of variables.
func (c *Call) hideIn(text string) {
	for line := range strings.Lines(text) {
		if m := looseAssignment.FindStringSubmatch(strings.TrimSpace(line)); m != nil && secret.NameIsSecret(m[1]) {
			c.Hide(strings.Trim(m[2], `"'`))
		}
	}
}

var looseAssignment = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// beforeReading returns the step's variables without what files of variables set.
func (c *Call) beforeReading() Variables {
	before := c.Variables.With(nil)
	for name, r := range c.read {
		switch {
		case before[name] != r.value: // a hook or the configuration has set it since
		case r.covers:
			before[name] = r.covered
		default:
			delete(before, name)
		}
	}
	return before
}

// plainVariables returns what sourcing a text would export. It is not plain where only bash can tell.
func plainVariables(text string, all bool, before Variables) (variables map[string]string, plain bool) {
	variables = map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := assigned.FindStringSubmatch(line)
		if m == nil {
			return nil, false
		}
		_, exported := before[m[2]]
		_, again := variables[m[2]]
		if all || m[1] != "" || exported || again {
			variables[m[2]] = m[3] + m[4] + m[5]
		}
	}
	return variables, true
}

// warnOfUnexported tells which variables a file sets and does not export: they end with the shell. Those in lower case, and
// within conditions, are the file's own.
func (c *Call) warnOfUnexported(f VariablesFile, text string, variables map[string]string, before Variables) {
	for line := range strings.Lines(text) {
		m := looseAssignment.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || !strings.HasPrefix(line, strings.ToUpper(m[0][:1])) {
			continue
		}
		_, counts := variables[m[1]]
		_, exported := before[m[1]]
		if !counts && !exported && !f.All {
			c.warnOnce(path.Join(c.Step.Directory(), f.Name) + " sets " + m[1] + " without export, so it does not count")
		}
	}
}

// takeOver sets the variables that a file exports, in place of those that it exported the last time.
func (c *Call) takeOver(variables map[string]string) {
	for name, value := range variables {
		c.fromFile(name, value)
	}
	for name, r := range c.read {
		if _, still := variables[name]; still || c.given(name) != r.value {
			continue
		}
		delete(c.read, name)
		if r.covers {
			c.Variables[name] = r.covered
		} else {
			delete(c.Variables, name)
		}
	}
}

// fromFile sets a variable that a file of the step sets.
func (c *Call) fromFile(name, value string) {
	if secret.NameIsSecret(name) {
		c.Hide(value)
	}
	before, again := c.read[name]
	if again && c.given(name) != before.value {
		return // a hook has set it since, which was later
	}
	if !again {
		before.covered, before.covers = c.given(name), c.Variables[name] != ""
	}
	before.value = value
	if c.read == nil {
		c.read = map[string]readVariable{}
	}
	c.read[name] = before
	if e, ok := c.exported[name]; ok && c.Variables[name] == e.value {
		e.covered, e.covers = value, true // it counts from the next Configure on
		c.exported[name] = e
		return
	}
	c.Variables[name] = value
}
