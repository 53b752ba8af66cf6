package schema_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema"
)

func attribute(t *rapid.T) schema.AttributeChange {
	value := func(name string) json.RawMessage {
		switch rapid.IntRange(0, 5).Draw(t, name) {
		case 0:
			return nil
		case 1:
			return json.RawMessage(`443`)
		case 2:
			return json.RawMessage(`["` + strings.Repeat("x", rapid.IntRange(0, 9000).Draw(t, "length")) + `"]`)
		case 3:
			lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b\"", "é<", strings.Repeat("long ", 300)}), 0, 30).Draw(t, "lines")
			return schema.TextValue(strings.Join(lines, "\n"))
		}
		return schema.TextValue(strings.Repeat(rapid.SampledFrom([]string{"x", "é", "\x01", "<"}).Draw(t, "text"), rapid.IntRange(0, 9000).Draw(t, "times")))
	}
	return schema.AttributeChange{Path: rapid.StringN(1, 20, 40).Draw(t, "path"), Before: value("before"), After: value("after")}
}

func drawChanges(t *rapid.T) *schema.Changes {
	c := &schema.Changes{}
	for range rapid.IntRange(0, 5).Draw(t, "resources") {
		r := schema.ResourceChange{Address: "a", Action: rapid.SampledFrom([]string{"create", "delete", "replace"}).Draw(t, "action")}
		one := attribute(t)
		for range rapid.SampledFrom([]int{0, 1, 3, 199, 200, 201, 900}).Draw(t, "attributes") {
			r.Attributes = append(r.Attributes, one)
		}
		c.Resources = append(c.Resources, r)
	}
	c.OutputChanges = []schema.AttributeChange{attribute(t)}
	return c
}

func TestBoundedChangesAreBoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := drawChanges(t)
		c := whole.Bounded()
		for i, r := range c.Resources {
			if len(r.Attributes) > schema.MostAttributes || len(r.Attributes)+r.AttributesOmitted != len(whole.Resources[i].Attributes) {
				t.Fatalf("%d of %d attributes, %d omitted", len(r.Attributes), len(whole.Resources[i].Attributes), r.AttributesOmitted)
			}
			for _, a := range r.Attributes {
				if len(a.Before) > schema.LongestValue || len(a.After) > schema.LongestValue {
					t.Fatalf("a value of %d bytes", max(len(a.Before), len(a.After)))
				}
				if a.Before != nil && !json.Valid(a.Before) || a.After != nil && !json.Valid(a.After) {
					t.Fatalf("not JSON: %s, %s", a.Before, a.After)
				}
			}
		}
		if again := c.Bounded(); !reflect.DeepEqual(again, c) {
			t.Fatal("bounded again, they are others")
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var read *schema.Changes
		if err := json.Unmarshal(text, &read); err != nil || !schema.SameChanges(c, read) || !schema.SameChanges(whole, read) {
			t.Fatalf("read again, they are not the same (%v)", err)
		}
		var line bytes.Buffer // as a journal has it
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(c); err != nil || line.Len() > 6<<20 {
			t.Fatalf("%d bytes (%v)", line.Len(), err)
		}
	})
}

// Of two long texts, what differs is kept.
func TestBoundedTextsStillDiffer(t *testing.T) {
	lines := make([]string, 2000)
	for i := range lines {
		lines[i] = "line"
	}
	before := strings.Join(lines, "\n")
	lines[1500] = "another line"
	a := schema.AttributeChange{Path: "user_data", Before: schema.TextValue(before), After: schema.TextValue(strings.Join(lines, "\n"))}
	c := (&schema.Changes{OutputChanges: []schema.AttributeChange{a}}).Bounded().OutputChanges[0]
	if !strings.Contains(string(c.After), "another line") || c.AfterBytes != len(a.After) || c.BeforeBytes != len(a.Before) {
		t.Errorf("%s (%d bytes), %s (%d bytes)", c.Before, c.BeforeBytes, c.After, c.AfterBytes)
	}
}

func TestCutTellsWhatIsNotCompared(t *testing.T) {
	of := func(attributes ...schema.AttributeChange) *schema.Changes {
		return &schema.Changes{Resources: []schema.ResourceChange{{Attributes: attributes}}}
	}
	script := func(last string) schema.AttributeChange {
		return schema.AttributeChange{Path: "user_data", After: schema.TextValue(strings.Repeat("line\n", schema.LongestValue) + last)}
	}
	if !schema.SameChanges(of(script("a")), of(script("b"))) || !of(script("a")).Bounded().Cut() {
		t.Error("texts whose ends are cut are told apart, or do not count as cut")
	}
	if !of(make([]schema.AttributeChange, schema.MostAttributes+1)...).Bounded().Cut() || of(schema.AttributeChange{Path: "a"}).Bounded().Cut() {
		t.Error("it is cut where attributes are omitted, and else not")
	}
	if !of(schema.AttributeChange{Path: "a", Sensitive: true}).Cut() {
		t.Error("a value that is not shown can be any")
	}
}

func TestSameChangesWithAttributes(t *testing.T) {
	of := func(attributes ...schema.AttributeChange) *schema.Changes {
		return &schema.Changes{Change: 1, Resources: []schema.ResourceChange{{Address: "a.b", Action: "update", Attributes: attributes}}}
	}
	port := func(after string) schema.AttributeChange {
		return schema.AttributeChange{Path: "port", Before: json.RawMessage("443"), After: json.RawMessage(after)}
	}
	imports := func(id string) *schema.Changes {
		return &schema.Changes{Resources: []schema.ResourceChange{{Address: "a.b", Action: "import", ImportedID: id}}}
	}
	moves := func(from string) *schema.Changes {
		return &schema.Changes{Resources: []schema.ResourceChange{{Address: "a.b", Action: "move", MovedFrom: from}}}
	}
	defers := func(address string) *schema.Changes {
		return &schema.Changes{Deferred: []schema.ResourceChange{{Address: address, Action: "create"}}}
	}
	invokes := func(addresses ...string) *schema.Changes {
		c := &schema.Changes{}
		for _, address := range addresses {
			c.Invocations = append(c.Invocations, schema.Invocation{Address: address})
		}
		return c
	}
	unknown := schema.AttributeChange{Path: "rule", Unknown: true, After: schema.TextValue("(known after apply)")}
	for name, c := range map[string]struct {
		approved, now *schema.Changes
		want          bool
	}{
		"the same":                          {of(port("80")), of(port("80")), true},
		"another value":                     {of(port("80")), of(port("22")), false},
		"one more attribute":                {of(port("80")), of(port("80"), schema.AttributeChange{Path: "x"}), false},
		"one attribute less":                {of(port("80")), of(), false},
		"an unknown value is known now":     {of(unknown), of(schema.AttributeChange{Path: "rule[0].port", After: json.RawMessage("22")}), true},
		"of it nothing is left":             {of(unknown), of(), true},
		"a known value is unknown now":      {of(port("80")), of(schema.AttributeChange{Path: "port", Unknown: true}), false},
		"a name that begins alike":          {of(unknown), of(schema.AttributeChange{Path: "rules"}), false},
		"values that were never shown":      {of(port("80")).WithoutValues(), of(port("80")), false},
		"nothing is known of one":           {nil, of(), false},
		"a plan of a bitops without values": {of(), of(port("80")), false},
		"another object is imported":        {imports("i-1"), imports("i-2"), false},
		"the same object is imported":       {imports("i-1"), imports("i-1"), true},
		"it was another resource before":    {moves("a.x"), moves("a.y"), false},
		"another action is invoked":         {invokes("action.a"), invokes("action.b"), false},
		"actions in another order":          {invokes("action.a", "action.b"), invokes("action.b", "action.a"), true},
		"another resource is deferred":      {defers("a.x"), defers("a.y"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := schema.SameChanges(c.approved, c.now); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestKindsCountWhatNumbersDoNotTell(t *testing.T) {
	c := schema.Changes{
		Resources: []schema.ResourceChange{
			{Action: "import"}, {Action: "update", ImportedID: "i-1"}, {Action: "move", MovedFrom: "a.b"}, {Action: "update", MovedFrom: "a.c"}, {Action: "forget"},
		},
		Deferred: []schema.ResourceChange{{}}, Invocations: []schema.Invocation{{}, {}},
	}
	if got, want := c.Kinds(), (schema.Kinds{Imported: 2, Moved: 2, Forgotten: 1, Deferred: 1, Invoked: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if (&schema.Changes{Deferred: c.Deferred}).Empty() || (&schema.Changes{Invocations: c.Invocations}).Empty() {
		t.Error("what is deferred or invoked counts as nothing")
	}
}

func TestWithoutValuesThereAreNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawChanges(t)
		paths := func(c *schema.Changes) (all []string) {
			for _, r := range c.Resources {
				for _, a := range r.Attributes {
					all = append(all, a.Path)
				}
			}
			return all
		}
		without := c.WithoutValues()
		if !slices.Equal(paths(c), paths(without)) {
			t.Fatal("paths are lost")
		}
		for _, r := range without.Resources {
			for _, a := range r.Attributes {
				if a.Before != nil || a.After != nil {
					t.Fatalf("%s -> %s", a.Before, a.After)
				}
			}
		}
	})
}
