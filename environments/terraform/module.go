package terraform

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// module is what a directory's files declare. As terraform does it, override files are laid over the others: what they
// say of a variable, an output or the backend wins.
type module struct {
	dir       schema.Directory
	files     int
	variables map[string]*variable
	outputs   map[string]*schema.Parameter
	backend   *backend // nil when there is no backend or cloud block
	problems  schema.Problems
	parsed    map[string]*hcl.File // by name; one that could not be parsed is not in it
}

// variable is a declared input and how terraform reads its value from the environment.
type variable struct {
	schema.Parameter
	kind kind
}

// kind tells how terraform reads TF_VAR_ values of a variable.
type kind int

const (
	untyped    kind = iota // always as text
	primitive              // as text, converted to string, number or bool
	structured             // as an HCL expression: collections, objects, any
)

// backend is where the module keeps its state.
type backend struct {
	kind               string // local, s3, ...; cloud for a cloud block
	path, workspaceDir string // of a local one, as written
	open               bool   // what is written is no plain text

	arguments map[string]string // of any other one; those of a block in it have dotted names
}

var (
	rootSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "output", LabelNames: []string{"name"}},
		{Type: "terraform"},
	}}
	variableSchema = attributes("type", "default", "sensitive", "ephemeral")
	outputSchema   = attributes("sensitive")
	terraformBlock = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"},
	}}
	localBackend = attributes("path", "workspace_dir")
)

func attributes(names ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, name := range names {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name})
	}
	return s
}

// readModule reads the *.tf and *.tf.json files of a directory; for OpenTofu the *.tofu and *.tofu.json files too, which
// it reads in place of those of the same name.
func (p *parser) readModule(d schema.Directory, binary string) *module {
	m := &module{dir: d, variables: map[string]*variable{}, outputs: map[string]*schema.Parameter{}, parsed: map[string]*hcl.File{}}
	full := d.Path()
	entries, err := d.Entries()
	if err != nil {
		m.unreadable(d.Name, err)
		return m
	}
	var overrides []string
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case entry.IsDir() || !configurationFile(name) && (binary != tofu || !tofuFile(name)):
		case binary == tofu && replaced(entries, name):
		case overrideFile(name):
			overrides = append(overrides, name)
		default:
			m.read(p, full, name)
		}
	}
	for _, name := range overrides {
		m.read(p, full, name)
	}
	return m
}

// configurationFile reports whether terraform would read a file: not those of editors, and not bitops' own.
func configurationFile(name string) bool {
	return (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json")) &&
		!strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "#") && !ownFile(name)
}

// tofuFile is configurationFile for the endings that only OpenTofu reads.
func tofuFile(name string) bool {
	return (strings.HasSuffix(name, ".tofu") || strings.HasSuffix(name, ".tofu.json")) &&
		!strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "#")
}

// replaced reports whether OpenTofu passes a file over, because there is one of its own beside it.
func replaced(entries []os.DirEntry, name string) bool {
	base, json := strings.CutSuffix(name, ".json")
	base, ok := strings.CutSuffix(base, ".tf")
	if !ok {
		return false
	}
	own := base + ".tofu"
	if json {
		own += ".json"
	}
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == own })
}

func overrideFile(name string) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".tf"), ".tofu")
	return base == "override" || strings.HasSuffix(base, "_override")
}

func (m *module) read(p *parser, full, name string) {
	at := path.Join(m.dir.Name, name)
	text, err := schema.ReadFile(filepath.Join(full, name))
	if err != nil {
		m.unreadable(at, err)
		return
	}
	m.files++
	found := p.parse(text, name)
	m.note(at, found.diagnostics)
	if found.file == nil {
		return
	}
	if !found.diagnostics.HasErrors() {
		m.parsed[name] = found.file
	}
	content, _, diagnostics := found.file.Body.PartialContent(rootSchema)
	m.note(at, diagnostics)
	for _, block := range content.Blocks {
		switch block.Type {
		case "variable":
			m.variable(at, block)
		case "output":
			m.output(at, block)
		case "terraform":
			m.settings(block)
		}
	}
}

func (m *module) unreadable(name string, err error) {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err // the position names the file
	}
	m.problems = append(m.problems, schema.Errorf(schema.Position{File: name}, "cannot be read: %v", err))
}

func (m *module) note(file string, diagnostics hcl.Diagnostics) {
	for _, d := range diagnostics {
		if d.Severity == hcl.DiagError {
			m.problems = append(m.problems, schema.Errorf(position(file, d.Subject), "%s: %s", d.Summary, d.Detail))
		}
	}
}

func position(file string, r *hcl.Range) schema.Position {
	if r == nil {
		return schema.Position{}
	}
	return schema.Position{File: file, Line: r.Start.Line, Column: r.Start.Column}
}

func (m *module) variable(file string, block *hcl.Block) {
	name := block.Labels[0]
	v := m.variables[name]
	if v == nil {
		v = &variable{Parameter: schema.Parameter{Name: name, Required: true, Position: position(file, &block.DefRange)}}
		m.variables[name] = v
	}
	content, _, _ := block.Body.PartialContent(variableSchema)
	if _, has := content.Attributes["default"]; has {
		v.Required = false
	}
	if sensitive, ok := truth(content.Attributes["sensitive"]); ok {
		v.Sensitive = sensitive
	}
	if ephemeral, ok := truth(content.Attributes["ephemeral"]); ok {
		v.Ephemeral = ephemeral
	}
	if typ := content.Attributes["type"]; typ != nil {
		v.kind = structured
		switch hcl.ExprAsKeyword(typ.Expr) {
		case "string", "number", "bool":
			v.kind = primitive
		}
	}
}

func (m *module) output(file string, block *hcl.Block) {
	name := block.Labels[0]
	o := m.outputs[name]
	if o == nil {
		o = &schema.Parameter{Name: name, Position: position(file, &block.DefRange)}
		m.outputs[name] = o
	}
	content, _, _ := block.Body.PartialContent(outputSchema)
	if sensitive, ok := truth(content.Attributes["sensitive"]); ok {
		o.Sensitive = sensitive
	}
}

func (m *module) settings(block *hcl.Block) {
	content, _, _ := block.Body.PartialContent(terraformBlock)
	for _, b := range content.Blocks {
		if b.Type == "cloud" {
			m.backend = &backend{kind: "cloud"}
		} else {
			m.backend = &backend{kind: b.Labels[0]}
		}
		if m.backend.kind != "local" {
			m.backend.arguments = map[string]string{}
			m.backend.open = !literals("", b.Body, m.backend.arguments)
			continue
		}
		given, _, _ := b.Body.PartialContent(localBackend)
		m.backend.path = m.backend.text(given.Attributes["path"])
		m.backend.workspaceDir = m.backend.text(given.Attributes["workspace_dir"])
	}
}

func (b *backend) text(a *hcl.Attribute) string {
	if a == nil {
		return ""
	}
	value, diagnostics := a.Expr.Value(nil)
	if diagnostics.HasErrors() || value.IsNull() || value.Type() != cty.String {
		b.open = true
		return ""
	}
	return value.AsString()
}

// truth returns the value of an attribute that is a plain true or false.
func truth(a *hcl.Attribute) (value, ok bool) {
	if a == nil {
		return false, false
	}
	v, diagnostics := a.Expr.Value(nil)
	if diagnostics.HasErrors() || v.IsNull() || v.Type() != cty.Bool {
		return false, false
	}
	return v.True(), true
}

// inspect tells what the module declares, in the order of the alphabet.
func (m *module) inspect() (schema.Interface, schema.Problems) {
	problems := m.problems
	if m.files == 0 && len(problems) == 0 && !environments.HasBeforeHooks(m.dir) {
		problems = append(problems, schema.Errorf(schema.Position{File: m.dir.Name}, "holds no .tf file"))
	}
	var i schema.Interface
	for _, v := range m.variables {
		i.Inputs = append(i.Inputs, v.Parameter)
	}
	for _, o := range m.outputs {
		i.Outputs = append(i.Outputs, *o)
	}
	byName := func(a, b schema.Parameter) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(i.Inputs, byName)
	slices.SortFunc(i.Outputs, byName)
	return i, problems.Sorted()
}

// hasEphemeral reports whether a variable is declared as ephemeral.
func (m *module) hasEphemeral() bool {
	for _, v := range m.variables {
		if v.Ephemeral {
			return true
		}
	}
	return false
}

// hasSecrets reports whether an output is declared as sensitive.
func (m *module) hasSecrets() bool {
	for _, output := range m.outputs {
		if output.Sensitive {
			return true
		}
	}
	return false
}
