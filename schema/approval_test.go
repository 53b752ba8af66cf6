package schema_test

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func stepOf(e schema.EnvironmentName, tool string, outcome schema.Outcome, digest string) schema.StepReport {
	return schema.StepReport{
		StepSummary: schema.StepSummary{Name: e.Step(tool), Environment: e, Approval: true}, Outcome: outcome, Digest: digest,
	}
}

func TestWhatWaitsForApproval(t *testing.T) {
	for name, c := range map[string]struct {
		command schema.Command
		steps   []schema.StepReport
		plans   int
		digest  string
	}{
		"a held step with a plan":          {schema.CommandApply, []schema.StepReport{stepOf("a", "x", schema.Held, "1")}, 1, "1"},
		"a held step without one":          {schema.CommandApply, []schema.StepReport{stepOf("a", "x", schema.Held, "")}, 0, ""},
		"a step of another environment":    {schema.CommandApply, []schema.StepReport{stepOf("b", "x", schema.Held, "1")}, 0, ""},
		"a planned step of a plan file":    {schema.CommandPlan, []schema.StepReport{stepOf("a", "x", schema.Succeeded, "1")}, 1, "1"},
		"a step that was applied":          {schema.CommandApply, []schema.StepReport{stepOf("a", "x", schema.Succeeded, "1")}, 0, ""},
		"an unchanged step of a plan file": {schema.CommandPlan, []schema.StepReport{stepOf("a", "x", schema.Unchanged, "")}, 0, ""},
		"two steps": {
			schema.CommandPlan,
			[]schema.StepReport{stepOf("a", "x", schema.Succeeded, "1"), stepOf("a", "y", schema.Succeeded, "2")},
			2,
			"cc3f2a1ffd63c4db19e0114b93a94b77",
		},
	} {
		t.Run(name, func(t *testing.T) {
			report := &schema.Report{Command: c.command, Steps: c.steps}
			plans, digest := report.Approvable("a")
			if len(plans) != c.plans || digest != c.digest {
				t.Errorf("%d plans with the digest %q, want %d with %q", len(plans), digest, c.plans, c.digest)
			}
		})
	}
}

func TestApprovalIsUsedUp(t *testing.T) {
	report := &schema.Report{
		Run: "r",
		Steps: []schema.StepReport{
			stepOf("done", "x", schema.Succeeded, ""), stepOf("failed", "x", schema.Failed, ""), stepOf("held", "x", schema.Held, "1"), {
				StepSummary: schema.StepSummary{Name: "earlier/x"}, Outcome: schema.Skipped, DoneIn: "q",
			},
		},
		Approvals: []schema.Approval{{Step: "done/x"}, {Step: "failed/x"}, {Step: "held/x"}, {Step: "earlier/x"}, {Step: "gone/x"}},
	}
	open := report.OpenApprovals()
	if len(open) != 2 || open[0].Step != "failed/x" || open[1].Step != "held/x" {
		t.Errorf("open are %+v", open)
	}
}

func TestSameChanges(t *testing.T) {
	changes := func(remove int, resources ...schema.ResourceChange) *schema.Changes {
		return &schema.Changes{Remove: remove, Resources: resources}
	}
	a, b := schema.ResourceChange{Address: "a", Action: "delete"}, schema.ResourceChange{Address: "b", Action: "update"}
	for name, c := range map[string]struct {
		x, y *schema.Changes
		same bool
	}{
		"the same in another order":  {changes(1, a, b), changes(1, b, a), true},
		"one more":                   {changes(1, a), changes(1, a, b), false},
		"one twice":                  {changes(1, a, b), changes(1, a, a), false},
		"another action":             {changes(1, a), changes(1, schema.ResourceChange{Address: "a", Action: "replace"}), false},
		"other counts without names": {changes(1), changes(2), false},
		"one of them open":           {changes(1, a), &schema.Changes{Remove: 1, Resources: []schema.ResourceChange{a}, Open: true}, false},
		"both unknown":               {nil, nil, false},
		"one unknown":                {changes(1), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			if same := schema.SameChanges(c.x, c.y); same != c.same {
				t.Errorf("they are the same: %v", same)
			}
		})
	}
}
