package environments

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// exportLine is one line of a variables file, as a shell would source it.
var exportLine = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ReadVariables reads a file of NAME=value lines in the step's directory, with or without `export` and quotes around the
// value, into the step's variables. Nothing in a value is expanded. BitOps sourced such files, so they beat what the
// caller set; what a hook has set since the last call is not touched. Without the file there is nothing to do.
func (c *Call) ReadVariables(name string) error {
	text, err := schema.ReadFile(filepath.Join(c.Directory, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var problems schema.Problems
	line := 0
	for text := range strings.Lines(string(schema.WithoutMark(text))) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		m := exportLine.FindStringSubmatch(text)
		if m == nil { // the text is not shown: it can hold a secret
			at := schema.Position{File: path.Join(c.Step.Directory(), name), Line: line}
			problems = append(problems, schema.Errorf(at, "this line is not NAME=value"))
			continue
		}
		c.fromFile(m[1], unquoted(m[2]))
	}
	return problems.Err()
}

// fromFile sets a variable that a file of the step sets.
func (c *Call) fromFile(name, value string) {
	if secret.NameIsSecret(name) {
		c.Hide(value)
	}
	if before, again := c.read[name]; again && c.given(name) != before {
		return // a hook has set it since, which was later
	}
	if c.read == nil {
		c.read = map[string]string{}
	}
	c.read[name] = value
	if e, ok := c.exported[name]; ok && c.Variables[name] == e.value {
		e.covered, e.covers = value, true // it counts from the next Configure on
		c.exported[name] = e
		return
	}
	c.Variables[name] = value
}

func unquoted(text string) string {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	return text
}
