package environments_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/ansible"
	"github.com/bitops-engine/bitops/environments/cloudformation"
	"github.com/bitops-engine/bitops/environments/helm"
	"github.com/bitops-engine/bitops/environments/plugin"
	"github.com/bitops-engine/bitops/environments/terraform"
	"github.com/bitops-engine/bitops/schema"
)

// The configuration of every tool can keep a step from being previewed, in a file and by a variable.
func TestEveryToolCanGoWithoutPreview(t *testing.T) {
	tools := []environments.Tool{terraform.New(), ansible.New(), helm.New(), cloudformation.New()}
	for _, tool := range append(tools, plugins(t)...) {
		t.Run(string(tool.Name()), func(t *testing.T) {
			variable := "BITOPS_" + strings.ToUpper(string(tool.Name())) + "_PREVIEW"
			for _, c := range []struct{ name, configuration, variable, want string }{
				{"nothing is said", "{}", "", ""},
				{"the file says true", "{preview: true}", "", ""},
				{"the file says false", "{preview: false}", "", "options.preview is false"},
				{"the variable says false", "{}", "false", variable + " is false"},
				{"the variable beats the file", "{preview: false}", "true", ""},
			} {
				t.Run(c.name, func(t *testing.T) {
					root := t.TempDir()
					dir := filepath.Join(root, "e", "x")
					write(t, filepath.Join(dir, "bitops.config.yaml"), string(tool.Name())+": {options: "+c.configuration+"}\n")
					call := environments.NewCall(environments.CallOptions{
						Step: &schema.Step{
							Name: "e/x", Environment: "e", EnvironmentPath: "e", Deployment: "x", Tool: tool.Name(),
						},
						Command: schema.CommandPlan, Directory: dir, Source: dir, Observe: func(schema.Event) {},
						Variables: environments.Variables{variable: c.variable},
					})
					got, err := tool.(environments.Previewer).NoPreview(call)
					if err != nil || got != c.want {
						t.Errorf("%q and %v, want %q", got, err, c.want)
					}
				})
			}
		})
	}
}

// plugins returns one plugin that brings a schema, and one that does not.
func plugins(t *testing.T) []environments.Tool {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"keyed", "free"} {
		write(t, filepath.Join(root, name, "deploy.sh"), "")
	}
	write(t, filepath.Join(root, "keyed", "bitops.schema.yaml"),
		"keyed:\n  type: object\n  properties:\n    options:\n      type: object\n      properties:\n        depth: {type: integer}\n")
	return plugin.New(plugin.Options{Repository: root, Store: filepath.Join(root, ".bitops"), Declared: schema.Map[schema.Plugin]{
		{Key: "keyed", Value: schema.Plugin{Source: "./keyed"}},
		{Key: "free", Value: schema.Plugin{Source: "./free"}},
	}})
}
