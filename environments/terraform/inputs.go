package terraform

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// arguments are how a step's values reach terraform.
type arguments struct {
	args []string
	env  map[string]string
}

// values hands over the inputs that the root module declares. In ascending precedence:
//
//	offered values    TF_VAR_<name>, or a var-file for what TF_VAR_ cannot say or hold; never against what the files set
//	configured files  -var-file
//	inputs            a generated var-file, the last one
//
// Generated files hold secrets, so only the user can read them.
func (s *session) values() (arguments, error) {
	return s.valuesFor(func(*variable) bool { return true })
}

// valuesOfPlan hands over again what a saved plan does not hold: the values of ephemeral variables. The configured files say
// what they said, and terraform refuses another value for a variable that is in the plan.
func (s *session) valuesOfPlan() (arguments, error) {
	if !s.module.hasEphemeral() {
		return arguments{env: map[string]string{}}, nil
	}
	return s.valuesFor(func(v *variable) bool { return v.Ephemeral })
}

// valuesFor hands over the values of some of the variables, and the configured files.
func (s *session) valuesFor(wanted func(*variable) bool) (arguments, error) {
	var a arguments
	if err := a.offer(s, wanted); err != nil {
		return a, err
	}
	for _, file := range s.varFiles {
		a.args = append(a.args, "-var-file="+file)
	}
	inputs := map[string]json.RawMessage{}
	for name, value := range s.Inputs {
		if v := s.module.variables[name]; v == nil || !wanted(v) {
			continue
		}
		text, err := value.Reveal()
		if err != nil {
			return a, fmt.Errorf("input %s: %w", name, err)
		}
		inputs[name] = text
	}
	return a, a.file(s, "inputs.tfvars.json", inputs)
}

// offer hands over offered values for variables that nothing else sets. A null offers nothing.
func (a *arguments) offer(s *session, wanted func(*variable) bool) error {
	a.env = map[string]string{}
	inFile := map[string]json.RawMessage{}
	var room environments.VariableRoom
	for _, name := range s.Offered.Names() {
		value := s.Offered[name]
		v := s.module.variables[name]
		_, given := s.Inputs[name]
		_, exported := s.Variables["TF_VAR_"+name]
		if v == nil || !wanted(v) || given || exported || value.Null() {
			continue
		}
		if text, ok := asVariable(v.kind, value); ok && room.Take(text) {
			a.env["TF_VAR_"+name] = text
			continue
		}
		text, err := value.Reveal()
		if err != nil {
			return fmt.Errorf("offered value %s: %w", name, err)
		}
		inFile[name] = text
	}
	if len(inFile) > 0 {
		for _, name := range setByFiles(s.Directory) {
			delete(inFile, name)
		}
	}
	return a.file(s, "offered.tfvars.json", inFile)
}

// asVariable returns the text of TF_VAR_ that means the value, if there is one. A variable without a type takes every
// text as a text, so that only a text can reach it this way.
func asVariable(k kind, value schema.Value) (string, bool) {
	if !value.Known() {
		return "", false
	}
	switch typ := value.Data.Type(); {
	case k == structured:
		text, err := value.Reveal()
		return expression(text), err == nil
	case typ == cty.String, k == primitive && typ.IsPrimitiveType():
		text, err := value.Plain()
		return text, err == nil
	}
	return "", false
}

// expression turns a JSON text into the HCL expression that means the same. HCL reads JSON, but for `${` and `%{`, which
// begin templates, and two escapes that it lacks.
func expression(text []byte) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch c := text[i]; {
		case c == '\\' && (next == 'b' || next == 'f'):
			b.WriteString(map[byte]string{'b': `\u0008`, 'f': `\u000c`}[next])
			i++
		case c == '\\':
			b.WriteByte(c)
			b.WriteByte(next)
			i++
		case (c == '$' || c == '%') && next == '{':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// file adds a generated var-file.
func (a *arguments) file(s *session, name string, values map[string]json.RawMessage) error {
	if len(values) == 0 {
		return nil
	}
	text, err := json.Marshal(values)
	if err != nil {
		return err
	}
	file, err := s.PrivateFile(name, text)
	a.args = append(a.args, "-var-file="+file)
	return err
}

// setByFiles returns the names of the variables that the var-files set which terraform reads by itself.
func setByFiles(dir string) []string {
	names := map[string]bool{}
	for _, name := range ownVarFiles(dir) {
		for set := range attributesOf(filepath.Join(dir, name)) {
			names[set] = true
		}
	}
	return slices.Collect(maps.Keys(names))
}

// ownVarFiles returns the names of the var-files that terraform reads by itself.
func ownVarFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		base := strings.TrimSuffix(entry.Name(), ".json")
		if base == "terraform.tfvars" || strings.HasSuffix(base, ".auto.tfvars") {
			names = append(names, entry.Name())
		}
	}
	return names
}
