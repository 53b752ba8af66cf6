package helm

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/bitops-engine/bitops/schema"
)

// printing is a chart whose one object holds all its values.
var printing = map[string]string{
	"Chart.yaml": chart["Chart.yaml"],
	"templates/config.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: api}
data:
  values: {{ omit .Values "global" | toJson | quote }}
`,
}

// values are the values that the chart was deployed with.
func (s *story) values() map[string]any {
	s.T.Helper()
	var values map[string]any
	check(s.T, json.Unmarshal([]byte(s.data("configmap", "api", "values")), &values))
	return values
}

// links returns the text of a values file that is the n-th in order: whichever comes later wins a key of both.
func links(n int) string { return fmt.Sprintf("link%d: %d\nlink%d: %d\n", n-1, n, n, n) }

func TestValuesWinInTheDocumentedOrder(t *testing.T) {
	s := tellReal(t, with(printing, map[string]string{
		"/_default/helm/api/values.yaml":          links(1),
		"values.yaml":                             links(2),
		"/_default/helm/api/values-versions.yaml": links(3),
		"values-versions.yaml":                    links(4),
		"/_default/helm/api/values-files/b.yaml":  links(7),
		"/_default/helm/api/values-files/a.yaml":  links(6),
		"values-files/c.json":                     `{"link7": 8, "link8": 8}`,
		"values-files/d,e.yml":                    links(9),
		"values-files/README.md":                  "not values",
		"values-files/sub/x.yaml":                 links(99),
	}))
	s.Variables["HELM_SECRETS_BASE64"] = base64.StdEncoding.EncodeToString([]byte(links(5)))
	s.Inputs = schema.Values{"link9": {Data: cty.NumberIntVal(10)}, "link10": {Data: cty.NumberIntVal(10)}}
	s.configure("    set: [link10=11]\n")
	s.Apply()
	values := s.values()
	for n := 1; n <= 10; n++ {
		equal(t, fmt.Sprint("link", n), values[fmt.Sprint("link", n)], float64(n+1))
	}
	contains(t, "notices", s.Texts(schema.EventNotice), "values-files/README.md is left out", "values-files/sub is left out")
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
}

// BitOps never used values-versions.yaml of the default folder.
func TestWasDefaultValuesVersionsNeverUsed(t *testing.T) {
	s := tellReal(t, with(printing, map[string]string{
		"/_default/helm/api/values-versions.yaml": "version: 1.2.3\n", "values.yaml": "version: latest\n",
	}))
	s.Apply()
	equal(t, "version", s.values()["version"], "1.2.3")
}

// BitOps copied the default chart over the environment's.
func TestWasTheDefaultOverwroteTheEnvironment(t *testing.T) {
	s := tellReal(t, with(printing, map[string]string{
		"values.yaml":                                 "mine: true\nboth: environment\n",
		"/_default/helm/api/values.yaml":              "default: true\nboth: default\n",
		"/_default/helm/api/templates/config.yaml":    "kind: Nonsense\n",
		"/_default/helm/other/values.yaml":            "other: true\n",
		"/_default/helm/api/values-files/README.yaml": "",
	}))
	s.Apply()
	equal(t, "values", s.values(), map[string]any{"mine": true, "default": true, "both": "environment"})
}

func TestDefaultsFromElsewhere(t *testing.T) {
	files := with(printing, map[string]string{
		"/_default/helm/api/values.yaml":            "from: the default folder\n",
		"/_default/charts/web/values.yaml":          "from: its sub directory\n",
		"/backend/helm/_shared/api/values.yaml":     "from: beside the chart\n",
		"/_company/helm/api/values.yaml":            "from: another root\n",
		"/_company/charts/web/values-versions.yaml": "from: another root's sub directory\n",
	})
	for options, want := range map[string]string{
		"default-dir-flag: true":                                "the default folder",
		"default-sub-dir: charts/web":                           "its sub directory",
		"default-dir-flag: false":                               "",
		`default-dir-flag: "false"`:                             "",
		"{default-dir-flag: false, default-root-dir: _shared}":  "beside the chart",
		"{default-dir-flag: false, default-root-dir: _company}": "another root",
		"{default-dir-flag: false, default-root-dir: _company, default-sub-dir: charts/web}":            "another root's sub directory",
		"{default-dir-flag: false, default-root-dir: _missing}":                                         "",
		"{default-dir-flag: true, default-root-dir: _shared, default-sub-dir: charts/nothing-is-there}": "",
	} {
		t.Run(options, func(t *testing.T) {
			s := tell(t, files).fake("helm", fakeVersion+fakeUpgrade)
			if !strings.HasPrefix(options, "{") {
				options = "{" + options + "}"
			}
			s.configure("  options: " + options + "\n")
			s.Apply()
			var found string
			for _, file := range valuesFiles(s) {
				text, err := os.ReadFile(file)
				check(t, err)
				found = strings.TrimSpace(strings.TrimPrefix(string(text), "from: "))
			}
			equal(t, "values", found, want)
		})
	}
}

// The lifecycle copies defaults that the environment lacks into the workspace. They must not win over the environment's.
func TestDefaultsThatWereCopiedAreStillDefaults(t *testing.T) {
	s := tell(t, with(chart, map[string]string{
		"/_default/helm/api/values-files/a.yaml":    "x: 1\n",
		"/_default/helm/api/values-files/b.yaml":    "x: 2\n",
		"values-files/a.yaml":                       "x: 3\n",
		"values-files/same.yaml":                    "x: 4\n",
		"/_default/helm/api/values-files/same.yaml": "x: 4\n",
	})).fake("helm", fakeVersion+fakeUpgrade)
	s.AfterSync = func(dir string) {
		writeFile(t, dir+"/values-files/b.yaml", "x: 2\n")
		writeFile(t, dir+"/values-files/hook.yaml", "x: 5\n")
	}
	s.Apply()
	var files []string
	for _, file := range valuesFiles(s) {
		rel, err := filepath.Rel(s.Repository+"/.bitops/work/backend", file)
		check(t, err)
		files = append(files, rel)
	}
	equal(t, "files", files, []string{
		"backend/helm/api/values.yaml", "_default/helm/api/values-files/a.yaml", "_default/helm/api/values-files/b.yaml",
		"_default/helm/api/values-files/same.yaml", "backend/helm/api/values-files/a.yaml",
		"backend/helm/api/values-files/hook.yaml", "backend/helm/api/values-files/same.yaml",
	})
}

func TestFilesThatAreNotMergedWithTheirDefaults(t *testing.T) {
	for name, want := range map[string]bool{
		"helm/api/values.yaml": true, "helm/api/values-versions.yaml": true, "helm/api/values-files/a.yaml": true,
		"helm/api/templates/x/deployment.yaml": true, "helm/api/crds/x.yaml": true, "helm/api/charts/sub/Chart.yaml": true,
		"helm/api/Chart.yaml": false, "helm/api/bitops.config.yaml": false, "helm/values/x.yaml": false,
	} {
		equal(t, name, New().Layers(name), want)
	}
}

// valuesFiles returns the values files of the last helm upgrade.
func valuesFiles(s *story) []string {
	var files []string
	for _, c := range s.Runner.Commands() {
		if c.Args[0] != "upgrade" {
			continue
		}
		files = nil
		for _, arg := range c.Args {
			if file, ok := strings.CutPrefix(arg, "--values="); ok {
				if strings.HasPrefix(file, `"`) {
					file = strings.ReplaceAll(strings.Trim(file, `"`), `""`, `"`)
				}
				if !filepath.IsAbs(file) {
					file = filepath.Join(c.Dir, file)
				}
				files = append(files, file)
			}
		}
	}
	return files
}

func TestInputsNest(t *testing.T) {
	s := tellReal(t, with(printing, map[string]string{
		"values.yaml": "image: {name: web, tag: latest}\nkept: 1\n",
	}))
	s.Inputs = schema.Values{
		"image.tag":                schema.Text("v2"),
		"image.pull.policy":        schema.Text("Always"),
		"subnets":                  {Data: cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})},
		"big":                      {Data: cty.MustParseNumberVal("12345678901234567")},
		`labels.example\.org/team`: schema.Text("x,y=z"),
	}
	s.Apply()
	equal(t, "values", s.values(), map[string]any{
		"image":   map[string]any{"name": "web", "tag": "v2", "pull": map[string]any{"policy": "Always"}},
		"kept":    float64(1),
		"subnets": []any{"a", "b"},
		"big":     float64(12345678901234567),
		"labels":  map[string]any{"example.org/team": "x,y=z"},
	})
	s.Inputs = schema.Values{"image": schema.Text("web"), "image.tag": schema.Text("v2")}
	equal(t, "message", s.Fails(schema.CommandPlan).Message, "input image.tag: the value of image is no mapping")
}

func TestOfferedValuesFillEmptyKeysOnly(t *testing.T) {
	s := tellReal(t, with(printing, map[string]string{
		"values.yaml":          "vpc:\nsubnet: \"\"\nregion: eu\nlate: x\nfalse: false\nzero: 0\n",
		"values-versions.yaml": "late:\n",
	}))
	for _, name := range []string{"vpc", "subnet", "region", "late", "false", "zero", "surprise"} {
		if s.Offered == nil {
			s.Offered = schema.Values{}
		}
		s.Offered[name] = schema.Text("offered")
	}
	s.Offered["null"] = schema.Value{Data: cty.NullVal(cty.String)}
	s.Inputs = schema.Values{"subnet": schema.Text("input")}
	s.Apply()
	equal(t, "values", s.values(), map[string]any{
		"vpc": "offered", "subnet": "input", "region": "eu", "late": "offered", "false": false, "zero": float64(0),
	})
	declared, problems := s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "backend/helm/api"})
	check(t, problems.Err())
	equal(t, "any input", declared.AnyInput, true)
	var names []string
	for _, p := range declared.Inputs {
		names = append(names, p.Name)
	}
	equal(t, "inputs", names, []string{"vpc", "subnet"})
	equal(t, "position", declared.Inputs[1].Position.String(), "backend/helm/api/values.yaml:2:1")
}

// secretChart puts a value into a Secret and, careless, into the notes.
var secretChart = map[string]string{
	"Chart.yaml": chart["Chart.yaml"],
	"templates/secret.yaml": `apiVersion: v1
kind: Secret
metadata: {name: api}
stringData:
  password: {{ .Values.password | quote }}
  key: {{ .Values.key | quote }}
`,
	"templates/NOTES.txt": "The key is {{ .Values.key }}.\nWelcome.",
}

func TestSecretValuesShowNowhere(t *testing.T) {
	const password, key, next = "cAnArY-7f3a", "kEy-cAnArY-99", "nExT-cAnArY"
	s := tellReal(t, secretChart)
	s.configure("    debug: true\n")
	s.Inputs = schema.Values{"password": sensitive(password)}
	s.Variables["HELM_SECRETS_BASE64"] = base64.StdEncoding.EncodeToString([]byte("key: " + key + "\n"))
	private := map[string]bool{}
	s.End = func(dir string) {
		entries, err := os.ReadDir(dir)
		check(t, err)
		for _, entry := range entries {
			private[entry.Name()] = true
			info, err := entry.Info()
			check(t, err)
			equal(t, "mode of "+entry.Name(), info.Mode(), os.FileMode(0o600))
		}
	}
	s.Plan()
	s.Apply()
	contains(t, "log", s.Texts(schema.EventOutputLine), "The key is ***.", "Welcome.")
	s.Inputs = schema.Values{"password": sensitive(next)}
	s.Plan()
	log := s.Texts(schema.EventOutputLine)
	contains(t, "log", log, "~ Secret "+s.namespace+"/api", "data.password: (not shown)")
	lacks(t, "log", log, "stringData.key")
	s.Apply()
	equal(t, "password", s.data("secret", "api", "password"), base64.StdEncoding.EncodeToString([]byte(next)))
	s.Write(map[string]string{"templates/broken.yaml": `{{ fail (printf "the key %s is broken" .Values.key) }}`})
	failure := s.Fails(schema.CommandApply)
	contains(t, "failure", failure.Message, "the key *** is broken")
	s.Do(schema.CommandDestroy)
	equal(t, "private files", private, map[string]bool{"inputs.values.json": true, "kubeconfig": true, "values-secrets.yaml": true})

	for _, canary := range []string{password, key, next, token} {
		equal(t, "files", s.Holding(canary), []string(nil))
		for _, e := range s.All {
			lacks(t, "event", e.Text, canary)
		}
		for _, c := range s.Runner.Commands() {
			lacks(t, "arguments", strings.Join(c.Args, " "), canary)
		}
		lacks(t, "failure", failure.Message+strings.Join(failure.Lines, "\n"), canary)
	}
}

func TestValuesSecretsOfTheChart(t *testing.T) {
	s := tell(t, with(chart, map[string]string{"values-secrets.yaml": "key: hidden-secret\n"})).
		fake("helm", fakeVersion+`[ "$1" = status ] && { echo "Error: release: not found" >&2; exit 1; }
echo "Error: cannot use hidden-secret" >&2; exit 1`)
	failure := s.Fails(schema.CommandApply)
	equal(t, "message", failure.Message, "helm upgrade failed: cannot use ***")
	if !slices.ContainsFunc(valuesFiles(s), func(f string) bool { return strings.HasSuffix(f, "/values-secrets.yaml") }) {
		t.Errorf("values files %v", valuesFiles(s))
	}
	s.Variables["HELM_SECRETS_BASE64"] = "!!!"
	equal(t, "message", s.Fails(schema.CommandApply).Message, "HELM_SECRETS_BASE64 is not base64")
	s.Variables["HELM_SECRETS_BASE64"] = base64.StdEncoding.EncodeToString([]byte("a: [secret"))
	equal(t, "message", s.Fails(schema.CommandApply).Message, "HELM_SECRETS_BASE64 holds no YAML")
}
