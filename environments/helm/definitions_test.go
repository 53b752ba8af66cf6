package helm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// definitionOf is the definition of a kind with a name of its own.
func definitionOf(kind string) string {
	return strings.NewReplacer("widget", strings.ToLower(kind), "Widget", kind).Replace(widgets)
}

func TestDefinitionsThatAnUpgradeDoesNotInstall(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"crds/first.yaml": definitionOf("First")}))
	s.Apply()
	s.processes()
	equal(t, "unchanged", s.Plan().Changes.Empty(), true)
	lacks(t, "notices", s.Texts(schema.EventNotice), "CustomResourceDefinition")
	equal(t, "processes", s.processes(), "status template upgrade(dry)")

	s.Write(map[string]string{"crds/more/second.yaml": "# two\n" + definitionOf("Second") + "---\n" + definitionOf("Third")})
	const second = "CustomResourceDefinition seconds.test.example.org is not in the cluster, and helm installs crds/ only with a " +
		"first release. To install it: kubectl apply --server-side -f backend/helm/api/crds/more/second.yaml"
	for _, operation := range []schema.Command{schema.CommandPlan, schema.CommandApply} {
		equal(t, "unchanged", s.Do(operation).Changes.Empty(), true)
		contains(t, "notices", s.Texts(schema.EventNotice), second, "CustomResourceDefinition thirds.test.example.org is not in the cluster")
	}
	kubectl(t, "apply", "--server-side", "-f", filepath.Join(s.Source(), "crds/more/second.yaml"))
	s.Plan()
	lacks(t, "notices", s.Texts(schema.EventNotice), "CustomResourceDefinition")

	s.Write(map[string]string{"crds/first.yaml": strings.Replace(definitionOf("First"), "names: {", "names: {shortNames: [fst], ", 1)})
	s.Plan()
	contains(t, "notices", s.Texts(schema.EventNotice), "CustomResourceDefinition firsts.test.example.org is not in the cluster as the chart "+
		"has it, and helm never upgrades crds/. To install it: kubectl apply --server-side -f backend/helm/api/crds/first.yaml")
}

func TestDefinitionsOfOtherCharts(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"Chart.yaml":                     chart["Chart.yaml"] + "dependencies:\n- {name: common, version: 0.x.x, repository: file://../../../charts/common, condition: common.enabled}\n",
		"/charts/common/Chart.yaml":      "apiVersion: v2\nname: common\nversion: 0.2.0\n",
		"/charts/common/crds/other.yaml": definitionOf("Other"),
		"values.yaml":                    "color: red\ncommon: {enabled: false}\n",
	}))
	s.Apply()
	s.Plan()
	lacks(t, "notices of a chart that is off", s.Texts(schema.EventNotice), "CustomResourceDefinition")
	s.Write(map[string]string{"values.yaml": "color: red\ncommon: {enabled: true}\n"})
	s.Plan()
	contains(t, "notices", s.Texts(schema.EventNotice), "CustomResourceDefinition others.test.example.org is not in the cluster",
		"To install it: kubectl apply --server-side, with api/charts/common/crds/other.yaml of the chart")
}

func TestChartsWithDefinitions(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) {
		t.Helper()
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		writeFile(t, filepath.Join(dir, name), "")
	}
	write("Chart.yaml")
	write("templates/crds/a.yaml")
	write("charts/broken.tgz")
	equal(t, "none", definesKinds(dir), false)
	write("packed/common/crds/a.yaml")
	out, err := exec.Command("tar", "-czf", filepath.Join(dir, "charts", "common.tgz"), "-C", filepath.Join(dir, "packed"), "common").CombinedOutput()
	if err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	check(t, os.RemoveAll(filepath.Join(dir, "packed")))
	equal(t, "packed", definesKinds(dir), true)
	check(t, os.RemoveAll(filepath.Join(dir, "charts")))
	write("crds/a.yaml")
	equal(t, "its own", definesKinds(dir), true)
	equal(t, "not there", definesKinds(filepath.Join(dir, "missing")), false)
}
