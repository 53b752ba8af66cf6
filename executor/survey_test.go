package executor_test

import (
	"testing"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

// Where files say only part of what a step owns, its tool tells whether what left the manifest has another name now. One that
// may own it and cannot be asked counts as the new name: it must not be taken down under the old one.
func TestARenameOfWhatIsKnownInPart(t *testing.T) {
	stack := func(account string) *schema.Identity {
		return &schema.Identity{Key: "cloudformation stack one in account " + account + ", region r"}
	}
	guess := func(key string) *schema.Identity { return &schema.Identity{Key: key, Guessed: true} }
	for name, test := range map[string]struct {
		declared, identified *schema.Identity
		renamed              bool
	}{
		"its tool says that it is the same":      {guess("cloudformation stack one, AWS_REGION r"), stack("1"), true},
		"its tool says that it is another":       {guess("cloudformation stack one"), stack("2"), false},
		"its tool cannot be asked":               {guess("cloudformation stack one"), nil, true},
		"it has another name":                    {guess("cloudformation stack one-more"), nil, false},
		"its files tell nothing, but its tool":   {nil, stack("1"), true},
		"neither its files nor its tool tell it": {nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			plan := chain(schema.CommandPlan, "live")
			v := executor.Survey{
				Plan: plan, Declared: map[schema.StepName]*schema.Identity{"live/x": test.declared},
				RenamedFrom: func(*schema.Step) schema.StepName { return "" },
				Lineage:     func(*schema.Step, *schema.Identity) string { return "" },
				Identify:    func(*schema.Step) *schema.Identity { return test.identified },
			}
			record := recordOf("app", stack("1").Key, schema.StateDeployed, "")
			record.Directory = "app/x"
			orphans := v.Orphans([]*schema.Record{record})
			if len(orphans) != 1 || (orphans[0].RenamedTo == "live/x") != test.renamed {
				t.Errorf("%+v", orphans)
			}
		})
	}
}
