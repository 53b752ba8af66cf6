package helm

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// objectOf reads one object.
func objectOf(t *testing.T, yaml string) object {
	t.Helper()
	documents, err := readDocuments(yaml)
	check(t, err)
	content, _ := documents[0].(map[string]any)
	return object{identity: identityOf(content), content: content}
}

func paths(found []difference) string {
	var all []string
	for _, d := range found {
		all = append(all, d.path)
	}
	return strings.Join(all, " ")
}

func TestDeclaredFieldsAreCompared(t *testing.T) {
	const (
		builtIn = "apiVersion: apps/v1\nkind: Deployment\n"
		secret  = "apiVersion: v1\nkind: Secret\n"
		custom  = "apiVersion: example.org/v1\nkind: Thing\n"
	)
	for name, test := range map[string]struct {
		head, declared, live string
		strict, lenient      string // the paths that differ: before the cluster is asked, and where it cannot be asked
	}{
		"the same":                             {builtIn, "spec: {a: 1, b: x, c: true}", "spec: {a: 1, b: x, c: true}", "", ""},
		"another value":                        {builtIn, "spec: {a: 1}", "spec: {a: 2}", "spec.a", "spec.a"},
		"another type":                         {builtIn, "spec: {a: 1}", "spec: {a: '1'}", "spec.a", "spec.a"},
		"what only the cluster has":            {builtIn, "spec: {a: 1}", "spec: {a: 1, b: 2, c: [{d: 1}]}", "", ""},
		"what is missing":                      {builtIn, "spec: {a: {b: 1}}", "spec: {}", "spec.a", "spec.a"},
		"what the cluster owns":                {builtIn, "metadata: {name: a, uid: x, resourceVersion: '1', generation: 3, creationTimestamp: null}\nstatus: {a: 1}", "metadata: {name: a, uid: y}", "", ""},
		"null":                                 {builtIn, "spec: {a: null}", "spec: {a: 1}", "", ""},
		"a number in another form":             {builtIn, "spec: {a: 1.0, b: 1e3}", "spec: {a: 1, b: 1000}", "", ""},
		"numbers that are one float":           {custom, "spec: {a: 9007199254740993}", "spec: {a: 9007199254740992}", "spec.a", "spec.a"},
		"an amount":                            {builtIn, "spec: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: 0.5}}", "spec: {limits: {cpu: '1', memory: 1Gi}, requests: {cpu: 500m}}", "", ""},
		"another amount":                       {builtIn, "spec: {limits: {cpu: 1000m}}", "spec: {limits: {cpu: '2'}}", "spec.limits.cpu", "spec.limits.cpu"},
		"an amount that is missing":            {builtIn, "spec: {limits: {cpu: 1}}", "spec: {limits: {}}", "spec.limits.cpu", "spec.limits.cpu"},
		"an amount in a kind of somebody else": {custom, "spec: {limits: {cpu: 1000m}}", "spec: {limits: {cpu: '1'}}", "spec.limits.cpu", "spec.limits.cpu"},
		"an amount that is none":               {secret, "data: {a: 1000m}", "data: {a: '1'}", "data.a", "data.a"},
		"an empty list":                        {builtIn, "spec: {a: []}", "spec: {}", "", ""},
		"an empty list that is null":           {builtIn, "spec: {a: []}", "spec: {a: null}", "", ""},
		"an empty list that is not":            {builtIn, "spec: {a: []}", "spec: {a: [1]}", "spec.a", "spec.a"},
		"an empty list of somebody else":       {custom, "spec: {a: []}", "spec: {}", "spec.a", ""},
		"an empty mapping":                     {builtIn, "spec: {a: {}}", "spec: {}", "spec.a", ""},
		"empty labels":                         {builtIn, "metadata: {labels: {}, annotations: {}}", "metadata: {}", "", ""},
		"false, zero and an empty text":        {builtIn, "spec: {a: false, b: 0, c: ''}", "spec: {}", "spec.a spec.b spec.c", ""},
		"false and zero of somebody else":      {custom, "spec: {a: false, b: 0}", "spec: {}", "spec.a spec.b", "spec.a spec.b"},
		"false that is true":                   {builtIn, "spec: {a: false}", "spec: {a: true}", "spec.a", "spec.a"},
		"texts of a secret":                    {secret, "stringData: {a: x}\ndata: {a: b2xk, b: eQ==}", "data: {a: eA==, b: eQ==, c: eg==}", "", ""},
		"another text of a secret":             {secret, "stringData: {a: x}", "data: {a: eQ==}", "data.a", "data.a"},
		"texts of no secret":                   {custom, "stringData: {a: x}", "data: {a: eA==}", "stringData", "stringData"},
		"an item that was added":               {builtIn, "spec: {l: [{name: a}]}", "spec: {l: [{name: a}, {name: b}]}", "spec.l", ""},
		"items in another order":               {builtIn, "spec: {l: [{name: a, v: 1}, {name: b, v: 2}]}", "spec: {l: [{name: b, v: 2}, {name: a, v: 1}]}", "spec.l[0].name spec.l[0].v spec.l[1].name spec.l[1].v", ""},
		"an item that is gone":                 {builtIn, "spec: {l: [{name: a}, {name: b}]}", "spec: {l: [{name: a}]}", "spec.l", `spec.l["b"]`},
		"an item that differs":                 {builtIn, "spec: {l: [{name: a, v: 1}]}", "spec: {l: [{name: a, v: 2}]}", "spec.l[0].v", `spec.l["a"].v`},
		"items without names":                  {builtIn, "spec: {l: [a, b]}", "spec: {l: [a, b, c]}", "spec.l", "spec.l"},
		"a key with dots":                      {builtIn, "metadata: {annotations: {a.b/c: x}}", "metadata: {annotations: {a.b/c: y}}", `metadata.annotations["a.b/c"]`, `metadata.annotations["a.b/c"]`},
		"a list that is none":                  {builtIn, "spec: {l: [a]}", "spec: {l: a}", "spec.l", "spec.l"},
		"a mapping that is none":               {builtIn, "spec: {l: {a: 1}}", "spec: {l: a}", "spec.l", "spec.l"},
	} {
		t.Run(name, func(t *testing.T) {
			declared, live := objectOf(t, test.head+test.declared), objectOf(t, test.head+test.live)
			equal(t, "before the cluster is asked", paths(compared(declared, live.content, false)), test.strict)
			equal(t, "where it cannot be asked", paths(compared(declared, live.content, true)), test.lenient)
		})
	}
}

func TestAMergePatchMakesOneOfTheOther(t *testing.T) {
	for name, test := range map[string]struct{ was, becomes, want string }{
		"nothing":        {"a: {b: 1}", "a: {b: 1}", `{}`},
		"a field":        {"a: {b: 1, c: 2}", "a: {b: 2, c: 2}", `{"a":{"b":2}}`},
		"a new field":    {"a: {}", "a: {b: {c: 1}}", `{"a":{"b":{"c":1}}}`},
		"a field less":   {"a: {b: 1, c: 2}", "a: {c: 2}", `{"a":{"b":null}}`},
		"a list":         {"a: [1, 2]", "a: [1]", `{"a":[1]}`},
		"another type":   {"a: {b: 1}", "a: [1]", `{"a":[1]}`},
		"a mapping, new": {"a: 1", "a: {b: 1}", `{"a":{"b":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(mergePatch(objectOf(t, test.was).content, objectOf(t, test.becomes).content))
			check(t, err)
			equal(t, "patch", string(text), test.want)
		})
	}
}

// anyValue is a value of an object, at most depth levels deep.
func anyValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		names := rapid.SampledFrom([]string{"a", "b", "name", "limits", "labels"})
		switch rapid.IntRange(0, 6+2*min(depth, 1)).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2, 3:
			return json.Number(rapid.SampledFrom([]string{"0", "1", "1.0", "1000"}).Draw(t, "number"))
		case 4, 5, 6:
			return rapid.SampledFrom([]string{"", "1", "1000m", "x"}).Draw(t, "text")
		case 7:
			return rapid.SliceOfN(anyValue(depth-1), 0, 3).Draw(t, "list")
		}
		return rapid.MapOfN(names, anyValue(depth-1), 0, 3).Draw(t, "mapping")
	})
}

// What is called equal before the cluster is asked has to be equal to whoever is less strict; an object is always like
// itself, whatever the cluster adds to it.
func TestComparisonsOfAnyObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group := rapid.SampledFrom([]string{"v1", "apps/v1", "example.org/v1"}).Draw(t, "version")
		spec := func(label string) map[string]any {
			return rapid.MapOfN(rapid.SampledFrom([]string{"p", "q", "limits"}), anyValue(3), 0, 3).Draw(t, label)
		}
		made := func(spec map[string]any) object {
			content := map[string]any{"apiVersion": group, "kind": "Thing", "spec": spec}
			return object{identity: identityOf(content), content: content}
		}
		declared, live := made(spec("declared")), made(spec("live"))
		if len(compared(declared, live.content, false)) == 0 && len(compared(declared, live.content, true)) > 0 {
			t.Fatalf("equal when strict, and not when lenient: %v", compared(declared, live.content, true))
		}
		if found := compared(declared, declared.content, false); len(found) > 0 {
			t.Fatalf("not like itself: %v", found)
		}
		if found := compared(declared, map[string]any{
			"apiVersion": group, "kind": "Thing", "spec": declared.content["spec"], "more": live.content["spec"],
		}, false); len(found) > 0 {
			t.Fatalf("not like itself with more: %v", found)
		}
	})
}
