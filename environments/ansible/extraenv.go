package ansible

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// extraEnv is the file beside the playbook from which BitOps exports variables before ansible runs.
const extraEnv = "extra_env"

var assignment = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// exportExtraEnv reads NAME=value lines, with or without `export` and quotes around the value, into the step's
// variables. Nothing in a value is expanded.
func exportExtraEnv(c *environments.Call) error {
	text, err := os.ReadFile(filepath.Join(c.Directory, extraEnv))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var problems schema.Problems
	line := 0
	for text := range strings.Lines(string(text)) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		m := assignment.FindStringSubmatch(text)
		if m == nil { // the text is not shown: it can hold a secret
			at := schema.Position{File: path.Join(c.Step.Directory(), extraEnv), Line: line}
			problems = append(problems, schema.Errorf(at, "this line is not NAME=value"))
			continue
		}
		c.Variables[m[1]] = unquoted(m[2])
		if secret.NameIsSecret(m[1]) {
			c.Hide(c.Variables[m[1]])
		}
	}
	return problems.Err()
}

func unquoted(text string) string {
	if n := len(text); n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		return text[1 : n-1]
	}
	return text
}
