package helm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// changed returns what differs between two manifests, a line for each attribute.
func changed(before, after string) (lines []string, all *schema.Changes, hidden []string) {
	c := environments.NewCall(environments.CallOptions{Step: &schema.Step{Name: "a/helm"}, Observe: func(schema.Event) {}})
	s := newSession(c, settings{namespace: "ns"})
	s.quiet.tell = func(texts ...string) { hidden = append(hidden, texts...) }
	all = s.changes(&release{Manifest: before}, &release{Manifest: after}, nil)
	for _, r := range all.Resources {
		for _, a := range r.Attributes {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s: %s -> %s", a.Path, a.Before, a.After)))
		}
	}
	return lines, all, hidden
}

func TestAttributesOfObjects(t *testing.T) {
	const head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
	for name, test := range map[string]struct {
		before, after string
		want          []string
	}{
		"a value":              {head + "spec: {replicas: 2}", head + "spec: {replicas: 3}", []string{"spec.replicas: 2 -> 3"}},
		"a field more":         {head + "spec: {a: 1}", head + "spec: {a: 1, b: {c: x}}", []string{`spec.b.c:  -> "x"`}},
		"a field less":         {head + "spec: {a: 1, b: x}", head + "spec: {a: 1}", []string{`spec.b: "x" ->`}},
		"a new object":         {"", head + "spec: {a: 1}", []string{`apiVersion:  -> "apps/v1"`, `kind:  -> "Deployment"`, `metadata.name:  -> "a"`, "spec.a:  -> 1"}},
		"an object less":       {head, "", []string{`apiVersion: "apps/v1" ->`, `kind: "Deployment" ->`, `metadata.name: "a" ->`}},
		"an item that is new":  {head + "spec: {l: [{name: b, v: 1}]}", head + "spec: {l: [{name: a, v: 0}, {name: b, v: 2}]}", []string{`spec.l["a"].name:  -> "a"`, `spec.l["a"].v:  -> 0`, `spec.l["b"].v: 1 -> 2`}},
		"an item that is gone": {head + "spec: {l: [{name: a, v: 0}, {name: b, v: 1}]}", head + "spec: {l: [{name: b, v: 1}]}", []string{`spec.l["a"].name: "a" ->`, `spec.l["a"].v: 0 ->`}},
		"a document in a text": {"kind: ConfigMap\nmetadata: {name: a}\ndata: {c: '{\"a\": 1, \"b\": 2}'}", "kind: ConfigMap\nmetadata: {name: a}\ndata: {c: '{\"a\": 1, \"b\": 3}'}", []string{"data.c.b: 2 -> 3"}},
		"a Secret": {"kind: Secret\nmetadata: {name: a}\nstringData: {b: old, c: x}", "kind: Secret\nmetadata: {name: a}\nstringData: {b: new, c: x}", []string{
			`stringData.b: "(sensitive)" -> "(sensitive)"`,
		}},
		"a secret variable": {head + "spec: {env: [{name: DB_PASSWORD, value: old}]}", head + "spec: {env: [{name: DB_PASSWORD, value: new}]}", []string{
			`spec.env["DB_PASSWORD"].value: "(sensitive)" -> "(sensitive)"`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			lines, _, _ := changed(test.before, test.after)
			equal(t, "attributes", lines, test.want)
		})
	}
}

// Items that change places are a change of the list, since their order can mean something.
func TestReorderedItemsAreAChange(t *testing.T) {
	lines, _, _ := changed("kind: Pod\nmetadata: {name: a}\nspec: {initContainers: [{name: a}, {name: b}]}",
		"kind: Pod\nmetadata: {name: a}\nspec: {initContainers: [{name: b}, {name: a}]}")
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "spec.initContainers") {
		t.Errorf("%q", lines)
	}
}

func TestNothingOfSecretsIsInAttributes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string {
			const canary = "canary-Z9x4-canary"
			return rapid.SampledFrom([]string{
				"", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: " + canary + label + "}\n",
				"kind: Secret\nmetadata: {name: a, annotations: {last: " + canary + label + "}}\ndata: {a: Y2FuYXJ5}\n",
				"kind: Thing\nmetadata: {name: a}\nspec: {template: {kind: Secret, stringData: {a: " + canary + label + ", b: {c: [" + canary + "]}}}}\n",
				"kind: ConfigMap\nmetadata: {name: a}\ndata: {f: \"kind: Secret\\nstringData: {a: " + canary + label + "}\"}\n",
				"kind: ConfigMap\nmetadata: {name: a}\ndata: {f: '{\"kind\": \"Secret\", \"stringData\": {\"a\": \"" + canary + label + "\"}}'}\n",
				"kind: ConfigMap\nmetadata: {name: a}\ndata: {f: '{\"db\": {\"password\": \"" + canary + label + "\"}}', password: " + canary + label + "}\n",
				"kind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, env: [{name: API_TOKEN, value: " + canary + label + "}]}]}\n",
				"kind: List\nitems: [{kind: Secret, metadata: {name: a}, stringData: {b: " + canary + label + "}}]\n",
			}).Draw(t, label)
		}
		_, all, _ := changed(draw("before"), draw("after"))
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "canary-Z9x4") {
			t.Fatalf("%s", text)
		}
	})
}

// What a Secret calls a secret is one in other objects too, whatever it is called there.
func TestWhatIsInASecretIsKnownAsOne(t *testing.T) {
	_, _, hidden := changed("", "kind: Secret\nmetadata: {name: a}\nstringData: {db_password: canary-Z9x4, host: db.example.org, token: short}\n")
	equal(t, "hidden", hidden, []string{"canary-Z9x4"})
}

func TestHooksCountWhenTheyRun(t *testing.T) {
	hook := func(event, value string) string {
		return "kind: Job\nmetadata: {name: a, annotations: {helm.sh/hook: " + event + "}}\nspec: {a: " + value + "}\n"
	}
	for event, want := range map[string]int{"pre-upgrade": 1, "test": 0, "post-delete": 0} {
		_, all, _ := changed(hook(event, "1"), hook(event, "2"))
		equal(t, event, all.Change, want)
		equal(t, event+" makes a revision", all.Empty(), false)
		equal(t, event+" has a reason", all.Resources[0].Reason != "", want == 0)
		equal(t, event+" has attributes", slices.ContainsFunc(all.Resources[0].Attributes, func(a schema.AttributeChange) bool { return a.Path == "spec.a" }), true)
	}
}
