package environments_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/ansible"
	"github.com/bitops-engine/bitops/environments/cloudformation"
	"github.com/bitops-engine/bitops/environments/helm"
	"github.com/bitops-engine/bitops/environments/plugin"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/terraform"
	"github.com/bitops-engine/bitops/schema"
)

// idle are the variables that a schema says decide nothing. A name that is added to one of the schemas is promised, unless
// it is added here too.
var idle = []string{
	"ANSIBLE_FORKS", "BITOPS_ANSIBLE_FORKS", "ANSIBLE_VERBOSITY", "BITOPS_ANSIBLE_VERBOSITY",
	"BITOPS_TERRAFORM_PREVIEW", "BITOPS_ANSIBLE_PREVIEW", "BITOPS_HELM_PREVIEW", "BITOPS_CLOUDFORMATION_PREVIEW",
	"TIMEOUT", "BITOPS_TIMEOUT", "BITOPS_HELM_TIMEOUT", "HELM_DEBUG", "BITOPS_HELM_DEBUG",
}

// general are the variables whose names do not tell which tool they are for: they decide nothing but in `bitops deploy`.
var general = []string{
	"NAMESPACE", "BITOPS_NAMESPACE", "DEFAULT_DIR_FLAG", "BITOPS_DEFAULT_DIR_FLAG", "DEFAULT_SUB_DIR", "BITOPS_DEFAULT_SUB_DIR",
	"DEFAULT_ROOT_DIR", "KUBE_CONFIG_PATH", "BITOPS_KUBE_CONFIG_PATH", "FETCH_KUBECONFIG", "BITOPS_FETCH_KUBECONFIG",
	"CLUSTER_NAME", "BITOPS_CLUSTER_NAME", "INIT_UPGRADE", "BITOPS_INIT_UPGRADE", "ACTION_OF_OLD",
}

// Every variable that a schema has is promised, however it is read there.
func TestEveryVariableOfASchemaIsPromised(t *testing.T) {
	files, err := filepath.Glob("*/bitops.schema.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	tools := []environments.Tool{terraform.New(), ansible.New(), helm.New(), cloudformation.New()}
	for _, file := range files {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			promises(t, tools, schema.ToolName(filepath.Dir(file)), variablesIn(t, file))
		})
	}
	t.Run("a plugin, under the name that the manifest gives it", func(t *testing.T) {
		root := t.TempDir()
		dir := filepath.Join(root, "call")
		write(t, filepath.Join(dir, "bitops.schema.yaml"), `call:
  type: object
  properties:
    cli:
      type: object
      properties:
        stack-action: {type: string, export_env: CALL_ACTION, variables: [ACTION_OF_OLD]}
        depth: {type: integer}`)
		write(t, filepath.Join(dir, "deploy.sh"), "")
		declared := schema.Map[schema.Plugin]{{Key: "phone", Value: schema.Plugin{Source: "./call"}}}
		plugins := plugin.New(plugin.Options{Repository: root, Store: filepath.Join(root, ".bitops"), Declared: declared})
		names := append(variablesIn(t, filepath.Join(dir, "bitops.schema.yaml")),
			"BITOPS_CALL_DEPTH", "BITOPS_PHONE_ANYTHING", "SKIP_DEPLOY_PHONE", "CALL_SKIP_DEPLOY")
		promises(t, plugins, "phone", names)
	})
}

// promises checks that each of the variables is in the fingerprint of a step when it is set, and not when it is empty.
func promises(t *testing.T, tools []environments.Tool, tool schema.ToolName, names []string) {
	t.Helper()
	step := &schema.Step{Name: "e/x", Environment: "e", EnvironmentPath: "e", Deployment: "x", Tool: tool}
	for _, name := range names {
		for _, value := range []string{"true", ""} {
			got := variablesOf(t, step, tools, name+"="+value)
			if want := value != "" && !slices.Contains(idle, name) && !slices.Contains(general, name); (got[name] != "") != want {
				t.Errorf("%s=%s is in the fingerprint: %t", name, value, !want)
			}
		}
	}
}

// noPrograms is a machine that has none of the programs.
type noPrograms struct{}

func (noPrograms) Run(_ context.Context, c process.Command) (process.Result, error) {
	return process.Result{}, &process.NotFoundError{Name: c.Name}
}

func variablesOf(t *testing.T, step *schema.Step, tools []environments.Tool, environ ...string) map[string]string {
	t.Helper()
	l := &environments.Lifecycle{Repository: t.TempDir(), Store: t.TempDir(), Tools: tools, Environ: environ, Runner: noPrograms{}}
	f, err := l.Fingerprint(context.Background(), step, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f.Variables
}

var (
	exported = regexp.MustCompile(`export_env: *(\w+)`)
	listed   = regexp.MustCompile(`variables: *\[([\w, ]+)\]`)
)

// variablesIn returns the names that stand in a schema, found without bitops' own reader.
func variablesIn(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range exported.FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1], "BITOPS_"+m[1])
	}
	for _, m := range listed.FindAllStringSubmatch(string(text), -1) {
		names = append(names, strings.Split(strings.ReplaceAll(m[1], " ", ""), ",")...)
	}
	if len(names) == 0 {
		t.Fatalf("%s has no variables", file)
	}
	return names
}

// What tools read beside their schemas, and what they read of it that decides nothing.
func TestVariablesBesideTheSchemas(t *testing.T) {
	tools := []environments.Tool{terraform.New(), ansible.New(), helm.New(), cloudformation.New()}
	declared := schema.Interface{Inputs: []schema.Parameter{{Name: "size"}, {Name: "token", Ephemeral: true}}}
	for name, c := range map[string]struct {
		tool     schema.ToolName
		takes    schema.Interface
		variable string
		promised bool
	}{
		"v1's choice of an action":            {"terraform", schema.Interface{}, "TERRAFORM_DESTROY=true", true},
		"the workspace":                       {"terraform", schema.Interface{}, "TF_WORKSPACE=other", true},
		"a declared input":                    {"terraform", declared, "TF_VAR_size=2", true},
		"a declared input that is empty":      {"terraform", declared, "TF_VAR_size=", true},
		"that an ephemeral input is set":      {"terraform", declared, "TF_VAR_token=x", true},
		"an input that is not declared":       {"terraform", declared, "TF_VAR_build=17", false},
		"the same where there are hooks":      {"terraform", schema.Interface{AnyInput: true}, "TF_VAR_build=17", true},
		"an input of another tool":            {"ansible", declared, "TF_VAR_size=2", false},
		"arguments":                           {"terraform", schema.Interface{}, "TF_CLI_ARGS_plan=-target=a.b", true},
		"arguments of init":                   {"terraform", schema.Interface{}, "TF_CLI_ARGS_init=-upgrade", true},
		"arguments for all commands":          {"terraform", schema.Interface{}, "TF_CLI_ARGS=-var=a=b", true},
		"arguments that decide nothing":       {"terraform", schema.Interface{}, "TF_CLI_ARGS_plan=-parallelism=3 -lock-timeout 5s -no-color", false},
		"terraform's log":                     {"terraform", schema.Interface{}, "TF_LOG=debug", false},
		"tags by ansible's own name":          {"ansible", schema.Interface{}, "ANSIBLE_RUN_TAGS=a", true},
		"where ansible finds roles":           {"ansible", schema.Interface{}, "ANSIBLE_ROLES_PATH=roles", true},
		"ansible's looks":                     {"ansible", schema.Interface{}, "ANSIBLE_STDOUT_CALLBACK=yaml", false},
		"ansible's patience":                  {"ansible", schema.Interface{}, "ANSIBLE_GATHER_TIMEOUT=9", false},
		"the file of ansible's password":      {"ansible", schema.Interface{}, "ANSIBLE_VAULT_PASSWORD_FILE=/tmp/x", false},
		"the chart of a run":                  {"helm", schema.Interface{}, "ENVIRONMENT_HELM_SUBDIRECTORY=x", true},
		"helm's context":                      {"helm", schema.Interface{}, "HELM_KUBECONTEXT=x", true},
		"helm's token":                        {"helm", schema.Interface{}, "HELM_KUBETOKEN=x", false},
		"as whom AWS is used":                 {"cloudformation", schema.Interface{}, "AWS_PROFILE=x", false},
		"what only other tools' schemas have": {"cloudformation", schema.Interface{}, "NAMESPACE=x", false},
		"a longest name that no schema has":   {"helm", schema.Interface{}, "BITOPS_HELM_LATER=x", true},
	} {
		t.Run(name, func(t *testing.T) {
			step := &schema.Step{Name: "e/x", Environment: "e", EnvironmentPath: "e", Deployment: "x", Tool: c.tool, Interface: c.takes}
			variable, _, _ := strings.Cut(c.variable, "=")
			if got := variablesOf(t, step, tools, c.variable)[variable] != ""; got != c.promised {
				t.Errorf("promised: %t", got)
			}
		})
	}
}

// Of an ephemeral input counts that it has a value, however it comes, and not which.
func TestEphemeralInputs(t *testing.T) {
	step := &schema.Step{
		Name: "e/terraform", Environment: "e", EnvironmentPath: "e", Deployment: "terraform", Tool: "terraform",
		Interface: schema.Interface{Inputs: []schema.Parameter{{Name: "token", Ephemeral: true}, {Name: "other", Ephemeral: true}}},
	}
	look := func(caller, input string, like *schema.Fingerprint) *schema.Fingerprint {
		t.Helper()
		l := &environments.Lifecycle{
			Repository: t.TempDir(), Store: t.TempDir(), Tools: []environments.Tool{terraform.New()}, Environ: []string{caller}, Runner: noPrograms{},
		}
		f, err := l.Fingerprint(context.Background(), step, schema.Values{"other": schema.Text(input)}, like)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	was := look("TF_VAR_token=a", "a", nil)
	if got := was.Differences(look("TF_VAR_token=b", "b", was)); len(got) > 0 {
		t.Errorf("other values: %q", got)
	}
	if got := was.Differences(look("X=", "b", was)); len(got) != 1 {
		t.Errorf("no value: %q", got)
	}
}

// A fingerprint of an older version is compared by what it has: what decides nothing is no difference, and of what it did
// not note that is said.
func TestVariablesOfOlderFingerprints(t *testing.T) {
	hash := func(text string) string { return schema.HashBytes([]byte(text)) }
	older := func(more map[string]string) *schema.Fingerprint {
		return &schema.Fingerprint{Variables: more}
	}
	for name, c := range map[string]struct {
		was     *schema.Fingerprint
		environ []string
		want    []string
	}{
		"the same":                  {older(map[string]string{"BITOPS_TERRAFORM_TARGETS": hash("a")}), []string{"BITOPS_TERRAFORM_TARGETS=a"}, nil},
		"another value":             {older(map[string]string{"TF_VAR_size": hash("a")}), []string{"TF_VAR_size=b"}, []string{"variable TF_VAR_size changed"}},
		"one that is gone":          {older(map[string]string{"TF_WORKSPACE": hash("a")}), nil, []string{"variable TF_WORKSPACE is gone"}},
		"one that decides nothing":  {older(map[string]string{"TF_VAR_build": hash("1")}), []string{"TF_VAR_build=2"}, nil},
		"one of the manifest, gone": {older(map[string]string{"LEVEL": hash("1")}), nil, []string{"variable LEVEL is gone"}},
		"the place of its checkout": {older(map[string]string{"TF_VAR_size": hash("/repository/x")}), []string{"TF_VAR_size=/repository/x"}, nil},
		"one that it did not note":  {older(nil), []string{"TERRAFORM_DESTROY=true"}, []string{"variable TERRAFORM_DESTROY is set, and an older bitops did not note whether it was then"}},
		"a new one decides nothing": {older(nil), []string{"TF_VAR_build=2"}, nil},
		"the same place, checked out elsewhere": {
			&schema.Fingerprint{Version: 1, Variables: map[string]string{"TF_VAR_size": hash("$BITOPS_SOURCE_DIR/x")}},
			[]string{"TF_VAR_size=/repository/x"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			step := &schema.Step{
				Name: "e/terraform", Environment: "e", EnvironmentPath: "e", Deployment: "terraform", Tool: "terraform",
				Interface: schema.Interface{Inputs: []schema.Parameter{{Name: "size"}}},
			}
			l := &environments.Lifecycle{
				Repository: "/repository", Store: t.TempDir(), Tools: []environments.Tool{terraform.New()}, Environ: c.environ, Runner: noPrograms{},
			}
			now, err := l.Fingerprint(context.Background(), step, nil, c.was)
			if err != nil {
				t.Fatal(err)
			}
			now.Manifest, now.Tool = "", ""
			if got := c.was.Differences(now); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
