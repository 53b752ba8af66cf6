package ansible

import (
	"cmp"
	_ "embed" // the schema
	"errors"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

//go:embed bitops.schema.yaml
var schemaText []byte

// configurationSchema returns the keys of an ansible directory's bitops.config.yaml.
var configurationSchema = sync.OnceValue(func() *schema.ToolSchema { return schema.BuiltInSchema(schemaText) })

// ConfigurationSchema implements environments.Configured.
func (*Ansible) ConfigurationSchema() ([]byte, error) { return configurationSchema().JSONSchema() }

// The paths of the properties that are read by name.
const (
	keyPlaybook        = "cli.main-playbook"
	keyDestroyPlaybook = "cli.destroy-playbook"
	keyInventory       = "cli.inventory"
	keyExtraVars       = "cli.extra-vars"
	keyDryRun          = "cli.dryrun"
	keySkip            = "options.skip-deploy"
)

// settings are the configuration with the variables over it.
type settings struct {
	playbook        string // relative to the step's directory
	destroyPlaybook string // or ""
	dryRun          bool
	skipped         string   // why the step is left out, or ""
	noPreview       string   // why it is not previewed, or ""
	inventory       []string // for --inventory
	arguments       []string // the others
	extraVars       []string // of the arguments

	playbookFrom, destroyFrom schema.Position // the zero Position when no file names the playbook
}

// extraEnv is the file beside the playbook from which BitOps exports variables before ansible runs.
var extraEnv = environments.VariablesFile{Name: "extra_env", All: true}

// configure reads the configuration in the workspace and hands its values to everything that the step starts.
func configure(c *environments.Call) (settings, error) {
	if err := c.ReadVariables(extraEnv); err != nil && !errors.Is(err, environments.ErrNotPlain) {
		return settings{}, err
	}
	values, err := c.Configure(configurationSchema())
	if err != nil {
		return settings{}, err
	}
	return settingsOf(values), nil
}

// readSettings reads what the files in the repository say, without any variable.
func readSettings(d schema.Directory) (settings, schema.Problems) {
	values, problems := configurationSchema().Resolve(d, nil)
	return settingsOf(values), problems
}

func settingsOf(v *schema.ToolValues) settings {
	s := settings{
		playbook:        cmp.Or(v.Text(keyPlaybook), defaultPlaybook),
		destroyPlaybook: v.Text(keyDestroyPlaybook),
		dryRun:          v.Flag(keyDryRun),
		inventory:       words(v.List(keyInventory)),
		extraVars:       v.List(keyExtraVars),
		arguments:       v.Arguments("cli"),
		noPreview:       environments.NoPreview(v),
		playbookFrom:    v.Position(keyPlaybook),
		destroyFrom:     v.Position(keyDestroyPlaybook),
	}
	// Ansible reads its own variable, in which a comma is between files and not between hosts.
	if v.From(keyInventory) == "variable ANSIBLE_INVENTORY" {
		s.inventory = nil
	}
	if v.Flag(keySkip) {
		s.skipped = "skip-deploy is set"
		if name, ok := strings.CutPrefix(v.From(keySkip), "variable "); ok {
			s.skipped = name + " is set"
		}
	}
	return s
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
