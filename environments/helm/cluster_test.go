package helm

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// BitOps made the namespace even when helm was told to change nothing.
func TestWasNamespaceCreatedInDryRun(t *testing.T) {
	s := tellReal(t, chart)
	counts(t, s.Plan().Changes, 1, 0, 0)
	equal(t, "namespace", kubectl(t, "get", "namespace", s.namespace, "--ignore-not-found"), "")
	equal(t, "deployed", s.Deployed(), false)

	s.configure("    dry-run: true\n")
	result := s.Apply()
	equal(t, "unchanged", result.Changes.Empty(), true)
	contains(t, "notices", s.Texts(schema.EventNotice), "dry-run is true: only planned (+1 ~0 -0)")
	equal(t, "namespace", kubectl(t, "get", "namespace", s.namespace, "--ignore-not-found"), "")
}

// BitOps searched the list of releases of all namespaces for a text.
func TestWasReleasesMatchedBySubstring(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"bitops.config.yaml": ""}))
	s.configure("  options: {release-name: api-server}\n")
	s.Apply()
	s.configure("  options: {release-name: api}\n")
	s.processes()
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "processes", s.processes(), "status upgrade")
	counts(t, s.Destroy().Changes, 0, 0, 1)
	equal(t, "unchanged", s.Destroy().Changes.Empty(), true)
	s.configure("  options: {release-name: api-server}\n")
	equal(t, "the other one is deployed", s.Deployed(), true)

	other := s.namespace
	s.namespace += "-b"
	s.configure("  options: {release-name: api-server}\n")
	equal(t, "deployed in another namespace", s.Deployed(), false)
	equal(t, "unchanged", s.Destroy().Changes.Empty(), true)
	s.namespace = other
	equal(t, "objects", s.data("configmap", "api-server", "color"), "red")
}

func TestADeletedObjectIsCreatedAgain(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"templates/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {a: b}\n",
	}))
	s.Apply()
	kubectl(t, "delete", "configmap", "more", "-n", s.namespace)
	equal(t, "planned", addresses(s.Plan().Changes), []string{"create ConfigMap " + s.namespace + "/more"})
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "more", s.data("configmap", "more", "a"), "b")
	kubectl(t, "delete", "configmap", "more", "api", "-n", s.namespace)
	counts(t, s.Apply().Changes, 2, 0, 0)
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
}

func TestForceAlwaysUpgrades(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	s.configure("    force: true\n")
	s.processes()
	counts(t, s.Apply().Changes, 0, 1, 0)
	equal(t, "processes", s.processes(), "status upgrade")
}

func TestObjectsComeAndGo(t *testing.T) {
	const keep = `apiVersion: v1
kind: ConfigMap
metadata:
  name: kept
  annotations: {helm.sh/resource-policy: keep}
`
	s := tellReal(t, with(chart, map[string]string{
		"templates/keep.yaml": keep,
		"templates/old.yaml":  "apiVersion: v1\nkind: Service\nmetadata: {name: old}\nspec: {ports: [{port: 80}]}\n",
		"templates/hook.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\n  annotations: {helm.sh/hook: pre-install}\n",
		"templates/role.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: {{ .Release.Namespace }}-reader}\n",
		"templates/none.yaml": "{{- if false }}\nkind: Nothing\n{{- end }}\n",
	}))
	ns := s.namespace
	equal(t, "planned", addresses(s.Plan().Changes), []string{
		"create ClusterRole " + ns + "-reader", "create ConfigMap " + ns + "/api", "create ConfigMap " + ns + "/kept",
		"create ConfigMap " + ns + "/note (hook)", "create Service " + ns + "/old",
	})
	counts(t, s.Apply().Changes, 5, 0, 0)
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)

	s.Write(map[string]string{
		"templates/old.yaml":  "apiVersion: v1\nkind: Service\nmetadata: {name: new}\nspec: {ports: [{port: 80}]}\n",
		"templates/hook.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\n  annotations: {helm.sh/hook: pre-upgrade}\n",
	})
	changed := s.Apply()
	equal(t, "changed", addresses(changed.Changes), []string{
		"update ConfigMap " + ns + "/note (hook)", "create Service " + ns + "/new", "delete Service " + ns + "/old",
	})
	gone := s.Destroy()
	equal(t, "removed", addresses(gone.Changes), []string{
		"delete ClusterRole " + ns + "-reader", "delete ConfigMap " + ns + "/api", "delete Service " + ns + "/new",
	})
	contains(t, "left", kubectl(t, "get", "configmap", "-n", ns, "-o", "name"), "configmap/kept")
}

// widgets is the definition of a kind.
const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.test.example.org}
spec:
  group: test.example.org
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`

func TestAFirstReleaseThatBringsItsKinds(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"crds/widgets.yaml":     widgets,
		"templates/widget.yaml": "apiVersion: test.example.org/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: 1}\n",
	}))
	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes), []string{"create ConfigMap " + s.namespace + "/api", "create Widget " + s.namespace + "/one"})
	contains(t, "notices", s.Texts(schema.EventNotice), "a kind that the cluster does not know yet")
	equal(t, "applied", s.Apply().Changes, planned.Changes)
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	kubectl(t, "delete", "crd", "widgets.test.example.org")
	equal(t, "deployed without its kind", s.Deployed(), true)
}

func TestChartsThatAskTheCluster(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"templates/config.yaml": `{{- $old := lookup "v1" "ConfigMap" .Release.Namespace "api" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: api}
data:
  color: {{ if $old }}{{ $old.data.color }}{{ else }}{{ randAlphaNum 20 }}{{ end }}
`,
	}))
	s.Apply()
	equal(t, "planned", s.Plan().Changes.Empty(), true)
	equal(t, "applied", s.Apply().Changes.Empty(), true)
}

func TestDependenciesAreFetched(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"Chart.yaml":                         chart["Chart.yaml"] + "dependencies:\n- {name: common, version: 0.x.x, repository: file://../../../charts/common}\n",
		"/charts/common/Chart.yaml":          "apiVersion: v2\nname: common\nversion: 0.2.0\n",
		"/charts/common/templates/note.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\n",
	}))
	counts(t, s.Apply().Changes, 2, 0, 0)
	equal(t, "processes", s.processes(), "version dependency status upgrade")
	equal(t, "files in the checkout", exists(s.Source()+"/charts"), false)

	s.Write(map[string]string{"/charts/common/templates/note.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\ndata: {a: b}\n"})
	counts(t, s.Plan().Changes, 0, 1, 0)
	counts(t, s.Apply().Changes, 0, 1, 0)

	s.Write(map[string]string{"Chart.lock": "dependencies: []\ndigest: sha256:0\ngenerated: \"2024-01-01T00:00:00Z\"\n"})
	s.processes()
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	equal(t, "processes", s.processes(), "dependency dependency status upgrade(dry)")
	contains(t, "notices", s.Texts(schema.EventNotice), "the lock file of the chart cannot be used", "out of sync")
}

func TestAReleaseThatHelmOnlyRemembers(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	s.byHand("uninstall", "api", "--keep-history")
	equal(t, "deployed", s.Deployed(), false)
	equal(t, "unchanged", s.Destroy().Changes.Empty(), true)
	counts(t, s.Plan().Changes, 1, 0, 0)
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "status", s.status(), "deployed")
}

func TestTextsOfErrors(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"templates/config.yaml": "{{ .Values.missing.key }}"}))
	failure := s.Fails(schema.CommandPlan)
	contains(t, "message", failure.Message, "helm upgrade failed: ", "templates/config.yaml:1:")
	equal(t, "exit code", failure.ExitCode, 1)
	if strings.Contains(failure.Message, "release: not found") {
		t.Error("the answer of helm status is told as an error")
	}
	lacks(t, "log", s.Texts(schema.EventOutputLine), "release: not found")
}

func TestHooksCountWhereHelmRunsThem(t *testing.T) {
	hook := func(name, events string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", annotations: {helm.sh/hook: \"" + events + "\"}}\n"
	}
	s := tellReal(t, with(chart, map[string]string{
		"templates/install.yaml": hook("install", "post-install"),
		"templates/upgrade.yaml": hook("upgrade", "pre-upgrade"),
		"templates/both.yaml":    hook("both", "pre-install, pre-upgrade"),
		"templates/test.yaml":    hook("test", "test"),
	}))
	ns := s.namespace
	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes), []string{
		"create ConfigMap " + ns + "/api", "create ConfigMap " + ns + "/both (hook)", "create ConfigMap " + ns + "/install (hook)",
	})
	equal(t, "applied", s.Apply().Changes, planned.Changes)
	equal(t, "there", kubectl(t, "get", "configmap", "-n", ns, "-o", "jsonpath={.items[*].metadata.name}"), "api both install")
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)

	// What is gone from the chart stays in the cluster, and the release forgets it.
	s.Write(map[string]string{"templates/both.yaml": "", "templates/delete.yaml": hook("delete", "pre-delete"), "templates/more.yaml": hook("more", "post-upgrade")})
	planned = s.Plan()
	equal(t, "planned", addresses(planned.Changes), []string{
		"forget ConfigMap " + ns + "/both (hook)", "update ConfigMap " + ns + "/delete (hook)", "create ConfigMap " + ns + "/more (hook)",
	})
	equal(t, "applied", s.Apply().Changes, planned.Changes)
	equal(t, "unchanged then", s.Apply().Changes.Empty(), true)
}

func TestObjectsThatAReleaseForgets(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"templates/keep.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}\n",
		"templates/gone.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}\n",
	}))
	s.Apply()
	kubectl(t, "delete", "configmap", "gone", "-n", s.namespace)
	s.Write(map[string]string{"templates/keep.yaml": "", "templates/gone.yaml": ""})
	planned := s.Plan()
	counts(t, planned.Changes, 0, 0, 0)
	equal(t, "planned", addresses(planned.Changes), []string{
		"forget ConfigMap " + s.namespace + "/gone", "forget ConfigMap " + s.namespace + "/kept",
	})
	equal(t, "applied", s.Apply().Changes, planned.Changes)
	contains(t, "left", kubectl(t, "get", "configmap", "-n", s.namespace, "-o", "name"), "configmap/kept")
	equal(t, "unchanged then", s.Apply().Changes.Empty(), true)
}
