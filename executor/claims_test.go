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

// What another run is at work on under its earlier name is not taken over: only that run has its lock.
func TestWhatAnotherRunIsAtWorkOnIsNotTakenOver(t *testing.T) {
	for _, at := range []string{"", "another bitops is at work in b"} {
		s := stageOf(map[schema.StepName]act{"a/x": {outcome: schema.Succeeded}})
		thing := &schema.Identity{Key: "a thing"}
		s.records.records["b/x"] = schema.Record{
			Version: 2, Step: "b/x", Environment: "b", Tool: "fake", State: schema.StatePartial, Run: "other", Identity: thing,
		}
		plan := chain(schema.CommandApply, "a")
		x := executorOf(s)
		x.Ownership = &executor.Ownership{
			Plan: plan, Registry: ownedBy("b/x"), Owns: func(*schema.Step) bool { return true },
			Declared: map[schema.StepName]*schema.Identity{"a/x": thing},
			Orphans:  []schema.Orphan{{Step: "b/x", Environment: "b", Identity: thing}},
			AtWork:   func(context.Context, schema.EnvironmentName) (string, error) { return at, nil },
		}
		if _, err := x.Run(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		moved := s.records.records["b/x"].State == schema.StateRenamed
		if e := s.finished(t, "a/x"); moved != (at == "") || moved != (e.Outcome == schema.Succeeded) {
			t.Errorf("with %q at work: %s: %+v, moved: %t", at, e.Outcome, e.Error, moved)
		}
	}
}

// ownedBy is a Registry in which one step owns everything.
type ownedBy schema.StepName

func (o ownedBy) Owners(context.Context, string) ([]schema.StepName, error) {
	return []schema.StepName{schema.StepName(o)}, nil
}

func (ownedBy) Claim(context.Context, string, []schema.StepName, []schema.StepName) error { return nil }

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
