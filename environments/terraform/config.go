package terraform

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// The values of stack-action.
const (
	actionPlan    = "plan"
	actionApply   = "apply"
	actionDestroy = "destroy"
)

// document is the bitops.config.yaml of a terraform directory, with the keys of BitOps v1 and v2.
type document struct {
	Terraform struct {
		CLI struct {
			VarFile       []string `yaml:"var-file" doc:"Files with values for variables, relative to this directory."`
			Targets       []string `yaml:"targets" doc:"The resources to limit the operation to."`
			Target        []string `yaml:"target" doc:"The name of targets in BitOps v1."`
			BackendConfig []string `yaml:"backend-config" doc:"Settings of the backend: KEY=VALUE, or files."`
			StackAction   string   `yaml:"stack-action" enum:"plan,apply,destroy" doc:"What the step is for."`
		} `yaml:"cli" doc:"Arguments of terraform."`
		Options struct {
			SkipDeploy  bool   `yaml:"skip-deploy" doc:"Leave this step out, hooks and all."`
			Workspace   string `yaml:"workspace" doc:"The terraform workspace to use. It is made if missing."`
			Version     string `yaml:"version" doc:"The terraform version that is needed: 1.11.4, 1.11, or a constraint like ~> 1.5."`
			InitUpgrade bool   `yaml:"init-upgrade" doc:"Update providers and modules: terraform init -upgrade."`
			Binary      string `yaml:"binary" enum:"terraform,tofu" doc:"The program. Default terraform."`
			StackAction string `yaml:"stack-action" enum:"plan,apply,destroy" doc:"The place of cli.stack-action in BitOps v2.0."`
			Command     string `yaml:"command" enum:"plan,apply,destroy" doc:"The name of stack-action in BitOps v1."`
		} `yaml:"options" doc:"What bitops does around terraform."`
	} `yaml:"terraform" doc:"How terraform runs here."`
}

// settings are the configuration with the variables over it.
type settings struct {
	binary        string
	varFiles      []string
	targets       []string
	backendConfig []string
	action        string // as written, or ""
	skipped       string // why the step is left out, or ""
	workspace     string
	version       string
	upgrade       bool
}

// settingsOf reads the configuration in the workspace, where hooks may have edited it. The workspace is laid out like
// the repository, so the positions of problems are those of the repository.
func settingsOf(c *environments.Call) (settings, schema.Problems) {
	root, dir := split(c)
	return readSettings(root, dir, c.Variables)
}

// split returns the workspace's root and the step's directory relative to it.
func split(c *environments.Call) (root, dir string) {
	dir = c.Step.Directory()
	return strings.TrimSuffix(c.Directory, "/"+dir), dir
}

func readSettings(root, dir string, variables environments.Variables) (settings, schema.Problems) {
	var doc document
	problems := schema.DecodeConfiguration(root, dir, &doc)
	cli, options := &doc.Terraform.CLI, &doc.Terraform.Options
	v := overrides{variables: variables}
	s := settings{
		binary:        strings.ToLower(cmp.Or(options.Binary, "terraform")),
		varFiles:      words(cli.VarFile),
		targets:       words(append(cli.Targets, cli.Target...)),
		backendConfig: words(cli.BackendConfig),
		action:        strings.ToLower(cmp.Or(cli.StackAction, options.StackAction, options.Command)),
		workspace:     v.text(options.Workspace, "BITOPS_TERRAFORM_WORKSPACE", "TERRAFORM_WORKSPACE"),
		version:       options.Version,
		upgrade:       v.flag(options.InitUpgrade, "BITOPS_TERRAFORM_INIT_UPGRADE", "INIT_UPGRADE"),
	}
	if file := v.text("", "BITOPS_TERRAFORM_VAR_FILE", "TF_VAR_FILE"); file != "" {
		s.varFiles = []string{file}
	}
	if targets := v.text("", "BITOPS_TERRAFORM_TARGETS", "TF_TARGETS"); targets != "" {
		s.targets = splitTargets(targets)
	}
	if v.flag(options.SkipDeploy, "BITOPS_TERRAFORM_SKIP_DEPLOY", "TERRAFORM_SKIP_DEPLOY", "SKIP_DEPLOY_TERRAFORM") {
		s.skipped = cmp.Or(v.last, "skip-deploy") + " is set"
	}
	return s, append(problems, v.problems...)
}

// overrides are the variables that beat the configuration. An empty one counts as unset.
type overrides struct {
	variables environments.Variables
	problems  schema.Problems
	last      string // the variable that decided the last question, or ""
}

// text returns the first of the variables that is set, else the configured value.
func (o *overrides) text(configured string, names ...string) string {
	o.last = ""
	for _, name := range names {
		if value := o.variables[name]; value != "" {
			o.last = name
			return value
		}
	}
	return configured
}

func (o *overrides) flag(configured bool, names ...string) bool {
	switch value := o.text("", names...); strings.ToLower(value) {
	case "":
		return configured
	case "true", "yes", "on", "1":
		return true
	case "false", "no", "off", "0":
		return false
	default:
		o.problems = append(o.problems, schema.Errorf(schema.Position{}, "%s must be true or false, not %q", o.last, value))
		return configured
	}
}

// splitTargets cuts a list of resource addresses at commas and white space, but not within brackets and quotes, as in
// aws_subnet.public["a, b"]. A JSON list is taken as one.
func splitTargets(text string) []string {
	var list []string
	if json.Unmarshal([]byte(text), &list) == nil {
		return list
	}
	depth, quoted := 0, false
	parts := strings.FieldsFunc(text, func(r rune) bool {
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
	return parts
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
