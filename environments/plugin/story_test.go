package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// example is the shape of the example plugin that BitOps v2 points to.
var example = map[string]string{
	"plugins/hello/plugin.config.yaml": `plugin:
  install:
    language: bash
    install_script: install.sh
  deployment:
    language: bash
    deployment_script: deploy.sh
    core_schema_parsing: true
    life_cycle_scripts: true
`,
	"plugins/hello/bitops.schema.yaml": `hello:
  type: object
  properties:
    cli:
      type: object
      properties:
        name:
          type: string
          parameter: name
          export_env: HELLO_NAME
          required: true
    options:
      type: object
      properties:
        favorite_color:
          type: string
          export_env: HELLO_FAV_COLOR
`,
	"plugins/hello/deploy.sh": `#!/bin/bash
echo "Hey $BITOPS_HELLO_NAME"
if [ -n "$BITOPS_HELLO_FAV_COLOR" ]; then
    echo "I bet your favorite color is $BITOPS_HELLO_FAV_COLOR"
fi
echo "cli: $BITOPS_HELLO_CLI, action: [$1] of $#"
`,
	"net/hello/bitops.config.yaml": "hello:\n  cli: {name: Ada}\n  options: {favorite_color: green}\n",
}

func TestExamplePluginOfV2(t *testing.T) {
	s := tell(t, example)
	r := s.apply()
	equal(t, "outcome", r.Outcome, schema.Succeeded)
	equal(t, "log", s.log(), "Hey Ada\nI bet your favorite color is green\ncli: --name=Ada, action: [] of 1")
	equal(t, "changes", r.Changes, (*schema.Changes)(nil))
	equal(t, "problems", s.problems(), "")
}

// The plugin of v2's guide: its sections stand right under its name, its schema has positional arguments, a word with a
// dash in it names it, and its script reads an ENV_FILE.
func TestPluginOfTheGuideOfV2(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/bitops.schema.yaml": `sample-plugin:
  cli:
    type: object
    properties:
      command: {type: string, default: run, required: true}
      key: {parameter: key, type: string}
      bar: {parameter: bar, type: boolean, default: true}
  options:
    type: object
    properties:
      foo:
        type: string
        export_env: SAMPLE_PLUGIN_FOO
        required: true
        default: foo_value
`,
		"plugins/hello/deploy.sh": `set -e
source "$BITOPS_OPSREPO_ENVIRONMENT_DIR/ENV_FILE"
cd $BITOPS_OPSREPO_ENVIRONMENT_DIR
echo "$FROM_FILE, $SAMPLE_PLUGIN_FOO, plugin_command ${BITOPS_SAMPLE_PLUGIN_CLI}"
tr '\0' '\n' < /proc/self/environ | grep '^BITOPS_SAMPLE-PLUGIN_CLI=' || true
`,
		"net/hello/ENV_FILE":           "FROM_FILE=file",
		"net/hello/bitops.config.yaml": "sample-plugin: {cli: {key: value}, options: {foo: baz}}",
	})
	s.apply()
	contains(t, "log", s.log(), "file, baz, plugin_command run --key=value --bar")
	equal(t, "problems", s.problems(), "")
	equal(t, "notices", s.notices(), "")
}

func TestScriptsInOtherLanguages(t *testing.T) {
	requireTool(t, "python3")
	s := tell(t, map[string]string{
		"plugins/hello/plugin.config.yaml": "plugin: {deployment: {language: python3, deployment_script: src/deploy.py}}",
		"plugins/hello/src/deploy.py": `import os, sys
print(sys.argv[1:], os.getcwd() == os.environ["BITOPS_OPSREPO_ENVIRONMENT_DIR"])
print(os.path.dirname(os.path.dirname(os.path.abspath(__file__))) == os.environ["BITOPS_INSTALLED_PLUGIN_DIR"])
with open(os.environ["BITOPS_OUTPUT"], "a") as f:
    f.write("answer=42\n")
`,
	})
	r := s.apply()
	equal(t, "log", s.log(), "[''] True\nTrue")
	output(t, r.Outputs, "answer", "42")
	equal(t, "programs", s.plugin().Programs("", "")[0].Name, "python3")
}

func TestVariablesOfV2(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": `env | grep -E '^(BITOPS_|HELLO_ROOT)' | sort`})
	s.env = map[string]string{"FROM": "the manifest"}
	s.inputs = schema.Values{"vpc": schema.Text("vpc-1")}
	s.apply()
	plugin := s.path("plugins", "hello")
	contains(t, "variables", s.log()+"\n",
		"BITOPS_PLUGIN_NAME=hello\n", "BITOPS_PLUGIN_DIR="+plugin+"\n", "BITOPS_INSTALLED_PLUGIN_DIR="+plugin+"\n",
		"BITOPS_PLUGINS_DIR="+filepath.Dir(plugin)+"/\n", "BITOPS_SCRIPTS_DIR=/opt/bitops/scripts\n", "BITOPS_DIR=/opt/bitops\n",
		"BITOPS_OPSREPO_ENV_FILE="+s.workspace()+"/ENV_FILE\n", "BITOPS_OPSREPO_ENVIRONMENT_DIR="+s.workspace()+"\n",
		"BITOPS_ENVROOT="+filepath.Dir(s.workspace())+"\n", "BITOPS_ENVIRONMENT=net\n", "BITOPS_COMMAND=apply\n",
		"BITOPS_INPUT_VPC=vpc-1\n", "BITOPS_SOURCE_DIR="+s.repository+"\n", "HELLO_ROOT="+s.workspace()+"\n",
		"BITOPS_HELLO_CLI=\n", "BITOPS_CHANGES=",
	)
}

func TestHooksSeeWhatThePluginSees(t *testing.T) {
	files := map[string]string{
		"net/hello/bitops.before-deploy.d/a.sh": `echo "before: $HELLO_NAME $BITOPS_HELLO_CLI $BITOPS_INSTALLED_PLUGIN_DIR"`,
		"net/hello/bitops.after-deploy.d/a.sh":  `echo "after: $HELLO_NAME"`,
	}
	s := tell(t, example)
	s.write(files)
	s.apply()
	contains(t, "log", s.log(), "before: Ada --name=Ada "+s.path("plugins", "hello"), "after: Ada")
}

// *(was: edits ignored in v2)*, *(was: exit 2)*.
func TestBeforeHooksEditTheConfiguration(t *testing.T) {
	s := tell(t, example)
	s.write(map[string]string{"net/hello/bitops.before-deploy.d/a.sh": `echo 'hello: {cli: {name: Grace}}' > bitops.config.yaml`})
	check(t, os.Remove(s.path("net", "hello", "bitops.config.yaml")))
	s.apply()
	contains(t, "log", s.log(), "Hey Grace")
}

func TestHookFlagsOfThePlugin(t *testing.T) {
	tests := map[string]struct{ flags, want string }{
		"both run unless it says otherwise": {"{}", "before tool after"},
		"no before hooks":                   {"{before_hook_scripts: false}", "tool after"},
		"no after hooks":                    {"{after_hook_scripts: false}", "before tool"},
		`"false" is false`:                  {`{before_hook_scripts: "false", after_hook_scripts: "no"}`, "tool"},
		"v2 reads no life_cycle_scripts":    {"{life_cycle_scripts: false}", "before tool after"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"plugins/hello/plugin.config.yaml":      "plugin: {deployment: " + test.flags + "}",
				"plugins/hello/deploy.sh":               "echo tool",
				"net/hello/bitops.before-deploy.d/a.sh": "echo before",
				"net/hello/bitops.after-deploy.d/a.sh":  "echo after",
			})
			s.apply()
			equal(t, "log", strings.ReplaceAll(s.log(), "\n", " "), test.want)
		})
	}
}

func TestPluginWithoutAnythingButAScript(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh":      `grep key bitops.config.yaml; echo "[$1]"`,
		"net/hello/bitops.config.yaml": "hello: {anything: {key: goes}}",
	})
	equal(t, "outcome", s.apply().Outcome, schema.Succeeded)
	equal(t, "log", s.log(), "hello: {anything: {key: goes}}\n[]")
	equal(t, "notices", s.notices(), "")
}

// core_schema_parsing false: only the script knows the keys, and nothing of the schema is wrong here.
func TestPluginThatReadsItsConfigurationItself(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/plugin.config.yaml": "plugin: {deployment: {core_schema_parsing: false}}",
		"plugins/hello/bitops.schema.yaml": "hello: {properties: {cli: {properties: {stack-action: {default: up}, x: {required: true}}}}}",
		"plugins/hello/deploy.sh":          `echo "[$1] $BITOPS_HELLO_CLI"`,
	})
	s.apply()
	equal(t, "log", s.log(), "[] ")
}

func TestSkips(t *testing.T) {
	tests := map[string]struct {
		config    string
		variables map[string]string
		want      string
	}{
		"by the configuration":          {"hello: {options: {skip-deploy: true}}", nil, "skip-deploy is set"},
		"by the plugin's variable":      {"", map[string]string{"HELLO_SKIP_DEPLOY": "true"}, "HELLO_SKIP_DEPLOY is set"},
		"by the variable of v2":         {"", map[string]string{"BITOPS_HELLO_SKIP_DEPLOY": "true"}, "BITOPS_HELLO_SKIP_DEPLOY is set"},
		"by the older variable":         {"", map[string]string{"SKIP_DEPLOY_HELLO": "yes"}, "SKIP_DEPLOY_HELLO is set"},
		`not by "false"`:                {"", map[string]string{"HELLO_SKIP_DEPLOY": "false"}, ""},
		"not by an empty variable":      {"", map[string]string{"HELLO_SKIP_DEPLOY": ""}, ""},
		"a variable beats the file":     {"hello: {options: {skip-deploy: true}}", map[string]string{"HELLO_SKIP_DEPLOY": "false"}, ""},
		"with a schema that has no key": {"hello: {options: {skip-deploy: true}, cli: {name: x}}", map[string]string{"schema": "yes"}, "skip-deploy is set"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"plugins/hello/deploy.sh":               "echo ran",
				"net/hello/bitops.before-deploy.d/a.sh": "echo hook",
				"net/hello/bitops.config.yaml":          test.config,
			})
			s.env = test.variables
			if test.variables["schema"] != "" {
				s.write(map[string]string{"plugins/hello/bitops.schema.yaml": example["plugins/hello/bitops.schema.yaml"]})
			}
			r := s.apply()
			equal(t, "reason", r.Reason, test.want)
			equal(t, "ran", s.log() == "hook\nran", test.want == "")
			lacks(t, "notices", s.notices(), "unknown key")
		})
	}
}

func TestInterfaceIsOpen(t *testing.T) {
	s := tell(t, example)
	declared, _ := s.plugin().Inspect(schema.Directory{Root: s.repository, Name: "net/hello"})
	equal(t, "interface", declared, schema.Interface{AnyInput: true, MoreOutput: true})
	equal(t, "private", s.plugin().Private(".terraform", true), false)
	text, err := s.plugin().ConfigurationSchema()
	check(t, err)
	contains(t, "schema", string(text), `"favorite_color"`, `"skip-deploy"`)
}

func TestProgramsAreTheLanguageAndWhatItDependsOn(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh":          "",
		"plugins/hello/plugin.config.yaml": "plugin: {install: {dependencies: [kubectl, jq]}}",
	})
	var names []string
	for _, p := range s.plugin().Programs("", "") {
		names = append(names, p.Name+" "+strings.Join(p.VersionArgs, " "))
	}
	equal(t, "programs", names, []string{"bash --version", "kubectl version --client", "jq --version"})
}
