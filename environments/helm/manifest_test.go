package helm

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// compare returns what changes between two manifests, and what is logged.
func compare(t *testing.T, before, after string) (changes, log string) {
	t.Helper()
	var lines []string
	c := environments.NewCall(environments.CallOptions{
		Step: &schema.Step{Name: "a/helm"}, Observe: func(e schema.Event) { lines = append(lines, e.Text) },
	})
	s := newSession(c, settings{namespace: "ns"})
	found := s.changes(&release{Manifest: before}, &release{Manifest: after}, nil)
	if found == nil {
		return "unknown", strings.Join(lines, "\n")
	}
	return strings.Join(addresses(found), ", "), strings.Join(lines, "\n")
}

func TestManifestsAreComparedObjectByObject(t *testing.T) {
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {port: 80}\n"
	for name, test := range map[string]struct{ before, after, want string }{
		"equal":                        {service, service, ""},
		"written in another way":       {service, "# Source: x\n---\n---\nkind: Service\nspec:\n  port: 80\napiVersion: v1\nmetadata:\n  name: \"a\"\n", ""},
		"the namespace is spelled out": {service, strings.Replace(service, "name: a", "name: a, namespace: ns", 1), "update Service ns/a"},
		"another namespace":            {service, strings.Replace(service, "name: a", "name: a, namespace: x", 1), "delete Service ns/a, create Service x/a"},
		"another version of its kind":  {strings.Replace(service, "v1", "apps/v1beta1", 1), strings.Replace(service, "v1", "apps/v1", 1), "update Service ns/a"},
		"another group of its kind":    {service, strings.Replace(service, "v1", "serving.example.org/v1", 1), "delete Service ns/a, create Service ns/a"},
		"a number becomes a text":      {service, strings.Replace(service, "80", `"80"`, 1), "update Service ns/a"},
		"a list of objects":            {service, "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: 80}}\n- {apiVersion: v1, kind: Service, metadata: {name: b}}\n", "create Service ns/b"},
		"on one line":                  {service, "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {port: 80}}", ""},
		"JSON":                         {service, `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"port":80}}`, ""},
		"nothing":                      {"", "---\n# empty\n", ""},
		"no objects":                   {"- a\n---\ntext\n", "b\n", ""},
		"no YAML":                      {service, "a: [", "unknown"},
		"a word that is a boolean":     {strings.Replace(service, "80", "yes", 1), strings.Replace(service, "80", "true", 1), ""},
		"objects without a name":       {"a: 1\n", "a: 2\n", "update  ns/"},
	} {
		t.Run(name, func(t *testing.T) {
			changes, _ := compare(t, test.before, test.after)
			equal(t, "changes", changes, test.want)
		})
	}
}

func TestTheDifferenceIsShown(t *testing.T) {
	_, log := compare(t, `
kind: Deployment
metadata: {name: a, labels: {app.kubernetes.io/name: one}}
spec: {replicas: 2, gone: true, args: [a, b], same: 1}
`, `
kind: Deployment
metadata: {name: a, labels: {app.kubernetes.io/name: two}}
spec: {replicas: 3, new: [], args: [a], same: 1, long: "`+strings.Repeat("x", 100)+`"}
`)
	equal(t, "log", log, `~ Deployment ns/a
    metadata.labels["app.kubernetes.io/name"]: "one" -> "two"
    spec.args[1]: "b" is removed
    spec.gone: true is removed
    spec.long: (102 bytes)
    spec.new: []
    spec.replicas: 2 -> 3`)
	_, log = compare(t, "kind: Secret\nmetadata: {name: a}\ndata: {b: old-canary, c: gone-canary}\n",
		"kind: Secret\nmetadata: {name: a}\ndata: {b: new-canary, d: more-canary}\n")
	lacks(t, "log", log, "canary")
	contains(t, "log", log, "data.b: (not shown)", "data.c: (not shown)", "data.d: (not shown)")
}

func TestKeysWithDots(t *testing.T) {
	equal(t, "keys", keyPath(`a.b\.c.d`), []string{"a", "b.c", "d"})
	equal(t, "list item", asListItem(`a,"b`), `"a,""b"`)
	equal(t, "list item", asListItem(`plain`), `plain`)
}
