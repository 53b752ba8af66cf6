package terraform

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// OpenTofu lets variables choose the backend and where modules come from. So init needs their values, and so does every other
// command that needs the backend, also those that ask for outputs, when the inputs of the step are not known. The values are
// kept in the data directory, where OpenTofu itself keeps what the backend was given.

// The var-files with early values, in the data directory. The configured var-files go between them.
const (
	earlyOffered = "bitops.early-offered.tfvars.json"
	earlyInputs  = "bitops.early-inputs.tfvars.json"
)

// earlyHint says where early values come from, where some are missing.
const earlyHint = "Variables choose a backend, encryption or a module here. Their values come from the inputs of the step, cli.var-file, " +
	"terraform.tfvars and *.auto.tfvars, and TF_VAR_NAME under env in the manifest."

// early names the variables that choose the backend, encryption or where a module comes from. terraform lets none, OpenTofu
// does.
func (m *module) early() map[string]bool {
	names, locals := map[string]bool{}, map[string]hclsyntax.Expression{}
	blocks := m.blocks()
	for _, block := range blocks {
		if block.Type == "locals" {
			for name, attribute := range block.Body.Attributes {
				locals[name] = attribute.Expr
			}
		}
	}
	for _, block := range blocks {
		for _, e := range earlyExpressions(block) {
			addVariables(names, locals, e)
		}
	}
	return names
}

// blocks returns the blocks of all files in the native syntax.
func (m *module) blocks() []*hclsyntax.Block {
	var all []*hclsyntax.Block
	for _, file := range m.parsed {
		if body, ok := file.Body.(*hclsyntax.Body); ok {
			all = append(all, body.Blocks...)
		}
	}
	return all
}

// earlyExpressions returns what init has to know the value of in a block.
func earlyExpressions(block *hclsyntax.Block) []hclsyntax.Expression {
	switch block.Type {
	case "terraform":
		return expressionsIn(block.Body)
	case "module":
		var all []hclsyntax.Expression
		for _, name := range []string{"source", "version"} {
			if attribute := block.Body.Attributes[name]; attribute != nil {
				all = append(all, attribute.Expr)
			}
		}
		return all
	}
	return nil
}

// expressionsIn returns the arguments of a body and of the blocks in it.
func expressionsIn(body *hclsyntax.Body) []hclsyntax.Expression {
	var all []hclsyntax.Expression
	for _, attribute := range body.Attributes {
		all = append(all, attribute.Expr)
	}
	for _, block := range body.Blocks {
		all = append(all, expressionsIn(block.Body)...)
	}
	return all
}

// addVariables adds the variables that an expression uses, also by way of locals. A local is looked at once.
func addVariables(names map[string]bool, locals map[string]hclsyntax.Expression, e hclsyntax.Expression) {
	for _, t := range e.Variables() {
		if len(t) < 2 {
			continue
		}
		attribute, ok := t[1].(hcl.TraverseAttr)
		switch {
		case !ok:
		case t.RootName() == "var":
			names[attribute.Name] = true
		case t.RootName() == "local" && locals[attribute.Name] != nil:
			local := locals[attribute.Name]
			delete(locals, attribute.Name)
			addVariables(names, locals, local)
		}
	}
}

// early is the var-files with early values: those of offered values, and those of inputs. The configured ones go between them.
type early struct{ offered, inputs []string }

// keepEarly hands over the values of the early variables, and keeps those that are no secrets in place of the ones that were
// kept before. It is for calls that know the values of the step.
func (s *session) keepEarly() error {
	names := s.earlyNames()
	if len(names) == 0 {
		return nil
	}
	kept, private := [2]map[string]json.RawMessage{{}, {}}, [2]map[string]json.RawMessage{{}, {}}
	set := setByFiles(s.Directory)
	for name := range names {
		value, of, ok := s.earlyValue(name, set)
		if !ok {
			continue
		}
		text, err := value.Reveal()
		if err != nil {
			return err
		}
		if v := s.module.variables[name]; value.Sensitive || v != nil && v.Sensitive {
			private[of][name] = text
		} else {
			kept[of][name] = text
		}
	}
	for of, files := range []*[]string{&s.early.offered, &s.early.inputs} {
		name := [2]string{earlyOffered, earlyInputs}[of]
		if err := s.replaceEarly(name, kept[of]); err != nil {
			return err
		}
		var a arguments
		if err := a.file(s, name, private[of]); err != nil {
			return err
		}
		if len(a.args) > 0 {
			*files = append(*files, filepath.Join(s.Private, name))
		}
	}
	return nil
}

// earlyValue returns the value of a variable, and whether it is an offered one (0) or an input (1). ok is false where there is
// none, or something else sets the variable.
func (s *session) earlyValue(name string, setByFiles []string) (value schema.Value, of int, ok bool) {
	if value, ok = s.Inputs[name]; ok {
		return value, 1, true
	}
	_, exported := s.Variables["TF_VAR_"+name]
	value, ok = s.Offered[name]
	return value, 0, ok && !exported && !value.Null() && !slices.Contains(setByFiles, name)
}

// replaceEarly writes a file of early values into the data directory; without any, it removes it.
func (s *session) replaceEarly(name string, values map[string]json.RawMessage) error {
	file := s.inDataDirectory(name)
	if len(values) == 0 {
		if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := json.Marshal(values)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	return err
}

// earlyNames returns the names of the early variables, none where the program knows no such.
func (s *session) earlyNames() map[string]bool {
	if s.binary != tofu {
		return nil
	}
	return s.module.early()
}

// earlyFiles returns the var-files with early values in ascending precedence, none where no variable is early.
func (s *session) earlyFiles() []string {
	if len(s.earlyNames()) == 0 {
		return nil
	}
	kept := func(name string) []string {
		if file := s.inDataDirectory(name); content(file) != "" {
			return []string{file}
		}
		return nil
	}
	return slices.Concat(kept(earlyOffered), s.early.offered, s.varFiles, kept(earlyInputs), s.early.inputs)
}

// withEarly gives a command the early values.
func (s *session) withEarly(p environments.ProgramCall, words int) environments.ProgramCall {
	var args []string
	for _, file := range s.earlyFiles() {
		args = append(args, "-var-file="+file)
	}
	p.Args = slices.Insert(slices.Clone(p.Args), words, args...)
	return p
}
