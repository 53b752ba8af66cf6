package terraform

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// planOf returns a plan in terraform's JSON form.
func planOf(parts ...string) []byte {
	return []byte(`{"format_version":"1.2",` + strings.Join(parts, ",") + `}`)
}

func resourcesOf(changes ...string) string {
	return `"resource_changes":[` + strings.Join(changes, ",") + `]`
}

// lines returns what a plan says, a line for each thing.
func lines(c *schema.Changes) []string {
	var all []string
	attributes := func(list []schema.AttributeChange) {
		for _, a := range list {
			line := fmt.Sprintf("  %s: %s -> %s", a.Path, a.Before, a.After)
			if a.ForcesReplacement {
				line += " forces"
			}
			all = append(all, line)
		}
	}
	resources := func(kind string, list []schema.ResourceChange) {
		for _, r := range list {
			line := strings.Join([]string{kind + r.Action, r.Address, r.MovedFrom, r.ImportedID, r.Reason}, " | ")
			all = append(all, strings.TrimRight(line, "| "))
			attributes(r.Attributes)
		}
	}
	resources("", c.Resources)
	resources("deferred ", c.Deferred)
	resources("drift ", c.Drift)
	for _, i := range c.Invocations {
		all = append(all, strings.TrimSpace("invoke "+i.Address+" "+i.Event+" "+i.Cause))
	}
	attributes(c.OutputChanges)
	return append(all, fmt.Sprintf("+%d ~%d -%d, %d outputs", c.Add, c.Change, c.Remove, c.Outputs))
}

func TestPlanJSON(t *testing.T) {
	for name, c := range map[string]struct {
		plan []byte
		want []string
	}{
		"a replacement and its cause": {
			planOf(resourcesOf(`{"address":"aws_subnet.a","action_reason":"replace_because_cannot_update","change":{"actions":["delete","create"],
				"before":{"id":"s-1","zone":"a","tags":{"x":"1"}},"after":{"zone":"b","tags":{"x":"1"}},"after_unknown":{"id":true,"tags":{}},"replace_paths":[["zone"]]}}`)),
			[]string{
				"replace | aws_subnet.a |  |  | it cannot be updated in place", `  zone: "a" -> "b" forces`, `  id: "s-1" -> "(known after apply)"`,
				"+1 ~0 -1, 0 outputs",
			},
		},
		"what is moved, imported, forgotten, tainted or left over": {
			planOf(resourcesOf(
				`{"address":"a.new","previous_address":"a.old","change":{"actions":["no-op"],"before":{},"after":{}}}`,
				`{"address":"a.both","previous_address":"a.old2","change":{"actions":["update"],"before":{"x":1},"after":{"x":2}}}`,
				`{"address":"b.it","change":{"actions":["no-op"],"before":{},"after":{},"importing":{"id":"i-1"}}}`,
				`{"address":"c.it","change":{"actions":["forget"],"before":{},"after":null}}`,
				`{"address":"d.it","action_reason":"replace_because_tainted","change":{"actions":["create","delete"],"before":{},"after":{}}}`,
				`{"address":"e.it","deposed":"12ab","change":{"actions":["delete"],"before":{},"after":null}}`,
				`{"address":"f.it","change":{"actions":["create","forget"],"before":{},"after":{}}}`,
				`{"address":"g.it","change":{"actions":["no-op"],"before":{},"after":{}}}`,
			)),
			[]string{
				"move | a.new | a.old", "update | a.both | a.old2", "  x: 1 -> 2", "import | b.it |  | i-1", "forget | c.it",
				"replace | d.it |  |  | it is tainted: it was not created completely, or someone marked it", "delete | e.it (deposed object 12ab)", "replace | f.it",
				"+2 ~1 -3, 0 outputs",
			},
		},
		"outputs": {
			planOf(`"output_changes":{"a":{"actions":["update"],"before":"x","after":"y"},"b":{"actions":["create"],"before":null,"after_unknown":true},
				"c":{"actions":["delete"],"before":[1],"after":null},"d":{"actions":["update"],"before":"canary-1","after":"canary-2","before_sensitive":true,"after_sensitive":true},
				"e":{"actions":["no-op"],"before":1,"after":1},"f":{"actions":["update"],"before":{"x":1,"y":2},"after":{"x":1,"y":3}}}`),
			[]string{
				`  a: "x" -> "y"`, `  b:  -> "(known after apply)"`, `  c: [1] -> `, `  d: "(sensitive)" -> "(sensitive)"`, `  f.y: 2 -> 3`, "+0 ~0 -0, 5 outputs",
			},
		},
		"drift": {
			planOf(`"resource_drift":[{"address":"a.it","change":{"actions":["update"],"before":{"x":1,"y":1},"after":{"x":2,"y":2,"z":{}}}},
				{"address":"a.gone","change":{"actions":["delete"],"before":{"x":1},"after":null}},
				{"address":"a.other","change":{"actions":["update"],"before":{"x":1},"after":{"x":2}}}]`,
				`"relevant_attributes":[{"resource":"a.it","attribute":["x"]},{"resource":"a.other","attribute":["y",0]}]`),
			[]string{"drift update | a.it", "  x: 1 -> 2", "drift delete | a.gone", "+0 ~0 -0, 0 outputs"},
		},
		"what terraform defers": {
			planOf(`"complete":false`, `"deferred_changes":[{"reason":"instance_count_unknown","resource_change":{"address":"a.it[*]","change":{"actions":["create"],"before":null,"after":{"x":1}}}}]`),
			[]string{"deferred create | a.it[*] |  |  | how many there are is known only after apply", "  x:  -> 1", "+0 ~0 -0, 0 outputs"},
		},
		"actions": {
			planOf(`"action_invocations":[{"address":"action.aws_lambda_invoke.it","lifecycle_action_trigger":{"triggering_resource_address":"a.it","action_trigger_event":"AfterCreate"}},
				{"address":"action.b.it","invoke_action_trigger":{}}]`),
			[]string{"invoke action.aws_lambda_invoke.it after create a.it", "invoke action.b.it", "+0 ~0 -0, 0 outputs"},
		},
		"nothing": {planOf(`"resource_changes":null,"resource_drift":null,"output_changes":null`), []string{"+0 ~0 -0, 0 outputs"}},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := readPlan(c.plan)
			check(t, err)
			if got := lines(plan.changes); !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestPlanJSONIsComplete(t *testing.T) {
	for text, want := range map[string]bool{
		`"complete":true`: false, `"complete":false`: true, `"x":1`: false,
		`"complete":false,"deferred_changes":[{"reason":"x","resource_change":{"address":"a.b","change":{"actions":["create"]}}}]`: false,
	} {
		plan, err := readPlan(planOf(text))
		check(t, err)
		equal(t, text, plan.partial, want)
	}
}

// What a provider calls sensitive is known as a secret, wherever else it stands, if its name says so too.
func TestSensitiveValuesOfAPlanAreCollected(t *testing.T) {
	plan, err := readPlan(planOf(resourcesOf(`{"address":"a.b","change":{"actions":["update"],
		"before":{"password":"old-S3cret!","value":"db.example.com","short_password":"eu"},
		"after":{"password":"new-S3cret!","value":"db.example.com","api_token":{"list":["in-a-l1st"]},"admin_password":"declared nowhere"},
		"before_sensitive":{"password":true,"value":true},"after_sensitive":{"password":true,"value":true,"api_token":{"list":[true]}}}}`)))
	check(t, err)
	slices.Sort(plan.secrets)
	equal(t, "secrets", plan.secrets, []string{"in-a-l1st", "new-S3cret!", "old-S3cret!"})
	text, err := json.Marshal(plan.changes)
	check(t, err)
	for _, s := range append(plan.secrets, "declared nowhere", "db.example.com") {
		if strings.Contains(string(text), s) {
			t.Errorf("%s is shown: %s", s, text)
		}
	}
}

func TestPlanJSONOfAnotherFormat(t *testing.T) {
	for _, text := range []string{`{}`, `{"format_version":"9.0"}`, `{"format_version":"1.2","resource_changes":{}}`, `[]`, `no`} {
		if _, err := readPlan([]byte(text)); err == nil {
			t.Errorf("%s is read as a plan", text)
		}
	}
}

func FuzzPlanJSON(f *testing.F) {
	f.Add(planOf(resourcesOf(`{"address":"a","change":{"actions":["delete","create"],"before":{"a":[1]},"after":{"a":[2]},"after_unknown":{"b":true},"replace_paths":[["a",0]]}}`)))
	f.Add(planOf(`"output_changes":{"a":{"actions":["update"],"before":"x","after":"y"}}`, `"deferred_changes":[{"reason":"x"}]`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		if plan, err := readPlan(text); err == nil {
			_, _ = plan.result()
		}
	})
}

// largePlan returns a plan of so many resources, half of which repeats the state and the configuration.
func largePlan(resources int) []byte {
	var b strings.Builder
	attributes := `"arn":"arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0","tags":{"Name":"web","Owner":"ops"},"list":[` + strings.TrimSuffix(strings.Repeat(`{"from_port":443,"cidr_blocks":["10.40.0.0/16"],"description":"a rule"},`, 20), ",") + `]`
	b.WriteString(`{"format_version":"1.2","resource_changes":[`)
	for i := range resources {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"address":"aws_instance.web[%d]","change":{"actions":["update"],"before":{"n":1,%s},"after":{"n":2,%s},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}}}`, i, attributes, attributes)
	}
	b.WriteString(`],"prior_state":{"values":{"root_module":{"resources":[`)
	for i := range resources {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"address":"aws_instance.web[%d]","values":{"n":1,%s}}`, i, attributes)
	}
	b.WriteString(`]}}}}`)
	return []byte(b.String())
}

// Of a plan, one resource at a time is in memory: what is allocated at once does not grow with the state in it.
func TestLargePlanIsReadInParts(t *testing.T) {
	text := largePlan(2000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	plan, err := readPlan(text)
	check(t, err)
	runtime.ReadMemStats(&after)
	if perByte := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); perByte > 6 {
		t.Errorf("%d bytes are allocated for each byte of the plan", perByte)
	}
	equal(t, "resources", plan.changes.Change, 2000)
	equal(t, "attributes of one", len(plan.changes.Resources[7].Attributes), 1)
}

func BenchmarkPlanJSON(b *testing.B) {
	text := largePlan(10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readPlan(text); err != nil {
			b.Fatal(err)
		}
	}
}
