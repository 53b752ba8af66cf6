package terraform

import (
	"cmp"
	_ "embed" // the schema
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

//go:embed bitops.schema.yaml
var schemaText []byte

// configurationSchema returns the keys of a terraform directory's bitops.config.yaml.
var configurationSchema = sync.OnceValue(func() *schema.ToolSchema { return schema.BuiltInSchema(schemaText) })

// ConfigurationSchema implements environments.Configured.
func (*Terraform) ConfigurationSchema() ([]byte, error) { return configurationSchema().JSONSchema() }

// The paths of the properties.
const (
	keyVarFile       = "cli.var-file"
	keyTargets       = "cli.targets"
	keyBackendConfig = "cli.backend-config"
	keyAction        = "cli.stack-action"
	keySkip          = "options.skip-deploy"
	keyWorkspace     = "options.workspace"
	keyVersion       = "options.version"
	keyUpgrade       = "options.init-upgrade"
	keyBinary        = "options.binary"
)

// The values of stack-action.
const (
	actionPlan    = "plan"
	actionApply   = "apply"
	actionDestroy = "destroy"
)

// BitOps v1's variables for a stack-action.
const (
	variableApply   = "TERRAFORM_APPLY"
	variableDestroy = "TERRAFORM_DESTROY"
)

// settings are the configuration with the variables over it.
type settings struct {
	binary        string
	varFiles      []string
	first         []string // targets of the file: they come before everything else
	targets       []string // targets of a variable: all that there is to do
	limitedBy     string   // the variable, or ""
	backendConfig []string
	action        string // as written, or ""
	skipped       string // why the step is left out, or ""
	noPreview     string // why it is not previewed, or ""
	workspace     string
	wanted        wanted
	upgrade       bool
}

// environmentFile is the file beside the *.tf files from which BitOps exports variables before terraform runs.
var environmentFile = environments.VariablesFile{Name: "ENV_FILE"}

// settingsOf reads the configuration in the workspace, where hooks may have edited it, and hands its values to everything
// that the step starts.
func settingsOf(c *environments.Call) (settings, error) {
	if err := c.ReadVariables(environmentFile); err != nil && !errors.Is(err, environments.ErrNotPlain) {
		return settings{}, err
	}
	values, err := c.Configure(configurationSchema())
	if err != nil {
		return settings{}, err
	}
	s, problems := settingsFrom(values, c.Variables)
	problems = append(problems, templates(values)...)
	tellChosen(c)
	action := s.done(c)
	c.Export("TERRAFORM_COMMAND", action)
	c.Export("BITOPS_TERRAFORM_COMMAND", action)
	return s, problems.Err()
}

// done returns which stack-action it comes to: BitOps' hooks look at that, and there the configuration decided alone.
func (s settings) done(c *environments.Call) string {
	switch {
	case c.Deploys():
		return cmp.Or(s.action, actionPlan)
	case c.Command == schema.CommandApply && s.action != "":
		return s.action
	case c.Command.Previews():
		return actionPlan
	}
	return string(c.Command)
}

// readSettings reads what the files in the repository say, without any variable.
func readSettings(d schema.Directory) (settings, schema.Problems) {
	values, problems := configurationSchema().Resolve(d, nil)
	s, more := settingsFrom(values, nil)
	return s, append(append(problems, more...), templates(values)...)
}

// templates refuses what looks like a template where a state is named: terraform would take it literally, and every
// environment would have the same. A secret may look like anything.
func templates(v *schema.ToolValues) schema.Problems {
	var problems schema.Problems
	for _, key := range []string{keyBackendConfig, keyWorkspace} {
		for _, text := range v.List(key) {
			name, _, _ := strings.Cut(text, "=")
			if secret.NameIsSecret(strings.TrimSpace(name)) || !schema.LooksLikeTemplate(text) {
				continue
			}
			problems = append(problems, schema.Errorf(v.Position(key), "%s: %q is not expanded", key, text).
				WithHint("${environment.name}, ${environment.path} and ${environment.tags} are known here"))
		}
	}
	return problems
}

func settingsFrom(v *schema.ToolValues, variables environments.Variables) (settings, schema.Problems) {
	binary := cmp.Or(v.Text(keyBinary), "terraform")
	asked, problems := wantedVersion(v, binary)
	s := settings{
		binary:        binary,
		varFiles:      words(v.List(keyVarFile)),
		backendConfig: words(v.List(keyBackendConfig)),
		action:        cmp.Or(chosenAction(variables), v.Text(keyAction)),
		workspace:     v.Text(keyWorkspace),
		wanted:        asked,
		upgrade:       v.Flag(keyUpgrade),
		noPreview:     environments.NoPreview(v),
	}
	s.readTargets(v)
	if v.Flag(keySkip) {
		s.skipped = cmp.Or(decidedBy(v, keySkip), "skip-deploy") + " is set"
	}
	return s, problems
}

// decidedBy returns the name of the variable that a value comes from, or "".
func decidedBy(v *schema.ToolValues, key string) string {
	if name, ok := strings.CutPrefix(v.From(key), "variable "); ok {
		return name
	}
	return ""
}

// chosenAction returns the stack-action that BitOps v1's variables choose, or "". Those who set both want nothing to be
// left: v1 applied, and then destroyed what it had applied.
func chosenAction(variables environments.Variables) string {
	switch {
	case variables[variableDestroy] == choosing:
		return actionDestroy
	case variables[variableApply] == choosing:
		return actionApply
	}
	return ""
}

// choosing is the only value with which these variables choose: BitOps compares with it as it is written.
const choosing = "true"

// tellChosen tells which of these variables decides, and which one does not, whatever its value suggests.
func tellChosen(c *environments.Call) {
	for _, name := range []string{variableApply, variableDestroy} {
		switch value := c.Variables[name]; {
		case value == choosing:
			c.TellDecided(name, keyAction)
		case value != "" && !strings.EqualFold(value, "false"):
			c.NoticeOnce(fmt.Sprintf("%s is %q and decides nothing: as in BitOps, only %q counts", name, value, choosing))
		}
	}
}

// splitTargets cuts a list of resource addresses at commas and white space, but not within brackets and quotes, as in
// aws_subnet.public["a, b"].
func splitTargets(text string) []string {
	depth, quoted := 0, false
	return strings.FieldsFunc(text, func(r rune) bool {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '[':
			depth++
		case r == ']':
			depth--
		}
		return !quoted && depth <= 0 && strings.ContainsRune(", \t\r\n", r)
	})
}

// words returns the items of a list that are not empty.
func words(list []string) []string {
	var kept []string
	for _, item := range list {
		if item != "" {
			kept = append(kept, item)
		}
	}
	return kept
}
