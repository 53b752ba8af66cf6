package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawn[T any](t *rapid.T, name string, from ...T) T { return rapid.SampledFrom(from).Draw(t, name) }

// comparedReport returns a plan of a few steps, with few names and values, so that two of them have much in common.
func comparedReport(t *rapid.T) *Report {
	r := &Report{Command: drawn(t, "command", CommandPlan, CommandPlan, CommandPlan, CommandPlanDestroy)}
	for _, name := range []StepName{"a/terraform", "b/terraform", "c/helm"} {
		if rapid.IntRange(0, 4).Draw(t, "there") == 0 {
			continue
		}
		s := StepReport{StepSummary: StepSummary{Name: name, Environment: EnvironmentName(name[:1]), Tool: "terraform"}}
		s.DependsOn = drawn(t, "depends on", nil, []StepName{"a/terraform"})
		s.Outcome = drawn(t, "outcome", Succeeded, Succeeded, Unchanged, Deferred, Failed, Skipped)
		s.Reason = drawn(t, "reason", "", "", "skip-deploy")
		if s.Outcome == Failed {
			s.Error = &StepError{Message: drawn(t, "error", "boom", "bang")}
		}
		s.Changes = drawn(t, "changes", comparedChanges(t), comparedChanges(t), nil)
		s.Told = drawn(t, "told", nil, []string{"1 change"}, []string{"2 changes"})
		s.Fingerprint = &Fingerprint{Manifest: "m", Files: map[string]string{"main.tf": drawn(t, "file", "1", "2")}}
		r.Steps = append(r.Steps, s)
	}
	return r
}

func comparedChanges(t *rapid.T) *Changes {
	c := &Changes{Add: rapid.IntRange(0, 1).Draw(t, "add"), Open: rapid.IntRange(0, 5).Draw(t, "open") == 0}
	c.Resources = comparedResources(t)
	c.Drift = drawn(t, "drift", nil, comparedResources(t))
	c.Deferred = drawn(t, "deferred", nil, comparedResources(t))
	c.OutputChanges = comparedAttributes(t)
	for range rapid.IntRange(0, 2).Draw(t, "invocations") {
		c.Invocations = append(c.Invocations, Invocation{Address: drawn(t, "action", "x", "y")})
	}
	return c
}

func comparedResources(t *rapid.T) []ResourceChange {
	var all []ResourceChange
	for range rapid.IntRange(0, 3).Draw(t, "resources") {
		all = append(all, ResourceChange{
			Address: drawn(t, "address", "r1", "r2"), Action: drawn(t, "action", "create", "update", "replace"),
			Reason: drawn(t, "why", "", "it is tainted"), Attributes: comparedAttributes(t),
		})
	}
	return all
}

func comparedAttributes(t *rapid.T) []AttributeChange {
	value := func() json.RawMessage { return drawn(t, "value", nil, json.RawMessage("1"), json.RawMessage("2")) }
	var all []AttributeChange
	for range rapid.IntRange(0, 2).Draw(t, "attributes") {
		a := AttributeChange{Path: drawn(t, "path", "p1", "p2"), Before: value(), After: value(), Unknown: rapid.IntRange(0, 4).Draw(t, "unknown") == 0}
		if rapid.IntRange(0, 4).Draw(t, "sensitive") == 0 {
			a.Before, a.After, a.Sensitive = SensitiveValue, SensitiveValue, true
		}
		all = append(all, a)
	}
	return all
}

// facts are all that a plan says, one by one, and how often.
type facts map[string]int

func (f facts) say(n int, words ...any) { f[fmt.Sprintf("%q", words)] += n }

func asText(v any) string {
	written, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(written)
}

func (f facts) attributes(n int, where string, all []AttributeChange) {
	for _, a := range all {
		f.say(n, where, asText(a))
	}
}

func (f facts) resources(n int, where string, all []ResourceChange) {
	for _, r := range all {
		f.attributes(n, where+r.Address, r.Attributes)
		r.Attributes = nil
		f.say(n, where, asText(r))
	}
}

func (f facts) changes(n int, where string, c *Changes) {
	if c == nil {
		return
	}
	f.resources(n, where+" resources ", c.Resources)
	f.resources(n, where+" deferred ", c.Deferred)
	f.resources(n, where+" drift ", c.Drift)
	f.attributes(n, where+" outputs", c.OutputChanges)
	for _, i := range c.Invocations {
		f.say(n, where, asText(i))
	}
}

// factsOf returns the facts of the steps that a plan selects.
func factsOf(r *Report) facts {
	f := facts{}
	f.say(1, "command", previewed(r.Command))
	for i := range r.Steps {
		if s := &r.Steps[i]; s.inPlan() {
			for _, field := range comparedFields(s, s, false) {
				f.say(1, s.Name, field.name, field.now)
			}
			f.say(1, s.Name, "selected", "yes")
			f.say(1, s.Name, "told", listed(s.Told))
			f.changes(1, string(s.Name), s.Changes)
		}
	}
	return f
}

// apply turns the facts of the reviewed plan into those of the plan of now.
func (f facts) apply(c *Comparison, reviewed, now *Report) {
	field := func(step StepName, all []FieldDifference) {
		for _, d := range all {
			f.say(-1, step, d.Name, d.Reviewed)
			f.say(1, step, d.Name, d.Now)
		}
	}
	for _, d := range c.Fields {
		f.say(-1, d.Name, d.Reviewed)
		f.say(1, d.Name, d.Now)
	}
	for _, d := range c.Steps {
		switch d.Only { // then it says what changes, and not what else there is of the step
		case "now":
			only := factsOf(&Report{Command: CommandPlan, Steps: []StepReport{*now.Step(d.Name)}})
			for fact, n := range only {
				f[fact] += n
			}
			f.say(-1, "command", "apply")
			continue
		case "reviewed":
			only := factsOf(&Report{Command: CommandPlan, Steps: []StepReport{*reviewed.Step(d.Name)}})
			for fact, n := range only {
				f[fact] -= n
			}
			f.say(1, "command", "apply")
			continue
		}
		field(d.Name, d.Fields)
		if d.Told != nil {
			f.say(-1, d.Name, "told", listed(d.Told.Reviewed))
			f.say(1, d.Name, "told", listed(d.Told.Now))
		}
		f.differences(string(d.Name)+" resources ", d.Resources)
		f.differences(string(d.Name)+" deferred ", d.Deferred)
		f.differences(string(d.Name)+" drift ", d.Drift)
		f.attributeDifferences(string(d.Name)+" outputs", d.Outputs)
		for _, i := range d.Invocations {
			if i.Reviewed != nil {
				f.say(-1, string(d.Name), asText(i.Reviewed))
			}
			if i.Now != nil {
				f.say(1, string(d.Name), asText(i.Now))
			}
		}
	}
}

func (f facts) differences(where string, all []ResourceDifference) {
	for _, r := range all {
		if r.Reviewed != nil {
			f.resources(-1, where, []ResourceChange{*r.Reviewed})
		}
		if r.Now != nil {
			f.resources(1, where, []ResourceChange{*r.Now})
		}
		f.attributeDifferences(where+r.Address, r.Attributes)
	}
}

func (f facts) attributeDifferences(where string, all []AttributeDifference) {
	for _, a := range all {
		if a.Reviewed != nil {
			f.attributes(-1, where, []AttributeChange{*a.Reviewed})
		}
		if a.Now != nil {
			f.attributes(1, where, []AttributeChange{*a.Now})
		}
	}
}

// undecided returns what a comparison could not decide because one of the plans does not tell it.
func (c *Comparison) notTold() bool {
	return slices.ContainsFunc(c.Steps, func(s StepDifference) bool {
		return slices.ContainsFunc(s.MayDiffer, func(u Undecided) bool { return u.Why == UndecidedNotTold })
	})
}

// Of the plan of now, a comparison leaves nothing out: the reviewed plan and the differences make it.
func TestDifferencesTurnOnePlanIntoTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := comparedReport(t), comparedReport(t)
		c := ComparePlans(a, b)
		got, want := factsOf(a), factsOf(b)
		got.apply(c, a, b)
		maps.DeleteFunc(got, func(_ string, n int) bool { return n == 0 })
		if !c.notTold() && !maps.Equal(got, want) {
			t.Fatalf("%s\nturned into\n%v\nwant\n%v", asText(c), got, want)
		}
		if (c.Result == PlansDisagree) != (len(c.Fields) > 0 || slices.ContainsFunc(c.Steps, func(s StepDifference) bool { return s.Differs() })) {
			t.Fatalf("it is called %s: %s", c.Result, asText(c))
		}
	})
}

func TestAPlanIsTheSameAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := comparedReport(t)
		c := ComparePlans(a, a)
		if c.Result == PlansDisagree || slices.ContainsFunc(c.Steps, func(s StepDifference) bool { return s.Differs() || len(s.MayDiffer) == 0 }) {
			t.Fatalf("it differs: %s", asText(c))
		}
		a.Run = "20250601-100000-k3fw"
		if c := ComparePlans(a, a); c.Result != PlansAgree || len(c.Steps) > 0 {
			t.Fatalf("one run is not the same as itself: %s", asText(c))
		}
	})
}

// mirrored returns the differences in the form in which those of the other direction are compared with them.
func mirrored(c *Comparison, turn bool) string {
	gone := strings.NewReplacer("is gone", "is new", "is new", "is gone")
	all := []any{}
	for _, d := range c.Steps {
		if turn {
			for i := range d.Fields {
				d.Fields[i].Reviewed, d.Fields[i].Now = d.Fields[i].Now, d.Fields[i].Reviewed
			}
			d.Only = map[string]string{"now": "reviewed", "reviewed": "now"}[d.Only]
			if d.Told != nil {
				d.Told = &ToldDifference{Reviewed: d.Told.Now, Now: d.Told.Reviewed}
			}
			for i := range d.RunsWith {
				d.RunsWith[i] = gone.Replace(d.RunsWith[i])
			}
		}
		turnAttributes := func(list []AttributeDifference) []string {
			var lines []string
			for _, a := range list {
				if turn {
					a.Reviewed, a.Now = a.Now, a.Reviewed
				}
				lines = append(lines, asText(a))
			}
			slices.Sort(lines)
			return lines
		}
		resources := []string{}
		for name, list := range map[string][]ResourceDifference{"resources": d.Resources, "deferred": d.Deferred, "drift": d.Drift} {
			for _, r := range list {
				if turn {
					r.Reviewed, r.Now = r.Now, r.Reviewed
				}
				resources = append(resources, asText([]any{name, r.Address, r.Reviewed, r.Now, turnAttributes(r.Attributes)}))
			}
		}
		slices.Sort(resources)
		invocations := []string{}
		for _, i := range d.Invocations {
			if turn {
				i.Reviewed, i.Now = i.Now, i.Reviewed
			}
			invocations = append(invocations, asText(i))
		}
		slices.Sort(invocations)
		unknown := []string{}
		for _, u := range d.MayDiffer {
			unknown = append(unknown, asText(u))
		}
		slices.Sort(unknown)
		all = append(all, asText([]any{d.Name, d.Only, d.Told, d.Fields, d.RunsWith, resources, turnAttributes(d.Outputs), invocations, unknown}))
	}
	lines := make([]string, len(all))
	for i := range all {
		lines[i] = all[i].(string)
	}
	slices.Sort(lines)
	return string(c.Result) + fmt.Sprint(c.SameSteps) + "\n" + strings.Join(lines, "\n")
}

func TestComparisonsAreMirrored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := comparedReport(t), comparedReport(t)
		there, back := mirrored(ComparePlans(a, b), false), mirrored(ComparePlans(b, a), true)
		if there != back {
			t.Fatalf("there:\n%s\nback:\n%s", there, back)
		}
	})
}

func TestWhatCannotBeCompared(t *testing.T) {
	plan := func(run RunID, c *Changes) *Report {
		return &Report{Run: run, Command: CommandPlan, Steps: []StepReport{{StepSummary: StepSummary{Name: "a/terraform"}, Outcome: Succeeded, Changes: c}}}
	}
	with := func(attributes ...AttributeChange) *Changes {
		return &Changes{Change: 1, Resources: []ResourceChange{{Address: "r", Action: "update", Attributes: attributes}}}
	}
	long := func(end string) *Changes {
		return with(AttributeChange{Path: "p", Before: TextValue("x"), After: TextValue(strings.Repeat("long ", LongestValue) + end)})
	}
	number := func(n string) *Changes {
		return with(AttributeChange{Path: "p", Before: json.RawMessage("1"), After: json.RawMessage(n)})
	}
	sensitive := with(AttributeChange{Path: "p", Before: SensitiveValue, After: SensitiveValue, Sensitive: true})
	for name, c := range map[string]struct {
		reviewed, now *Changes
		want          ComparisonResult
		why           string
	}{
		"sensitive values may differ":                             {sensitive, sensitive, PlansMay, UndecidedSensitive},
		"a withheld value may differ":                             {number("2"), number("3").WithoutValues(), PlansMay, UndecidedWithheld},
		"a resource that is not there differs without its values": {number("2").WithoutValues(), &Changes{}, PlansDisagree, ""},
		"a cut value may differ at its end":                       {long("a"), long("b").Bounded(), PlansMay, UndecidedCut},
		"a long value that is not cut differs":                    {long("a"), long("b"), PlansDisagree, ""},
		"an older plan does not tell what changes":                {with(), number("2"), PlansMay, UndecidedNotTold},
		"an older plan only counts its outputs": {
			&Changes{Outputs: 1}, &Changes{Outputs: 1, OutputChanges: []AttributeChange{{Path: "o", After: json.RawMessage("1")}}}, PlansMay, UndecidedNotTold,
		},
		"the same values are the same":                    {number("2"), number("2"), PlansAgree, ""},
		"neither tool can tell, and nothing else differs": {nil, nil, PlansAgree, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ComparePlans(plan("a", c.reviewed), plan("b", c.now))
			why := ""
			if len(got.Steps) > 0 && len(got.Steps[0].MayDiffer) > 0 {
				why = got.Steps[0].MayDiffer[0].Why
			}
			if got.Result != c.want || why != c.why {
				t.Errorf("%s, %q, want %s, %q: %s", got.Result, why, c.want, c.why, asText(got))
			}
		})
	}
}

func TestSensitiveInputsMatterWhereAPlanDoesNotTellAll(t *testing.T) {
	plan := func(run RunID, c *Changes) *Report {
		hash, err := HashText("secret", true, "")
		if err != nil {
			t.Fatal(err)
		}
		return &Report{Run: run, Command: CommandPlan, Steps: []StepReport{{
			StepSummary: StepSummary{Name: "a/plugin"}, Outcome: Succeeded, Changes: c, Fingerprint: &Fingerprint{Inputs: map[string]string{"token": hash, "size": "1"}},
		}}}
	}
	for name, c := range map[string]struct {
		changes *Changes
		want    ComparisonResult
	}{
		"a difference would show among the changes": {&Changes{Add: 1}, PlansAgree},
		"a tool that cannot tell hides it":          {nil, PlansMay},
		"a tool that tells a part hides it":         {&Changes{Open: true}, PlansMay},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ComparePlans(plan("a", c.changes), plan("b", c.changes)); got.Result != c.want {
				t.Errorf("%s, want %s: %s", got.Result, c.want, asText(got))
			}
		})
	}
}
