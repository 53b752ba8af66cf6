package environments_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// directed is a tool whose configuration is a file with its stack-action.
type directed struct{ *fake }

func (*directed) Action(c *environments.Call) (schema.Command, error) {
	text, err := os.ReadFile(filepath.Join(c.Directory, "action"))
	if err != nil {
		return "", errors.New("no action")
	}
	return schema.Command(strings.TrimSpace(string(text))), nil
}

var _ environments.Director = (*directed)(nil)

func TestDeployDoesWhatTheConfigurationSays(t *testing.T) {
	for name, test := range map[string]struct {
		action string // in the checkout
		hook   string
		want   schema.Command
		told   string // to the before hook, the tool and the after hook
		began  int
	}{
		"plan, with all hooks":           {"plan", "", schema.CommandPlan, "plan plan plan", 0},
		"apply":                          {"apply", "", schema.CommandApply, "apply apply apply", 1},
		"destroy":                        {"destroy", "", schema.CommandDestroy, "destroy destroy destroy", 1},
		"a hook turns plan into apply":   {"plan", "echo apply >action", schema.CommandApply, "plan apply apply", 1},
		"a hook turns apply into plan":   {"apply", "echo plan >action", schema.CommandPlan, "apply plan plan", 1},
		"a hook repairs what is missing": {"", "echo apply >action", schema.CommandApply, "deploy apply apply", 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := "a/fake/action"
			if test.action == "" {
				file = "a/fake/none"
			}
			b := newBench(t, before+"x", "echo $BITOPS_COMMAND; "+test.hook, after+"x", "echo $BITOPS_COMMAND", file, test.action)
			b.tool.script = "echo $BITOPS_COMMAND"
			b.tool.result = environments.Result{Changes: &schema.Changes{Add: 2}}
			b.tool.outputs = schema.Values{"earlier": schema.Text("x")}
			b.Tools = []environments.Tool{&directed{b.tool}}
			r := b.request(t.Context(), environments.Request{Step: step("a", "fake"), Command: schema.CommandDeploy})
			outcome := schema.Succeeded
			if test.want == schema.CommandPlan {
				outcome = schema.Unchanged
				if text, _ := r.Outputs["earlier"].Plain(); text != "x" {
					t.Errorf("a planned step leaves %v", r.Outputs)
				}
				if notices := b.log(schema.EventNotice); !strings.Contains(notices, "only planned (+2 ~0 -0)") {
					t.Errorf("notices %s", notices)
				}
			}
			wantResult(t, r, outcome, "")
			if got := strings.ReplaceAll(b.printed(), "\n", " "); got != test.told || r.Command != test.want || b.began != test.began {
				t.Errorf("told %q, done %s, began %d times; want %q, %s, %d", got, r.Command, b.began, test.told, test.want, test.began)
			}
		})
	}
}

func TestDeployOfAToolThatDoesNotSayApplies(t *testing.T) {
	b := newBench(t, before+"x", "echo $BITOPS_COMMAND")
	r := b.request(t.Context(), environments.Request{Step: step("a", "fake"), Command: schema.CommandDeploy})
	wantResult(t, r, schema.Succeeded, "")
	if b.printed() != "apply" || r.Command != schema.CommandApply {
		t.Errorf("told %q, done %s", b.printed(), r.Command)
	}
}

func TestDeployFails(t *testing.T) {
	b := newBench(t, before+"x", "echo before", onFailure+"x", "echo $BITOPS_ERROR")
	b.Tools = []environments.Tool{&directed{b.tool}}
	request := environments.Request{Step: step("a", "fake"), Command: schema.CommandDeploy}
	wantResult(t, b.request(t.Context(), request), schema.Failed, "no action")
	if got := b.printed(); got != "before\nno action" {
		t.Errorf("printed %s", got)
	}

	b = newBench(t, before+"x", "echo before", "a/fake/action", "destroy")
	b.Tools = []environments.Tool{&directed{b.tool}}
	request.Step.Protect = true
	wantResult(t, b.request(t.Context(), request), schema.Failed, "protected")
	if b.printed() != "" || b.began != 0 {
		t.Errorf("printed %s, began %d times", b.printed(), b.began)
	}
}
