package plugin

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// v2 passes the value of stack-action. Here the command decides, unless somebody wrote one down.
func TestStackActions(t *testing.T) {
	const withDefault = "hello: {properties: {cli: {properties: {stack-action: {export_env: HELLO_COMMAND, default: up}}}}}"
	const terraformLike = "hello: {properties: {cli: {properties: {stack-action: {export_env: HELLO_COMMAND, default: plan, required: true}}}}}"
	const inOptions = "hello: {properties: {options: {properties: {stack-action: {type: string}}}}}"
	written := func(action string) string { return "hello: {cli: {stack-action: " + action + "}}" }
	tests := map[string]struct {
		schema, plugin, config        string
		plan, apply, preview, destroy string
	}{
		"a plugin that knows none is called as in v2, and not for destroy": {
			"", "{}", "", "", "<>", "", "",
		},
		"the default is passed": {
			withDefault, "{}", "", "", "<up>", "", "<destroy>",
		},
		"the default of terraform's plugin pins nothing": {
			terraformLike, "{}", "", "", "<apply>", "", "<destroy>",
		},
		"one without a default, among the options": {
			inOptions, "{}", "", "", "<apply>", "", "<destroy>",
		},
		"what is written is passed": {
			withDefault, "{}", written("refresh"), "", "<refresh>", "", "<destroy>",
		},
		"plan pins the step to planning": {
			withDefault, "{}", written("plan"), "", "<plan>", "", "",
		},
		"destroy makes apply remove it": {
			withDefault, "{}", written("delete"), "", "<delete>", "", "<delete>",
		},
		"a plugin that can plan": {
			"", "{plan: true}", "", "<plan>", "<apply>", "", "",
		},
		"words of its own": {
			withDefault, "{plan: preview, destroy: down}", "", "<preview>", "<up>", "", "<down>",
		},
		"its own word pins as well": {
			withDefault, "{plan: preview, destroy: down}", written("down"), "", "<down>", "", "<down>",
		},
		"its own word for plan pins as well": {
			withDefault, "{plan: preview}", written("preview"), "<preview>", "<preview>", "", "",
		},
		"a plugin that cannot destroy": {
			withDefault, "{destroy: false}", "", "", "<up>", "", "",
		},
		"a plugin that says no more than that it can destroy": {
			"", "{destroy: yes}", "", "", "<apply>", "", "<destroy>",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{
				"plugins/hello/deploy.sh":          "echo \"$1\"; [ -z \"$HELLO_COMMAND\" ] || echo \"$HELLO_COMMAND $BITOPS_HELLO_COMMAND\"",
				"plugins/hello/plugin.config.yaml": "plugin: {deployment: " + test.plugin + "}",
				"net/hello/bitops.config.yaml":     test.config,
			}
			if test.schema != "" {
				files["plugins/hello/bitops.schema.yaml"] = test.schema
			}
			s := tell(t, files)
			for command, want := range map[schema.Command]string{
				schema.CommandPlan: test.plan, schema.CommandApply: test.apply,
				schema.CommandPlanDestroy: test.preview, schema.CommandDestroy: test.destroy,
			} {
				s.do(command)
				equal(t, string(command), s.actions(), want)
				if word := wordOf(want); word != "" && test.schema != "" && test.schema != inOptions {
					contains(t, string(command), s.log(), word+" "+word)
				}
			}
		})
	}
}

func wordOf(action string) string {
	if len(action) < 2 {
		return ""
	}
	return action[1 : len(action)-1]
}

func TestAVariableIsWrittenToo(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh":          "echo $1",
		"plugins/hello/bitops.schema.yaml": "hello: {properties: {cli: {properties: {stack-action: {default: up}}}}}",
	})
	s.env = map[string]string{"BITOPS_HELLO_STACK_ACTION": "down"}
	s.apply()
	equal(t, "action", s.actions(), "<down>")
}

func TestNoticesOfStackActions(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": "", "plugins/hello/bitops.schema.yaml": "hello: {properties: {cli: {properties: {stack-action: {}}}}}"})
	s.plan()
	contains(t, "notices", s.notices(), "cannot preview: plugin hello declares no plan in its plugin.config.yaml")
	s.do(schema.CommandPlanDestroy)
	contains(t, "notices", s.notices(), "cannot preview what plugin hello would remove")
	s.write(map[string]string{"net/hello/bitops.config.yaml": "hello: {cli: {stack-action: plan}}"})
	equal(t, "outcome", s.apply().Outcome, schema.Unchanged)
	contains(t, "notices", s.notices(), "stack-action is plan: only planned")
	equal(t, "outcome", s.destroy().Outcome, schema.Unchanged)
	contains(t, "notices", s.notices(), "what this step made stays: stack-action is plan")
	s.write(map[string]string{"net/hello/bitops.config.yaml": "hello: {cli: {stack-action: destroy}}"})
	s.plan()
	contains(t, "notices", s.notices(), "stack-action is destroy: apply removes this step")
	s.apply()
	contains(t, "notices", s.notices(), "stack-action is destroy: the step is removed")
}

// A plugin that looks at no stack-action would deploy when it is told to destroy.
func TestAPluginThatCannotDestroyIsLeftAlone(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh":              "echo deployed",
		"net/hello/bitops.after-deploy.d/a.sh": `echo "$BITOPS_COMMAND"`,
	})
	equal(t, "outcome", s.destroy().Outcome, schema.Unchanged)
	equal(t, "log", s.log(), "destroy")
	contains(t, "notices", s.notices(), "what this step made stays: plugin hello has no stack-action in its bitops.schema.yaml")
}

func TestPlanReportsChanges(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/plugin.config.yaml": "plugin: {deployment: {plan: true, outputs: true}}",
		"plugins/hello/deploy.sh": `case $1 in
plan) printf 'add=1\n# what is new\n\nadd = 2\nchange=1\n' >> "$BITOPS_CHANGES" ;;
apply) echo remove=1 >> "$BITOPS_CHANGES" ;;
outputs) echo url=http://x ;;
esac`,
	})
	r := s.plan()
	equal(t, "changes", r.Changes, &schema.Changes{Add: 3, Change: 1})
	equal(t, "outputs", len(r.Outputs), 0)
	equal(t, "actions", s.actions(), "<plan>")
	r = s.apply()
	equal(t, "changes", r.Changes, &schema.Changes{Remove: 1})
	output(t, r.Outputs, "url", "http://x")
}

func TestAPlanThatChangesNothingKnowsTheOutputs(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/plugin.config.yaml": "plugin: {deployment: {plan: true, outputs: true}}",
		"plugins/hello/deploy.sh":          `case $1 in plan) echo add=0 >> "$BITOPS_CHANGES" ;; outputs) echo url=http://x ;; esac`,
	})
	r := s.plan()
	equal(t, "outcome", r.Outcome, schema.Unchanged)
	output(t, r.Outputs, "url", "http://x")
}

func TestCountsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{"add", "add=-1", "added=1", "add=1.5", "add=99999999999"} {
		if changes, err := parseChanges("change=1\n" + text); changes != nil || err == nil || err.Error() != "line 2 is not add=N, change=N or remove=N" {
			t.Errorf("%s: %+v, %v", text, changes, err)
		}
	}
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": `echo "added 1" >> "$BITOPS_CHANGES"`})
	equal(t, "changes", s.apply().Changes, (*schema.Changes)(nil))
	contains(t, "notices", s.notices(), "$BITOPS_CHANGES, line 1 is not add=N")
}
