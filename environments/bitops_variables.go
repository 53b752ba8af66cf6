package environments

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// variables builds the step's environment from nothing: the caller's variables, the manifest's, those that BitOps v1 and
// v2 gave their hooks, and the inputs. Values that must not be shown are told before anything can show them.
func (l *Lifecycle) variables(c *Call) error {
	own := Variables(c.Step.Env)
	l.Secrets(own.secrets()...)
	c.Variables = l.imageVariables(c.Step)
	maps.Copy(c.Variables, l.inherited)
	maps.Copy(c.Variables, own)
	maps.Copy(c.Variables, l.wellKnown(c))
	if err := c.placeKubeconfig(); err != nil {
		return err
	}
	if err := c.placeAWSProfile(); err != nil {
		return err
	}
	return l.inputVariables(c)
}

// The places of v2's container image (scripts/plugins/settings.py and deploy_plugins.py).
const (
	imageDirectory = "/opt/bitops"
	imageScripts   = imageDirectory + "/scripts"
	imagePlugins   = imageScripts + "/installed_plugins/"
)

// imageVariables name places of v2's container image. Elsewhere the caller can say where such things are.
func (l *Lifecycle) imageVariables(step *schema.Step) Variables {
	return Variables{
		"BITOPS_DIR":                  imageDirectory,
		"BITOPS_SCRIPTS_DIR":          imageScripts,
		"SCRIPTS_DIR":                 imageScripts,
		"BITOPS_PLUGINS_DIR":          imagePlugins,
		"BITOPS_PLUGIN_DIR":           imageScripts + "/plugins/",
		"BITOPS_INSTALLED_PLUGIN_DIR": imagePlugins + string(step.Tool),
	}
}

// wellKnown are the variables that hooks of BitOps repositories rely on, and bitops' own.
func (l *Lifecycle) wellKnown(c *Call) Variables {
	ws, step := c.Workspace, c.Step
	kubeconfig := filepath.Join(ws.Root, ".kube", "config")
	all := Variables{
		"BITOPS_ENVIRONMENT":             string(step.Environment),
		"BITOPS_TEMPDIR":                 ws.Root,
		"BITOPS_ENVROOT":                 ws.Directory,
		"BITOPS_OPSREPO_ENVIRONMENT_DIR": c.Directory,
		"BITOPS_OPSREPO_ENV_FILE":        filepath.Join(c.Directory, "ENV_FILE"),
		"BITOPS_DEFAULT_ROOT_DIR":        l.Default, // the folder's name, as in v2
		"BITOPS_FAIL_FAST":               strconv.FormatBool(l.FailFast),
		"BITOPS_KUBE_CONFIG_FILE":        kubeconfig,
		"BITOPS_PLUGIN_NAME":             string(step.Tool),
		"BITOPS_COMMAND":                 string(c.Command.Effective()),
		"BITOPS_STEP":                    string(step.Name),
		"BITOPS_RUN_ID":                  string(l.Run),
		"BITOPS_SOURCE_DIR":              l.Repository,

		"ENVIRONMENT":      string(step.Environment),
		"TEMPDIR":          ws.Root,
		"ROOT_DIR":         ws.Root,
		"ENVROOT":          ws.Directory,
		"DEFAULT_ENVROOT":  filepath.Join(ws.Root, l.Default),
		"KUBE_CONFIG_FILE": kubeconfig,
	}
	for _, tool := range schema.DefaultTools {
		all[strings.ToUpper(string(tool))+"_ROOT"] = filepath.Join(ws.Directory, string(tool))
	}
	if step.Tool == "helm" && step.Deployment != "helm" {
		all["HELM_ROOT"] = filepath.Dir(c.Directory)
		all["HELM_CHART"], all["HELM_CHART_DIRECTORY"] = filepath.Base(c.Directory), c.Directory
	} else {
		all[variableName(string(step.Tool))+"_ROOT"] = c.Directory
	}
	return all
}

// inputVariables hands the inputs to hooks and plugins: all in one file, and one variable each.
func (l *Lifecycle) inputVariables(c *Call) error {
	values := schema.Values{}
	maps.Copy(values, c.Offered)
	maps.Copy(values, c.Inputs)
	l.Secrets(values.Secrets()...)
	all := make(map[string]json.RawMessage, len(values))
	var room VariableRoom
	for _, name := range values.Names() {
		text, err := values[name].Reveal()
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		all[name] = text
		if plain, _ := values[name].Plain(); !strings.Contains(plain, "\x00") && room.Take(plain) {
			c.Variables["BITOPS_INPUT_"+variableName(name)] = plain
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	file, err := c.PrivateFile("inputs.json", text)
	c.Variables["BITOPS_INPUTS_FILE"] = file
	return err
}

// variableName turns an input's name into the end of a variable's name: upper case, everything odd an underscore.
func variableName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}
