package cloudformation

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

//go:embed bitops.schema.yaml
var schemaText []byte

// configurationSchema is the schema of the tool's configuration.
var configurationSchema = sync.OnceValue(func() *schema.ToolSchema { return schema.BuiltInSchema(schemaText) })

// unfinishedSchema is the schema for a configuration that before hooks may still complete: nothing is required.
var unfinishedSchema = sync.OnceValue(func() *schema.ToolSchema {
	s := *configurationSchema()
	s.Root = optional(s.Root)
	return &s
})

func optional(p schema.Property) schema.Property {
	p.Required = false
	p.Properties = slices.Clone(p.Properties)
	for i := range p.Properties {
		p.Properties[i] = optional(p.Properties[i])
	}
	return p
}

// The value of stack-action that removes the stack.
const actionDelete = "delete"

// The paths of values that messages name.
const (
	keyStackName = "options.cfn-stack-name"
	keySkip      = "options.skip-deploy"
	keyTemplate  = "options.cfn-files.template-file"
	keyParamFlag = "options.cfn-files.parameters.template-param-flag"
	keyParamFile = "options.cfn-files.parameters.template-param-file"
	keyMerge     = "options.cfn-merge-parameters.enabled"
	keyMergeDir  = "options.cfn-merge-parameters.directory"
)

// settings are the configuration with the variables over it.
type settings struct {
	action       string
	validate     bool
	stackName    string
	capabilities []string
	bucket       string
	prefix       string // without slashes at its ends
	template     source
	parameters   source // the file with values; its name is "" when there is none
	merged       source // the directory of more of them; its name is "" when there is none
}

// source is a file or directory that the configuration names, and where it does so.
type source struct {
	name string // relative to the step's directory
	at   schema.Position
}

func settingsFrom(v *schema.ToolValues) (settings, schema.Problems) {
	s := settings{
		action:       strings.ToLower(v.Text("cli.stack-action")),
		validate:     v.Flag("cli.validate-cfn"),
		stackName:    v.Text(keyStackName),
		capabilities: words(v.Text("options.capabilities")),
		bucket:       v.Text("options.s3bucket"),
		prefix:       strings.Trim(v.Text("options.s3prefix"), "/"),
		template:     source{v.Text(keyTemplate), v.Position(keyTemplate)},
	}
	var problems schema.Problems
	for _, key := range []string{keyStackName, keyTemplate} {
		if v.Has(key) && v.Text(key) == "" {
			problems = append(problems, schema.Errorf(v.Position(key), "%s is required and empty", key))
		}
	}
	file := v.Text(keyParamFile)
	if v.Flag(keyParamFlag) && file == "" {
		problems = append(problems, schema.Errorf(v.Position(keyParamFlag), "%s is true, but %s is not set",
			keyParamFlag, keyParamFile).WithHint("name the file, or set the flag to false"))
	}
	if v.Flag(keyParamFlag) || !v.Has(keyParamFlag) {
		s.parameters = source{file, v.Position(keyParamFile)}
	}
	if v.Flag(keyMerge) {
		s.merged = source{v.Text(keyMergeDir), v.Position(keyMergeDir)}
		if s.merged.at.Line == 0 {
			s.merged.at = v.Position(keyMerge)
		}
	}
	return s, problems
}

// skipped returns why the step is left out, or "".
func skipped(v *schema.ToolValues) string {
	if !v.Flag(keySkip) {
		return ""
	}
	if name, ok := strings.CutPrefix(v.From(keySkip), "variable "); ok {
		return name + " is set"
	}
	return "skip-deploy is set"
}

// words returns the words of a JSON list, or of a text with commas or white space between them.
func words(text string) []string {
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		list = []string{text}
	}
	separates := func(r rune) bool { return r == ',' || unicode.IsSpace(r) }
	return strings.FieldsFunc(strings.Join(list, " "), separates)
}

// configure reads the configuration. BitOps' hooks look at its stack-action, which decided alone: a destroy is one more
// reason for a delete.
func configure(c *environments.Call, s *schema.ToolSchema) (*schema.ToolValues, error) {
	values, err := c.Configure(s)
	if err == nil && c.Command == schema.CommandDestroy {
		c.Export("CFN_STACK_ACTION", actionDelete)
		c.Export("BITOPS_CFN_STACK_ACTION", actionDelete)
	}
	return values, err
}
