package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/testkit"
)

// manifestKeys says of each key of the manifest whether another value of it is a change of the environment b, and with which
// text to find out. In a text, indentation tells where the key belongs: below bitops, or four spaces deeper, in b.
var manifestKeys = map[string]struct {
	changes bool
	text    string
	instead string // of which text, empty for an additional one
	elided  string // why no text can show it
}{
	"default_folder":           {changes: true, text: "  default_folder: base\n"},
	"opsrepo_root_default_dir": {changes: true, text: "  opsrepo_root_default_dir: base\n"},
	"deployments.*.plugin":     {changes: true, text: "  deployments: {tool: {plugin: other}}\n"},
	"plugins.*.source":         {changes: true, text: "tool: {source: ./newer}", instead: "tool: {source: ./tool}"},
	"plugins.*.source_branch":  {changes: true, elided: "the files that are installed count, as they do for source"},
	"plugins.*.source_tag":     {changes: true, elided: "the files that are installed count, as they do for source"},

	"environments.*.path":     {changes: true, text: "      path: moved\n"},
	"environments.*.inputs.*": {changes: true, text: "inputs: {x: '2'}", instead: "inputs: {x: '1'}"},
	"environments.*.env.*":    {changes: true, text: "      env: {Y: '2'}\n"},
	"environments.*.inherit":  {changes: true, text: "      inherit: false\n"},

	// With it come the outputs of another environment, which are values like inputs.
	"environments.*.depends_on": {changes: true, text: "depends_on: [a, c]", instead: "depends_on: [a]"},

	// These say when, where or by whom a step runs, or what is written about it, and not what it does.
	"deployments.*.retry.attempts":       {text: "  deployments: {tool: {retry: {attempts: 5}}}\n"},
	"deployments.*.retry.backoff":        {text: "  deployments: {tool: {retry: {backoff: 1s}}}\n"},
	"deployments.*.retry.on":             {text: "  deployments: {tool: {retry: {on: busy}}}\n"},
	"environments.*.approval":            {text: "      approval: true\n"},
	"environments.*.limit":               {text: "      limit: few\n"},
	"environments.*.mock.*":              {text: "      mock: {x: m}\n"},
	"environments.*.protect":             {text: "      protect: true\n"},
	"environments.*.renamed_from":        {text: "      renamed_from: before\n"},
	"environments.*.retry.attempts":      {text: "      retry: {attempts: 5}\n"},
	"environments.*.retry.backoff":       {text: "      retry: {backoff: 1s}\n"},
	"environments.*.retry.on":            {text: "      retry: {on: busy}\n"},
	"environments.*.tags":                {text: "      tags: [web]\n"},
	"environments.*.target.aws_account":  {text: "      target: {aws_account: '111111111111'}\n"},
	"environments.*.target.aws_region":   {text: "      target: {aws_region: eu-west-1}\n"},
	"environments.*.target.kube_context": {text: "      target: {kube_context: kind}\n"},
	"environments.*.timeout":             {text: "      timeout: 5m\n"},
	"fail_fast":                          {text: "  fail_fast: false\n"},
	"history":                            {text: "  history: 7\n"},
	"include":                            {text: "  include: [more.yaml]\n"},
	"limits.*":                           {text: "few: 2", instead: "few: 1"},
	"logging.color.enabled":              {text: "  logging: {color: {enabled: false}}\n"},
	"logging.err":                        {text: "  logging: {err: x}\n"},
	"logging.filename":                   {text: "  logging: {filename: all}\n"},
	"logging.level":                      {text: "  logging: {level: error}\n"},
	"logging.masks":                      {text: "  logging: {masks: [{search: x, replace: y}]}\n"},
	"logging.path":                       {text: "  logging: {filename: all, path: logs}\n"},
	"parallelism":                        {text: "  parallelism: 1\n"},
	"plans.required":                     {text: "  plans: {signers: signers, required: true}\n"},
	"plans.signers":                      {text: "  plans: {signers: signers}\n"},
	"retry.attempts":                     {text: "  retry: {attempts: 5}\n"},
	"retry.backoff":                      {text: "  retry: {backoff: 1s}\n"},
	"retry.on":                           {text: "  retry: {on: busy}\n"},
	"review.values":                      {text: "  review: {values: none}\n"},
	"run_mode":                           {text: "  run_mode: anything\n"},
	"store":                              {elided: "with another store, other runs are remembered"},
	"timeout":                            {text: "  timeout: 5m\n"},
}

const keysManifest = `bitops:
  limits: {few: 1}
  plugins:
    tool: {source: ./tool}
    other: {source: ./tool}
  environments:
    a: {}
    c: {}
    b:
      depends_on: [a]
      inputs: {x: '1'}
`

var keysFiles = map[string]string{
	"tool/plugin.config.yaml":       "plugin:\n  deployment: {language: bash, deployment_script: deploy.sh}\n",
	"tool/deploy.sh":                "echo \"$(basename \"$BITOPS_ENVROOT\")=1\" >>\"$BITOPS_OUTPUT\"\n",
	"newer/plugin.config.yaml":      "plugin:\n  deployment: {language: bash, deployment_script: deploy.sh}\n",
	"newer/deploy.sh":               "echo newer\n",
	"a/tool/bitops.config.yaml":     "tool: {}\n",
	"b/tool/bitops.config.yaml":     "tool: {}\n",
	"c/tool/bitops.config.yaml":     "tool: {}\n",
	"moved/tool/bitops.config.yaml": "tool: {}\n",
	"d/tool/bitops.config.yaml":     "tool: {}\n",
	"_default/tool/first":           "1\n",
	"base/tool/first":               "2\n",
	"more.yaml":                     "bitops: {environments: {d: {}}}\n",
	"signers":                       "",
}

// Another value of a key that decides what a step does makes the step a changed one, and another value of any other key does
// not. A new key has to be put into the table.
func TestEachManifestKeyCountsAsAChangeOrDoesNot(t *testing.T) {
	named := slices.Sorted(maps.Keys(manifestKeys))
	if known := keysOfManifest(t); !slices.Equal(known, named) {
		t.Errorf("keys of the manifest:\n%s\nin the table:\n%s", strings.Join(known, "\n"), strings.Join(named, "\n"))
	}
	dir := t.TempDir()
	manifest := filepath.Join(dir, "bitops.config.yaml")
	testkit.WriteFiles(t, dir, keysFiles)
	testkit.WriteFile(t, manifest, keysManifest)
	bitopsIn(t, dir, "apply", "--auto-approve")
	if changed := bitopsIn(t, dir, "list", "changed"); changed != "" {
		t.Fatalf("changed right after an apply:\n%s", changed)
	}
	for _, name := range named {
		key := manifestKeys[name]
		if key.elided != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text := keysManifest + key.text
			switch {
			case key.instead != "":
				text = strings.Replace(keysManifest, key.instead, key.text, 1)
			case !strings.HasPrefix(key.text, "    "):
				text = strings.Replace(keysManifest, "bitops:\n", "bitops:\n"+key.text, 1)
			}
			if text == keysManifest {
				t.Fatal("the manifest is as it was")
			}
			testkit.WriteFile(t, manifest, text)
			changed := strings.Fields(bitopsIn(t, dir, "list", "changed"))
			if slices.Contains(changed, "b") != key.changes {
				t.Errorf("changed: %v, with\n%s", changed, text)
			}
		})
	}
}

// keysOfManifest returns the keys below bitops that hold no others, sorted; a star stands for any name.
func keysOfManifest(t *testing.T) []string {
	t.Helper()
	var document struct {
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(bitopsIn(t, t.TempDir(), "schema", "manifest")), &document); err != nil {
		t.Fatal(err)
	}
	var keys []string
	var walk func(text json.RawMessage, at string)
	walk = func(text json.RawMessage, at string) {
		var node struct {
			Properties           map[string]json.RawMessage
			AdditionalProperties json.RawMessage
		}
		if err := json.Unmarshal(text, &node); err != nil {
			t.Fatal(err)
		}
		for name, property := range node.Properties {
			walk(property, at+"."+name)
		}
		switch {
		case node.Properties != nil:
		case bytes.HasPrefix(node.AdditionalProperties, []byte("{")):
			walk(node.AdditionalProperties, at+".*")
		default:
			keys = append(keys, strings.TrimPrefix(at, "."))
		}
	}
	walk(document.Properties["bitops"], "")
	slices.Sort(keys)
	return keys
}

// bitopsIn runs bitops in a directory and returns what it prints on standard output.
func bitopsIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("bitops", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	var out, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &told
	if err := cmd.Run(); err != nil {
		t.Fatalf("bitops %s: %v\n%s%s", strings.Join(args, " "), err, &out, &told)
	}
	return out.String()
}
