package helm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// repositoryOf writes the files of a repository.
func repositoryOf(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return root
}

func TestEveryChartIsADeployment(t *testing.T) {
	configuration := "helm: {cli: {namespace: x}}\n"
	root := repositoryOf(t, map[string]string{
		"many/helm/web/Chart.yaml":                    "",
		"many/helm/api/Chart.yaml":                    "",
		"many/helm/api/charts/sub/Chart.yaml":         "",
		"many/helm/configured/bitops.config.yml":      configuration,
		"many/helm/with-values/values.yaml":           "",
		"many/helm/with-templates/templates/x.yaml":   "",
		"many/helm/defaulted/README.md":               "",
		"many/helm/made/bitops.before-deploy.d/x.sh":  "",
		"_default/helm/defaulted/Chart.yaml":          "",
		"many/helm/bitops.before-deploy.d/Chart.yaml": "",
		"many/helm/.hidden/Chart.yaml":                "",
		"many/helm/_default/api/Chart.yaml":           "",
		"many/helm/_default/Chart.yaml":               "",
		"many/helm/docs/x.md":                         "",
		"many/helm/README.md":                         "",
		"many/helm/bitops.config.yaml":                configuration,
		"one/helm/Chart.yaml":                         "",
		"one/helm/templates/Chart.yaml":               "",
		"none/helm/README.md":                         "",
	})
	for dir, want := range map[string]string{
		"many/helm": "api configured defaulted made web with-templates with-values",
		"one/helm":  ".", "many/helm/api": ".", "none/helm": "", "missing/helm": "",
	} {
		got, problems := New().Deployments(root, dir)
		equal(t, dir, strings.Join(got, " "), want)
		equal(t, "problems of "+dir, len(problems) > 0, want == "")
	}
	_, problems := New().Deployments(root, "none/helm")
	contains(t, "problem", problems[0].String(), "none/helm: ", "holds no chart")
	equal(t, "errors", problems.HasErrors(), false)
}

func TestInspect(t *testing.T) {
	const namespace = "helm: {cli: {namespace: x}}\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  []string // parts of the problems; none means that there are none
	}{
		"a chart":                        {map[string]string{"Chart.yaml": "", "bitops.config.yaml": namespace}, nil},
		"its configuration is common":    {map[string]string{"Chart.yaml": "", "../bitops.config.yaml": namespace}, nil},
		"its own configuration counts":   {map[string]string{"Chart.yaml": "", "bitops.config.yaml": "helm: {}\n", "../bitops.config.yaml": namespace}, []string{"backend/helm/api/bitops.config.yaml: warning: cli.namespace is not set"}},
		"without Chart.yaml":             {map[string]string{"bitops.config.yaml": namespace}, []string{"backend/helm/api: ", "holds no Chart.yaml"}},
		"Chart.yaml comes from a hook":   {map[string]string{"bitops.config.yaml": namespace, "bitops.before-deploy.d/make.sh": ""}, nil},
		"or from one of the directory":   {map[string]string{"bitops.config.yaml": namespace, "../bitops-before-deploy.d/make.sh": ""}, nil},
		"Chart.yaml is the default's":    {map[string]string{"bitops.config.yaml": namespace, "../../../_default/helm/api/Chart.yaml": ""}, nil},
		"a step that is skipped":         {map[string]string{"bitops.config.yaml": "helm: {options: {skip-deploy: true}}\n"}, nil},
		"without a configuration":        {map[string]string{"Chart.yaml": ""}, []string{"backend/helm/api: warning: cli.namespace is not set"}},
		"an unknown key":                 {map[string]string{"Chart.yaml": "", "bitops.config.yaml": "helm:\n  cli:\n    namespace: x\n    atomc: true\n"}, []string{`bitops.config.yaml:4:5: warning: unknown key "atomc"`, "atomic"}},
		"a wrong type":                   {map[string]string{"Chart.yaml": "", "bitops.config.yaml": "helm:\n  cli:\n    atomic: maybe\n"}, []string{"bitops.config.yaml:3:13", "cli.atomic must be true or false"}},
		"a name that cannot be":          {map[string]string{"Chart.yaml": "", "bitops.config.yaml": "helm:\n  cli: {namespace: x}\n  options: {release-name: --help}\n"}, []string{`bitops.config.yaml:3:27`, `"--help" cannot be the name of a release`}},
		"a cluster without a name":       {map[string]string{"Chart.yaml": "", "bitops.config.yaml": "helm:\n  cli: {namespace: x}\n  options: {k8s: {fetch: {kubeconfig: true}}}\n"}, []string{"options.k8s.fetch.kubeconfig is true, but options.k8s.fetch.cluster-name is not set"}},
		"an empty namespace":             {map[string]string{"Chart.yaml": "", "bitops.config.yaml": "helm: {cli: {namespace: ''}}\n"}, []string{"is required and empty"}},
		"values that are no YAML":        {map[string]string{"Chart.yaml": "", "bitops.config.yaml": namespace, "values.yaml": "a: ["}, nil},
		"a chart that is no YAML either": {map[string]string{"Chart.yaml": "a: [", "bitops.config.yaml": namespace}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for file, text := range test.files {
				files[filepath.Join("backend/helm/api", file)] = text
			}
			inspector := &environments.Inspector{Repository: repositoryOf(t, files), Default: "_default", Registered: []environments.Tool{New()}}
			declared, problems := inspector.Inspect("helm", "backend", "helm/api")
			text := problems.Error()
			if len(test.want) == 0 {
				equal(t, "problems", len(problems), 0)
			}
			contains(t, "problems", text, test.want...)
			equal(t, "any input", declared.AnyInput, true)
		})
	}
	equal(t, "hint for a directory's name", func() bool {
		_, problems := New().Inspect(schema.Directory{Root: repositoryOf(t, map[string]string{"a/helm/My_Chart/Chart.yaml": ""}), Name: "a/helm/My_Chart"})
		return strings.Contains(problems.Error(), "set options.release-name")
	}(), true)
}

func TestPrograms(t *testing.T) {
	root := repositoryOf(t, map[string]string{
		"a/helm/x/bitops.config.yaml": "helm: {options: {k8s: {fetch: {cluster-name: c}}}}\n", "a/helm/y/Chart.yaml": "",
		"a/helm/z/bitops.config.yaml": "helm: {options: {k8s: {fetch: {kubeconfig: false, cluster-name: c}}}}\n",
	})
	for dir, want := range map[string]string{"a/helm/x": "helm aws", "a/helm/y": "helm", "a/helm/z": "helm"} {
		var names []string
		for _, p := range New().Programs(root, dir) {
			names = append(names, p.Name)
		}
		equal(t, dir, strings.Join(names, " "), want)
	}
}

func TestTheConfigurationHasASchema(t *testing.T) {
	text, err := New().ConfigurationSchema()
	check(t, err)
	var document map[string]any
	check(t, json.Unmarshal(text, &document))
	contains(t, "schema", string(text), "cluster-name", "The namespace of the release")
	equal(t, "name", New().Name(), schema.ToolName("helm"))
	equal(t, "private files", New().Private("charts/x.tgz", false), false)
}

func TestAChartWithoutChartFile(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"Chart.yaml": ""})).fake("helm", fakeVersion+fakeUpgrade)
	equal(t, "message", s.Fails(schema.CommandApply).Message, "backend/helm/api holds no Chart.yaml")
	equal(t, "message", s.Fails(schema.CommandPlan).Message, "backend/helm/api holds no Chart.yaml")
	equal(t, "destroy needs none", s.Destroy().Changes.Empty(), true)
	s.AfterSync = func(dir string) { writeFile(t, dir+"/Chart.yaml", chart["Chart.yaml"]) } // as a hook would
	s.Apply()
}

func TestDependencies(t *testing.T) {
	const needs = "apiVersion: v2\nname: api\nversion: 0.1.0\ndependencies: [{name: redis, version: 1.x, repository: https://charts.example.org}]\n"
	for name, test := range map[string]struct {
		files  map[string]string
		script string
		want   string // the processes between version and status
		fails  string
	}{
		"none":                      {files: chart},
		"declared in Chart.yaml":    {files: map[string]string{"Chart.yaml": needs}, want: "update"},
		"of a chart of version 1":   {files: map[string]string{"Chart.yaml": "apiVersion: v1\nname: api\n", "requirements.yaml": "dependencies: [{name: redis}]\n"}, want: "update"},
		"with a lock file":          {files: map[string]string{"Chart.yaml": needs, "Chart.lock": ""}, want: "build"},
		"with an old lock file":     {files: map[string]string{"Chart.yaml": needs, "Chart.lock": ""}, script: `[ $2 = build ] && { echo "Error: the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml)" >&2; exit 1; }`, want: "build update"},
		"of an unknown repository":  {files: map[string]string{"Chart.yaml": needs, "Chart.lock": ""}, script: `[ $2 = build ] && { echo "Error: no repository definition for https://charts.example.org. Please add the missing repos via 'helm repo add'" >&2; exit 1; }`, want: "build update"},
		"that cannot be downloaded": {files: map[string]string{"Chart.yaml": needs, "Chart.lock": ""}, script: `echo "Error: could not download it" >&2; exit 1`, want: "build", fails: "helm dependency failed: could not download it"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, test.files).fake("helm", fakeVersion+`[ $1 = dependency ] && { `+test.script+"\nexit 0; }\n"+fakeUpgrade)
			if test.fails != "" {
				equal(t, "message", s.Fails(schema.CommandApply).Message, test.fails)
			} else {
				s.Apply()
			}
			var how []string
			for _, c := range s.Runner.Commands() {
				if c.Args[0] == "dependency" {
					how = append(how, c.Args[1])
				}
			}
			equal(t, "processes", strings.Join(how, " "), test.want)
		})
	}
}
