package environments

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// sourced is what a file of variables came to.
type sourced struct {
	key       string // the file and the variables before it
	variables map[string]string
}

// sourceScript sources $1 and writes the exported variables to $2. Like BitOps it ends at the first command that fails.
// The file may have changed PATH.
const sourceScript = `set -e; [ "$3" != all ] || set -a; source "$1"; command -p env -0 >"$2"`

// ofShell are the variables that bash keeps for itself.
var ofShell = map[string]bool{"_": true, "SHLVL": true, "PWD": true, "OLDPWD": true}

var sourceLine = regexp.MustCompile(`: line (\d+): `)

// sourced sources a file with bash and returns the variables that are not as before.
func (c *Call) sourced(f VariablesFile, text []byte, before Variables) (map[string]string, error) {
	key := string(text) + "\x00" + strings.Join(before.Environ(), "\x00")
	if c.source.key == key {
		return c.source.variables, nil
	}
	file, err := c.toSource(f, text)
	if err != nil {
		return nil, err
	}
	written := filepath.Join(c.Private, "sourced.env")
	_ = os.Remove(written) // of an earlier time
	mode := "exported"
	if f.All {
		mode = "all"
	}
	var said []process.Line
	keep := func(l process.Line) { said = append(said, l) }
	result, err := c.Runner.Run(c.context(), process.Command{
		Name: "bash", Args: []string{"-c", sourceScript, "bash", file, written, mode},
		Dir: c.Directory, Env: before.Environ(), Stdout: keep, Stderr: keep,
	})
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", f.Name, err)
	}
	env, err := os.ReadFile(written)
	if result.ExitCode != 0 || err != nil {
		return nil, c.notSourced(f, result, said)
	}
	variables := map[string]string{}
	for entry := range strings.SplitSeq(string(env), "\x00") {
		name, value, ok := strings.Cut(entry, "=")
		if was, set := before[name]; ok && !ofShell[name] && !strings.HasPrefix(name, "BASH_FUNC_") && (!set || was != value) {
			variables[name] = value
		}
	}
	c.source = sourced{key, variables}
	return variables, nil
}

// toSource returns what bash is to source for a file: the file, so that BASH_SOURCE says where it is, or a copy without a byte
// order mark and the line ends of Windows, where it has them.
func (c *Call) toSource(f VariablesFile, text []byte) (string, error) {
	written, err := os.ReadFile(filepath.Join(c.Directory, f.Name))
	if err != nil || !bytes.Equal(written, text) {
		return c.PrivateFile("sourced.sh", text)
	}
	return "./" + f.Name, nil
}

// notSourced is the error of a file that bash could not source. What bash said is not shown: it can hold a secret.
func (c *Call) notSourced(f VariablesFile, result process.Result, said []process.Line) error {
	at := schema.Position{File: path.Join(c.Step.Directory(), f.Name)}
	for _, l := range said {
		if m := sourceLine.FindStringSubmatch(l.Text); m != nil {
			_, _ = fmt.Sscan(m[1], &at.Line)
		}
	}
	what := "bash cannot source this file"
	if at.Line > 0 {
		what = "bash cannot source this line"
	}
	if result.ExitCode == 0 {
		what = "sourcing this file ends the shell"
	}
	return schema.Problems{schema.Errorf(at, "%s (exit code %d)", what, result.ExitCode).
		WithHint("see what it says: cd %s && bash -ec 'source ./%s'", cmp.Or(path.Dir(at.File), "."), f.Name)}
}

// context returns the context of the step, in which its files are sourced.
func (c *Call) context() context.Context {
	if c.within == nil {
		return context.Background()
	}
	return c.within
}
