package diff_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

var names = []string{"name", "a", "b", "c d", "id", "password", "key"}

// value generates a JSON value without nulls, which are nothing. Many of them are alike.
func value(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 6).Draw(t, "kind")
		if depth == 0 {
			kind %= 4
		}
		switch kind {
		case 0:
			return rapid.Bool().Draw(t, "bool")
		case 1:
			return json.Number(rapid.SampledFrom([]string{"0", "1", "22", "443", "1.5"}).Draw(t, "number"))
		case 2, 3:
			return rapid.SampledFrom([]string{"", "x", "y", "0.0.0.0/0", "two\nlines", `{"a":1}`, `{"a":{"b":[1,2]}}`, "a: 1\nb: x\n", "a: 2\n", "{no"}).Draw(t, "string")
		case 4:
			all := []any{}
			for range rapid.IntRange(0, 6).Draw(t, "length") {
				all = append(all, value(depth-1).Draw(t, "element"))
			}
			return all
		}
		return object(depth-1).Draw(t, "object")
	})
}

func object(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		all := map[string]any{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, "names") {
			all[name] = value(depth).Draw(t, name)
		}
		return all
	})
}

// altered returns a value like another one, so that something is equal.
func altered(t *rapid.T, v any, depth int) any {
	if rapid.IntRange(0, 4).Draw(t, "alter") == 0 {
		return value(depth).Draw(t, "other")
	}
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for _, name := range sorted(v) {
			if rapid.IntRange(0, 5).Draw(t, "drop") > 0 {
				all[name] = altered(t, v[name], depth-1)
			}
		}
		return all
	case []any:
		var all []any
		for _, e := range v {
			if rapid.IntRange(0, 5).Draw(t, "insert") == 0 {
				all = append(all, value(max(depth-1, 0)).Draw(t, "new"))
			}
			if rapid.IntRange(0, 5).Draw(t, "drop") > 0 {
				all = append(all, altered(t, e, max(depth-1, 0)))
			}
		}
		return append([]any{}, all...)
	}
	return v
}

func sorted(m map[string]any) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// pairOf draws two objects that are alike.
func pairOf(t *rapid.T) (before, after any) {
	before = object(3).Draw(t, "before")
	after = altered(t, before, 3)
	if _, isObject := after.(map[string]any); !isObject {
		after = object(3).Draw(t, "after")
	}
	return before, after
}

func TestAppliedToBeforeTheChangesGiveAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := pairOf(t)
		changes := diff.Compare(diff.Value{JSON: before}, diff.Value{JSON: after}, diff.Options{})
		got := patch(before, changes, 0)
		if !reflect.DeepEqual(normal(got), normal(after)) {
			t.Fatalf("before %s\nafter  %s\ngot    %s\nby %s", asJSON(before), asJSON(after), asJSON(got), strings.Join(told(changes), "\n   "))
		}
	})
}

// normal returns a value in which documents are values, so that how they are written does not count, and from which empty fields
// are gone: where all parts of one go, it is empty or gone.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for name, field := range v {
			if field = normal(field); !empty(field) {
				all[name] = field
			}
		}
		return all
	case []any:
		all := []any{}
		for _, e := range v {
			all = append(all, normal(e))
		}
		return all
	case string:
		if document, ok := documentOf(v); ok {
			return map[string]any{"document": normal(document)}
		}
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return v == nil
}

func documentOf(text string) (any, bool) {
	switch text { // those that value draws
	case "a: 1\nb: x\n":
		return map[string]any{"a": json.Number("1"), "b": "x"}, true
	case "a: 2\n":
		return map[string]any{"a": json.Number("2")}, true
	}
	if !strings.HasPrefix(text, "{") {
		return nil, false
	}
	return decoded([]byte(text))
}

func decoded(text []byte) (v any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return v, decoder.Decode(&v) == nil
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// patch applies the changes whose paths go on at depth.
func patch(v any, changes []diff.Change, depth int) any {
	if len(changes) == 1 && len(changes[0].Path) == depth {
		after, _ := decoded(changes[0].After)
		return after
	}
	if len(changes) == 0 {
		return v
	}
	step := changes[0].Path[depth]
	inside := depth > 0 && changes[0].Path[depth-1].Document
	if text, isText := v.(string); isText && inside {
		document, _ := documentOf(text)
		return asJSON(patch(document, changes, depth))
	}
	if step.Element {
		return patchList(v, changes, depth)
	}
	all := map[string]any{}
	if v, isObject := v.(map[string]any); isObject {
		maps.Copy(all, v)
	}
	for _, group := range grouped(changes, depth) {
		name := group[0].Path[depth].Field
		if field := patch(all[name], group, depth+1); field != nil {
			all[name] = field
		} else {
			delete(all, name)
		}
	}
	return all
}

func grouped(changes []diff.Change, depth int) [][]diff.Change {
	var all [][]diff.Change
	for i, c := range changes {
		if i > 0 && reflect.DeepEqual(changes[i-1].Path[:depth+1], c.Path[:depth+1]) {
			all[len(all)-1] = append(all[len(all)-1], c)
		} else {
			all = append(all, []diff.Change{c})
		}
	}
	return all
}

func patchList(v any, changes []diff.Change, depth int) any {
	was, _ := v.([]any)
	placed := map[int]any{}
	used := map[int]bool{}
	for _, group := range grouped(changes, depth) {
		step := group[0].Path[depth]
		var element any
		if step.Was >= 0 {
			element, used[step.Was] = was[step.Was], true
		}
		if step.Is >= 0 {
			placed[step.Is] = patch(element, group, depth+1)
		}
	}
	var all []any
	next := 0
	for len(all) < len(was)+len(placed) {
		if e, here := placed[len(all)]; here {
			all = append(all, e)
			continue
		}
		for next < len(was) && used[next] {
			next++
		}
		if next == len(was) {
			break
		}
		all = append(all, was[next])
		next++
	}
	return all
}

func TestTheOtherWayRoundTheSamePartsDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := pairOf(t)
		there := diff.Compare(diff.Value{JSON: before}, diff.Value{JSON: after}, diff.Options{})
		back := diff.Compare(diff.Value{JSON: after}, diff.Value{JSON: before}, diff.Options{})
		describe := func(changes []diff.Change, swapped bool) []string {
			var all []string
			for _, c := range changes {
				was, is, path := string(c.Before), string(c.After), slices.Clone(c.Path)
				for i := range path {
					if swapped {
						path[i].Was, path[i].Is = path[i].Is, path[i].Was
					}
				}
				if swapped {
					was, is = is, was
				}
				all = append(all, fmt.Sprintf("%+v %s %s", path, was, is))
			}
			slices.Sort(all)
			return all
		}
		if a, b := describe(there, false), describe(back, true); !slices.Equal(a, b) {
			t.Fatalf("%s\n%s\n\nthere:\n%s\nback:\n%s", asJSON(before), asJSON(after), strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
	})
}

// secretly replaces some strings by canaries, and returns a mask for those that no name calls secret.
func secretly(t *rapid.T, v any, above string) (any, any) {
	switch v := v.(type) {
	case map[string]any:
		all, mask := map[string]any{}, map[string]any{}
		for _, name := range sorted(v) {
			all[name], mask[name] = secretly(t, v[name], secretName(above, name))
		}
		return all, mask
	case []any:
		all, mask := []any{}, []any{}
		for _, e := range v {
			value, m := secretly(t, e, above)
			all, mask = append(all, value), append(mask, m)
		}
		return all, mask
	case string:
		if rapid.IntRange(0, 3).Draw(t, "document") == 0 {
			return rapid.SampledFrom([]string{
				`{"a":{"db_password":"canary"},"b":1}`, "a: 1\nb:\n  token: canary\n", `["x",{"secret":["canary"]}]`, `{"a":"{\"password\":\"canary\"}"}`,
			}).Draw(t, "of names"), false
		}
		if named := above != ""; named || rapid.Bool().Draw(t, "secret") {
			return rapid.SampledFrom([]string{"canary", "{\"token\":\"canary\"}", `{"a":"canary"}`, "a: canary\n", "1\ncanary"}).Draw(t, "canary"), !named
		}
	}
	return v, false
}

// secretName returns the name that makes a field secret, or "".
func secretName(above, name string) string {
	if above != "" {
		name = above + "_" + name
	}
	if secret.NameIsSecret(name) {
		return name
	}
	return ""
}

func TestNothingSensitiveIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, a := pairOf(t)
		before, wasSensitive := secretly(t, b, "")
		after, sensitive := secretly(t, a, "")
		changes := diff.Compare(diff.Value{JSON: before, Sensitive: wasSensitive}, diff.Value{JSON: after, Sensitive: sensitive}, diff.Options{Secret: secret.NameIsSecret})
		if text := strings.Join(told(changes), "\n"); strings.Contains(text, "canary") {
			t.Fatalf("%s\n%s\n%s", asJSON(before), asJSON(after), text)
		}
	})
}

func FuzzCompare(f *testing.F) {
	f.Add(`{"a":[{"name":"x","p":"{\"b\":1}"}]}`, `{"a":[{"name":"y","p":"{\"b\":2}"}]}`, `{"a":true}`)
	f.Add(`{"a":"b: 1\n"}`, `{"a":"b: [1, &x 2]\n"}`, `{"a":[true,{"b":true}]}`)
	f.Fuzz(func(t *testing.T, before, after, mask string) {
		was, ok := decoded([]byte(before))
		is, alsoOK := decoded([]byte(after))
		masked, _ := decoded([]byte(mask))
		if !ok || !alsoOK {
			t.Skip()
		}
		o := diff.Options{Secret: secret.NameIsSecret, SkipEmpty: true}
		changes := diff.Compare(diff.Value{JSON: was, Sensitive: masked}, diff.Value{JSON: is, Unknown: masked}, o)
		for _, c := range changes {
			if c.Before != nil && !json.Valid(c.Before) || c.After != nil && !json.Valid(c.After) {
				t.Errorf("not JSON: %s -> %s", c.Before, c.After)
			}
		}
		if same := diff.Compare(diff.Value{JSON: was}, diff.Value{JSON: was}, o); len(same) > 0 {
			t.Errorf("a value differs from itself: %v", told(same))
		}
	})
}

// The work grows with the size of the values: what would be a table of a million times a million is none.
func TestLongListsAreCompared(t *testing.T) {
	list := func(n int, element func(int) any) any {
		all := make([]any, n)
		for i := range all {
			all[i] = element(i)
		}
		return map[string]any{"a": all}
	}
	const n = 200_000
	was := list(n, func(i int) any { return fmt.Sprint("element-", i) })
	is := list(n, func(i int) any { return fmt.Sprint("element-", i+i/(n/2)) }) // one is gone in the middle
	if got := told(diff.Compare(diff.Value{JSON: was}, diff.Value{JSON: is}, diff.Options{})); len(got) != 2 {
		t.Errorf("%d changes, want the one that is gone and the one at the end: %v", len(got), got[:min(len(got), 5)])
	}
	same := func(word string) any { return list(n, func(int) any { return word }) }
	if got := diff.Compare(diff.Value{JSON: same("x")}, diff.Value{JSON: same("y")}, diff.Options{}); len(got) != 2*n {
		t.Errorf("%d changes of a list in which nothing is as before", len(got))
	}
}
