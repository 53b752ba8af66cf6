package executor_test

import (
	"context"
	"testing"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

// A step that was recorded before records named what it owns is held. What was recorded of it stays.
func TestAHeldStepKeepsItsOldRecord(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Held}})
	old := schema.Record{Version: 1, Step: "a/x", Environment: "a", Tool: "fake", State: schema.StateDeployed, Run: "earlier"}
	s.records.records["a/x"] = old
	plan := chain(schema.CommandApply, "a")
	x := executorOf(s)
	x.Ownership = &executor.Ownership{
		Plan: plan, Owns: func(*schema.Step) bool { return true },
		Declared: map[schema.StepName]*schema.Identity{"a/x": {Key: "a thing"}},
	}
	if _, err := x.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if now := s.records.records["a/x"]; now.Run != old.Run || now.State != old.State || now.Identity != nil {
		t.Errorf("recorded is %+v", now)
	}
}

// A run that knows one environment only takes nothing over from another one, whatever it cannot see.
func TestWhatIsNotInThePlanIsNoOrphan(t *testing.T) {
	s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Succeeded}})
	s.records.records["b/x"] = schema.Record{
		Version: 2, Step: "b/x", Environment: "b", Tool: "fake", State: schema.StateDeployed, Run: "earlier", Identity: &schema.Identity{Key: "a thing"},
	}
	plan := chain(schema.CommandApply, "a")
	x := executorOf(s)
	x.Ownership = &executor.Ownership{
		Plan: plan, Registry: ownedBy("b/x"), Owns: func(*schema.Step) bool { return true },
		Declared: map[schema.StepName]*schema.Identity{"a/x": {Key: "a thing"}},
	}
	if _, err := x.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if e := s.finished(t, "a/x"); e.Outcome != schema.Failed || s.records.records["b/x"].State != schema.StateDeployed {
		t.Errorf("%s: %+v, and b is %s", e.Outcome, e.Error, s.records.records["b/x"].State)
	}
}

// What another run is at work on under its earlier name is not taken over: only that run has its lock. A step that owns nothing
// by name is the same under the directory that it had.
func TestWhatAnotherRunIsAtWorkOnIsNotTakenOver(t *testing.T) {
	for _, owns := range []bool{true, false} {
		for _, busy := range []string{"", "another bitops is at work in b"} {
			s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Succeeded}})
			old := schema.Record{Version: 2, Step: "b/x", Environment: "b", Tool: "fake", State: schema.StatePartial, Run: "other"}
			orphan := schema.Orphan{Step: "b/x", Environment: "b", RenamedTo: "a/x"}
			plan := chain(schema.CommandApply, "a")
			x := executorOf(s)
			x.Ownership = &executor.Ownership{
				Plan: plan, Registry: ownedBy("b/x"), Owns: func(*schema.Step) bool { return owns },
				Hold: func(_ context.Context, name schema.EnvironmentName) (string, error) {
					if name != "b" {
						t.Errorf("%s is locked", name)
					}
					return busy, nil
				},
			}
			if owns {
				thing := &schema.Identity{Key: "a thing"}
				old.Identity, orphan.Identity = thing, thing
				x.Ownership.Declared = map[schema.StepName]*schema.Identity{"a/x": thing}
			}
			s.records.records["b/x"], x.Ownership.Orphans = old, []schema.Orphan{orphan}
			if _, err := x.Run(t.Context(), plan); err != nil {
				t.Fatal(err)
			}
			moved := s.records.records["b/x"].State == schema.StateRenamed
			if e := s.finished(t, "a/x"); moved != (busy == "") || moved != (e.Outcome == schema.Succeeded) {
				t.Errorf("owns %t, with %q: %s: %+v, moved: %t", owns, busy, e.Outcome, e.Error, moved)
			}
		}
	}
}

// ownedBy is a Registry in which one step owns everything.
type ownedBy schema.StepName

func (o ownedBy) Owners(context.Context, string) ([]schema.Claimant, error) {
	return []schema.Claimant{{Step: schema.StepName(o), Environment: "b"}}, nil
}

func (ownedBy) Claim(context.Context, string, []schema.Claimant, []schema.Claimant) error { return nil }

// A record of the first format names nothing. It is of what the step owns where its run had the same settings; where that is
// not known, the tool is asked instead.
func TestWhoseAnOldRecordIs(t *testing.T) {
	tests := map[string]struct {
		ranWith *schema.Fingerprint
		owns    bool
		adopted bool
	}{
		"its run had the same settings":                   {&schema.Fingerprint{Variables: map[string]string{"STAGE": "dev"}}, true, true},
		"its run was of another stage":                    {&schema.Fingerprint{Variables: map[string]string{"STAGE": "prod"}}, true, false},
		"its run is no longer remembered":                 {nil, true, false},
		"its tool owns nothing, and there is none to ask": {nil, false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan := chain(schema.CommandApply, "a")
			old := schema.Record{Version: 1, Step: "a/x", Environment: "a", Tool: "fake", State: schema.StateDeployed, Run: "earlier"}
			o := &executor.Ownership{
				Plan: plan, Owns: func(*schema.Step) bool { return test.owns },
				Records:  &memory{records: map[schema.StepName]schema.Record{"a/x": old}},
				Declared: map[schema.StepName]*schema.Identity{"a/x": {Key: "a thing"}},
				RanWith:  func(*schema.Record) *schema.Fingerprint { return test.ranWith },
				SameSettings: func(_ *schema.Step, was *schema.Fingerprint) (bool, error) {
					return was.Variables["STAGE"] == "dev", nil
				},
			}
			r, err := o.Record(t.Context(), &plan.Steps[0])
			if err != nil || (r != nil) != test.adopted {
				t.Errorf("the record is %+v, %v", r, err)
			}
		})
	}
}
