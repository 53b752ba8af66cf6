package terraform

import (
	"strings"
	"testing"

	"github.com/mattn/go-shellwords"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

func TestSharedArguments(t *testing.T) {
	for name, c := range map[string]struct {
		variables       environments.Variables
		saved, destroys bool
		plan, apply     string // the words that each is given
		notices, err    string
		module          *module
	}{
		"none": {},
		"what decides is for both, the rest for its own": {
			variables: environments.Variables{
				"TF_CLI_ARGS_plan":  "-parallelism=1 -target=a.b -refresh=false -lock-timeout 5s",
				"TF_CLI_ARGS_apply": "-auto-approve --replace c.d -parallelism 7",
			},
			plan:  "-parallelism=1 -target=a.b -refresh=false -lock-timeout 5s --replace c.d",
			apply: "-target=a.b -refresh=false -auto-approve --replace c.d -parallelism 7",
		},
		"a saved plan has decided already": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": "-target=a.b", "TF_CLI_ARGS_apply": "-replace=c.d -parallelism=7"},
			saved:     true, plan: "", apply: "-parallelism=7",
		},
		"but for values of ephemeral variables": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": "-target=a.b -var tok=x", "TF_CLI_ARGS_apply": "-var-file=f"},
			saved:     true, plan: "-var tok=x -var-file=f", apply: "-var tok=x -var-file=f",
			module: &module{variables: map[string]*variable{"tok": {Parameter: schema.Parameter{Ephemeral: true}}}},
		},
		"values with spaces and quotes": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": `-var 'a=it''s' "-target=a[\"x y\"]" -var b=\$c;d`},
			plan:      `-var|a=its|-target=a["x y"]|-var|b=$c`, apply: `-var|a=its|-target=a["x y"]|-var|b=$c`,
		},
		"what later versions of terraform bring": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": "-invoke action.x.y -target=a.b"},
			plan:      "-invoke action.x.y -target=a.b", apply: "-invoke action.x.y -target=a.b",
		},
		"what breaks a plan is left out": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": "-detailed-exitcode -out my.plan"},
			notices:   "-detailed-exitcode in TF_CLI_ARGS_plan is left out: bitops plan --detailed-exitcode does that\n-out in TF_CLI_ARGS_plan is left out: bitops plan -o FILE does that",
		},
		"another act": {
			variables: environments.Variables{"TF_CLI_ARGS_apply": "-destroy"},
			err:       "TF_CLI_ARGS_apply holds -destroy, which makes another thing of plan and apply: take it out; use bitops destroy",
		},
		"the same act": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": "-destroy", "TF_CLI_ARGS_destroy": "-target=a.b"},
			destroys:  true, plan: "-target=a.b", apply: "-target=a.b",
		},
		"those of destroy, for an apply": {variables: environments.Variables{"TF_CLI_ARGS_destroy": "-target=a.b"}},
		"no words": {
			variables: environments.Variables{"TF_CLI_ARGS_plan": `-target="a`},
			err:       "variable TF_CLI_ARGS_plan cannot be taken apart into words: invalid command line string",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for command, want := range map[string]string{"plan": c.plan, "apply": c.apply} {
				var notices []string
				if c.module == nil {
					c.module = &module{}
				}
				s := &session{module: c.module, Call: environments.NewCall(environments.CallOptions{
					Step: &schema.Step{}, Variables: c.variables, Observe: func(e schema.Event) { notices = append(notices, e.Text) },
				})}
				given, err := s.shareArguments(command, c.saved, c.destroys)
				message := ""
				if err != nil {
					message = err.Error()
				}
				equal(t, "error", message, c.err)
				if err != nil {
					continue
				}
				words, err := shellwords.Parse(given["TF_CLI_ARGS_"+command]) // as terraform takes them apart
				check(t, err)
				if !strings.Contains(want, "|") {
					want = strings.ReplaceAll(want, " ", "|")
				}
				equal(t, command, strings.Join(words, "|"), want)
				equal(t, "notices", strings.Join(notices, "\n"), c.notices)
			}
		})
	}
}
