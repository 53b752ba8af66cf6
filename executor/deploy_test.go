package executor_test

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// deploy leaves it to the configuration what is done; what is remembered of a step is what was done.
func TestDeployRemembersWhatWasDone(t *testing.T) {
	out := schema.Values{"v": schema.Text("x")}
	earlier := map[schema.StepName]schema.Record{
		"planned/t": {Step: "planned/t", State: schema.StateDeployed, Run: "earlier", Outputs: out},
		"failed/t":  {Step: "failed/t", State: schema.StateDeployed, Run: "earlier", Outputs: out},
	}
	s := &stage{records: &memory{records: earlier}, acts: map[schema.StepName]act{
		"new/t":       {command: schema.CommandPlan, outcome: schema.Unchanged, outputs: out},
		"planned/t":   {command: schema.CommandPlan, outcome: schema.Unchanged, outputs: out},
		"failed/t":    {command: schema.CommandPlan, outcome: schema.Failed},
		"applied/t":   {command: schema.CommandApply, outcome: schema.Succeeded, outputs: out},
		"destroyed/t": {command: schema.CommandDestroy, outcome: schema.Succeeded},
		"broken/t":    {command: schema.CommandDestroy, outcome: schema.Failed},
	}}
	plan := &schema.Plan{Command: schema.CommandDeploy, Parallelism: 1}
	for _, name := range []schema.EnvironmentName{"new", "planned", "applied", "destroyed", "failed", "broken"} {
		plan.Steps = append(plan.Steps, schema.Step{Name: name.Step("t"), Environment: name, Selected: true})
	}
	if _, err := execute(t.Context(), s, plan); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[schema.StepName]schema.RecordState{
		"new/t": "", "planned/t": schema.StateDeployed, "failed/t": schema.StateDeployed, "applied/t": schema.StateDeployed,
		"destroyed/t": schema.StateDestroyed, "broken/t": schema.StatePartial,
	} {
		if got := s.records.records[name].State; got != want {
			t.Errorf("%s is remembered as %q, want %q", name, got, want)
		}
	}
	if run := s.records.records["planned/t"].Run; run != "earlier" {
		t.Errorf("the record of the planned step was written by run %s", run)
	}
}

func TestDeployHandsOnWhatAPlannedStepLeftEarlier(t *testing.T) {
	s := &stage{acts: map[schema.StepName]act{
		"a/t": {command: schema.CommandPlan, outcome: schema.Unchanged, outputs: schema.Values{"v": schema.Text("x")}},
		"b/t": {command: schema.CommandApply, outcome: schema.Succeeded},
	}}
	plan := &schema.Plan{Command: schema.CommandDeploy, Parallelism: 1, Steps: []schema.Step{
		{Name: "a/t", Environment: "a", Selected: true, Interface: schema.Interface{MoreOutput: true}},
		{
			Name: "b/t", Environment: "b", Selected: true, DependsOn: []schema.StepName{"a/t"},
			Inputs: []schema.Input{{Name: "in", Expression: expression(t, "${outputs.a.v}")}},
		},
	}}
	if _, err := execute(t.Context(), s, plan); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.requested("b/t").request.Inputs["in"].Plain(); got != "x" {
		t.Errorf("the input is %q", got)
	}
}

// As in BitOps with fail_fast off, the later tools of an environment run after an earlier one failed. What depends on the
// environment does not, not even where its last tool succeeded.
func TestDeployGoesOnWithTheToolsOfAnEnvironment(t *testing.T) {
	for _, failFast := range []bool{false, true} {
		s := &stage{acts: map[schema.StepName]act{
			"a/one": {outcome: schema.Failed}, "a/two": {outcome: schema.Succeeded},
			"b/one": {outcome: schema.Succeeded}, "b/two": {outcome: schema.Succeeded},
		}}
		plan := &schema.Plan{Command: schema.CommandDeploy, Parallelism: 1, FailFast: failFast, Steps: []schema.Step{
			{Name: "a/one", Environment: "a", Selected: true},
			{Name: "a/two", Environment: "a", Selected: true, DependsOn: []schema.StepName{"a/one"}},
			{Name: "b/one", Environment: "b", Selected: true, DependsOn: []schema.StepName{"a/two"}},
			{Name: "b/two", Environment: "b", Selected: true, DependsOn: []schema.StepName{"b/one"}},
		}}
		report, err := execute(t.Context(), s, plan)
		if err != nil {
			t.Fatal(err)
		}
		want := map[schema.StepName]schema.Outcome{
			"a/one": schema.Failed, "a/two": schema.Succeeded, "b/one": schema.Blocked, "b/two": schema.Blocked,
		}
		if failFast {
			want["a/two"] = schema.Blocked
		}
		for name, outcome := range want {
			if got := report.Step(name).Outcome; got != outcome {
				t.Errorf("with fail_fast %v, %s is %s, want %s", failFast, name, got, outcome)
			}
		}
		if report.Outcome != schema.Failed {
			t.Errorf("the run is %s", report.Outcome)
		}
	}
}
