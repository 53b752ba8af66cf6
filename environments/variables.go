package environments

import (
	"maps"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema/secret"
)

// Variables are the environment variables of one step. They begin as a copy of the caller's, and nothing a step adds
// reaches another.
type Variables map[string]string

// VariablesOf returns the variables of an environ such as os.Environ returns.
func VariablesOf(environ []string) Variables {
	v := make(Variables, len(environ)+32)
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" {
			v[name] = value
		}
	}
	return v
}

// Unattended returns a copy with which git and ssh fail where they would ask a person, on a terminal or in a window. A
// program of the caller's own that answers ssh is asked. (GIT_SSH_COMMAND with ssh's BatchMode would replace core.sshCommand
// of git's configuration, and keep sshpass from answering for ansible.)
func (v Variables) Unattended() Variables {
	all := v.With(map[string]string{"GIT_TERMINAL_PROMPT": "0"})
	if all["SSH_ASKPASS"] == "" && all["SSH_ASKPASS_REQUIRE"] == "" {
		all["SSH_ASKPASS_REQUIRE"] = "never"
	}
	return all
}

// secrets returns the values of the variables whose names say that they must not be shown.
func (v Variables) secrets() []string {
	var values []string
	for name, value := range v {
		if secret.NameIsSecret(name) {
			values = append(values, value)
		}
	}
	return values
}

// With returns a copy with more variables; they win.
func (v Variables) With(more map[string]string) Variables {
	all := maps.Clone(v)
	maps.Copy(all, more)
	return all
}

// How much is handed over in variables, in bytes: one value, and all of them together. Linux allows 128 KiB for one variable
// and a quarter of the stack, mostly 2 MiB, for all variables and arguments (execve(2)). A file has no such bounds.
const (
	largestVariable  = 64 << 10
	largestVariables = 512 << 10
)

// VariableRoom is what room there is for values in the variables of one program. Its zero value is ready for use.
type VariableRoom struct{ taken int }

// Take reports whether a value can be handed over in a variable, and takes the room if so.
func (r *VariableRoom) Take(value string) bool {
	if len(value) > largestVariable || r.taken+len(value) > largestVariables {
		return false
	}
	r.taken += len(value)
	return true
}

// Environ returns the variables as NAME=value, sorted.
func (v Variables) Environ() []string {
	environ := make([]string, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		environ = append(environ, name+"="+v[name])
	}
	return environ
}

// firstBytes returns so many bytes of a text at most, and no part of a character.
func firstBytes(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
