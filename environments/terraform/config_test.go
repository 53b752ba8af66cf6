package terraform

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

func TestSettings(t *testing.T) {
	v2 := `terraform:
  cli:
    var-file: a.tfvars
    targets: [terraform_data.a, 'x.y["b, c"]']
    backend-config: [k=v]
    stack-action: Apply
  options: {skip-deploy: "false", workspace: w, version: ">= 1.9.3", init-upgrade: true, binary: tofu}`
	tests := map[string]struct {
		text      string
		variables environments.Variables
		want      settings
	}{
		"no file": {"", nil, settings{binary: "terraform"}},
		"v2": {v2, nil, settings{
			binary: "tofu", varFiles: []string{"a.tfvars"}, first: []string{"terraform_data.a", `x.y["b, c"]`},
			backendConfig: []string{"k=v"}, action: "apply", workspace: "w", wanted: wanted{text: ">= 1.9.3"}, upgrade: true,
		}},
		"v1": {"terraform:\n  cli: {target: a.b, var-file: ''}\n  options: {command: plan}", nil, settings{
			binary: "terraform", first: []string{"a.b"}, action: "plan",
		}},
		"an empty stack-action is none": {"terraform: {cli: {stack-action: ''}, options: {binary: ''}}", nil, settings{binary: "terraform"}},
		"v1's variables choose the action": {v2, environments.Variables{"TERRAFORM_APPLY": "true", "TERRAFORM_DESTROY": "true"}, settings{
			binary: "tofu", varFiles: []string{"a.tfvars"}, first: []string{"terraform_data.a", `x.y["b, c"]`},
			backendConfig: []string{"k=v"}, action: "destroy", workspace: "w", wanted: wanted{text: ">= 1.9.3"}, upgrade: true,
		}},
		"TERRAFORM_APPLY beats TERRAFORM_COMMAND, false is nothing": {"", environments.Variables{
			"TERRAFORM_APPLY": "true", "TERRAFORM_COMMAND": "plan", "TERRAFORM_DESTROY": "false",
		}, settings{binary: "terraform", action: "apply"}},
		"they choose by true alone, as BitOps compares": {"", environments.Variables{
			"TERRAFORM_APPLY": "yes", "TERRAFORM_COMMAND": "plan", "TERRAFORM_DESTROY": "True",
		}, settings{binary: "terraform", action: "plan"}},
		"TERRAFORM_COMMAND beats the file": {
			"terraform: {options: {command: apply}}",
			environments.Variables{"TERRAFORM_COMMAND": "Plan"},
			settings{binary: "terraform", action: "plan"},
		},
		"v2.0": {"terraform: {options: {stack-action: destroy}}", nil, settings{binary: "terraform", action: "destroy"}},
		"variables win": {v2, environments.Variables{
			"TF_TARGETS": `m.a["x, y"] m.b,m.c`, "TF_VAR_FILE": "b.tfvars", "TERRAFORM_WORKSPACE": "x", "INIT_UPGRADE": "False",
			"TERRAFORM_SKIP_DEPLOY": "TRUE",
		}, settings{
			binary: "tofu", varFiles: []string{"b.tfvars"}, targets: []string{`m.a["x, y"]`, "m.b", "m.c"}, limitedBy: "TF_TARGETS",
			backendConfig: []string{"k=v"}, action: "apply", workspace: "x", wanted: wanted{text: ">= 1.9.3"},
			skipped: "TERRAFORM_SKIP_DEPLOY is set",
		}},
		"an empty variable is unset, false is a value": {
			"terraform: {options: {skip-deploy: true, workspace: w}}",
			environments.Variables{"TERRAFORM_WORKSPACE": "", "SKIP_DEPLOY_TERRAFORM": "false", "TERRAFORM_SKIP_DEPLOY": ""},
			settings{binary: "terraform", workspace: "w"},
		},
		"the longest name decides": {"", environments.Variables{
			"BITOPS_TERRAFORM_WORKSPACE": "a", "TERRAFORM_WORKSPACE": "b", "TF_TARGETS": `["a.b", "c.d"]`,
		}, settings{binary: "terraform", workspace: "a", targets: []string{"a.b", "c.d"}, limitedBy: "TF_TARGETS"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{"bitops.config.yml": test.text})
			d := schema.Directory{Root: s.Repository, Name: "net/terraform"}
			values, problems := configurationSchema().Resolve(d, func(name string) string { return test.variables[name] })
			got, more := settingsFrom(values, test.variables)
			problems = append(problems, more...)
			equal(t, "problems", problems.Error(), "")
			got.wanted = wanted{text: got.wanted.text}
			equal(t, "settings", got, test.want)
		})
	}
}

func TestConfigurationProblems(t *testing.T) {
	s := tell(t, map[string]string{
		"main.tf":            "",
		"bitops.config.yaml": "terraform:\n  cli:\n    stack-action: explode\n  options:\n    worksapce: x\n",
	})
	s.Variables["INIT_UPGRADE"] = "perhaps"
	want := `variable INIT_UPGRADE: options.init-upgrade must be true or false, not "perhaps"
net/terraform/bitops.config.yaml:3:19: cli.stack-action cannot be "explode" (one of plan, apply, destroy)
net/terraform/bitops.config.yaml:5:5: warning: unknown key "worksapce" (did you mean "workspace"?)`
	_, err := s.Try(t.Context(), schema.CommandApply)
	problems, ok := errors.AsType[schema.Problems](err)
	if !ok || problems.Error() != want {
		t.Errorf("error %v, want\n%s", err, want)
	}
	equal(t, "processes", s.processes(), "")
}

// What is wrong in the checkout, the planner has told.
func TestWarningsOfEditedFilesAreNotices(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": "", "bitops.config.yaml": ""}).fake(version1)
	s.AfterSync = func(dir string) { writeFile(t, dir+"/bitops.config.yaml", "terraform: {old: 1}") }
	_, _ = s.Try(t.Context(), schema.CommandPlan)
	contains(t, "notices", s.Texts(schema.EventNotice), `net/terraform/bitops.config.yaml:1:13: warning: unknown key "old"`)
}

func TestSkippedStepsStartNothing(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": "", "bitops.config.yaml": "terraform: {options: {skip-deploy: true}}"})
	for _, command := range []schema.Command{
		schema.CommandPlan, schema.CommandApply, schema.CommandPlanDestroy, schema.CommandDestroy,
	} {
		equal(t, string(command), s.Do(command).Skipped, "skip-deploy is set")
	}
	reason, err := s.tool.Skip(s.Call(t.Context(), schema.CommandApply))
	check(t, err)
	equal(t, "reason", reason, "skip-deploy is set")
	equal(t, "processes", s.processes(), "")
}

// Hooks edit the configuration in the workspace.
func TestConfigurationOfTheWorkspaceCounts(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""})
	s.AfterSync = func(dir string) {
		writeFile(t, dir+"/bitops.config.yaml", "terraform: {options: {skip-deploy: true}}")
	}
	equal(t, "skipped", s.Apply().Skipped, "skip-deploy is set")
}

func TestStackActionPins(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": one + `output "o" { value = "x" }`})
	pin := func(action string) {
		s.Write(map[string]string{"bitops.config.yaml": "terraform: {cli: {stack-action: " + action + "}}"})
	}
	pin("plan")
	applied := s.Apply()
	equal(t, "changes", applied.Changes.Empty(), true)
	equal(t, "outputs", len(applied.Outputs), 0)
	contains(t, "notices", s.Texts(schema.EventNotice), "stack-action is plan: only planned (+1 ~0 -0)")
	equal(t, "deployed", s.Deployed(), false)
	counts(t, s.Plan().Changes, 1, 0, 0)
	contains(t, "notices", s.Texts(schema.EventNotice), "stack-action is plan: apply only plans this step")

	pin("apply")
	counts(t, s.Apply().Changes, 1, 0, 0)

	pin("plan")
	s.Write(map[string]string{"main.tf": one + `output "o" { value = "y" }`})
	output(t, s.Apply().Outputs, "o", "x")
	_, err := s.Try(t.Context(), schema.CommandDestroy)
	contains(t, "error", fmt.Sprint(err), "not destroyed: the step's stack-action is plan")
	equal(t, "deployed", s.Deployed(), true)

	pin("destroy")
	counts(t, s.Plan().Changes, 0, 0, 1)
	contains(t, "notices", s.Texts(schema.EventNotice), "stack-action is destroy: apply removes this step")
	counts(t, s.Apply().Changes, 0, 0, 1)
	equal(t, "deployed", s.Deployed(), false)
}

func TestPrograms(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""})
	p := New().Programs(s.Repository, "net/terraform")[0]
	equal(t, "program", p.Name+" "+p.Minimum, "terraform 1.0.0")
	s.Write(map[string]string{"bitops.config.yaml": "terraform: {options: {binary: tofu}}"})
	p = New().Programs(s.Repository, "net/terraform")[0]
	equal(t, "program", p.Name+" "+p.Minimum, "tofu ")
}

// An ENV_FILE is read as BitOps sourced it: it beats the caller, chooses terraform's settings, and hooks can still write it.
func TestEnvironmentFile(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":  "variable \"size\" {}\nvariable \"color\" {}\noutput \"both\" { value = \"${var.size} ${var.color}\" }",
		"ENV_FILE": "# of the team\nexport TF_VAR_size=\"3 m\"\r\nTF_VAR_color=red\n\nexport TERRAFORM_APPLY=true\nDB_PASSWORD='s3cr3t words'\n",
	})
	s.Variables["TF_VAR_color"] = "blue"
	action, err := s.tool.Action(s.Call(t.Context(), schema.CommandDeploy))
	check(t, err)
	equal(t, "action", action, schema.CommandApply)
	s.AfterSync = func(dir string) { writeFile(t, dir+"/ENV_FILE", "export TF_VAR_size=4\nTF_VAR_color=red") }
	output(t, s.Apply().Outputs, "both", "4 red")

	s.AfterSync = nil
	c := s.Call(t.Context(), schema.CommandApply)
	var hidden []string
	c.Secrets = func(texts ...string) { hidden = append(hidden, texts...) }
	_, err = settingsOf(c)
	check(t, err)
	equal(t, "hidden", hidden, []string{"s3cr3t words"})
	c.Variables["TF_VAR_color"] = "green" // a hook's $BITOPS_ENV
	writeFile(t, c.Directory+"/ENV_FILE", "export TF_VAR_size=5\nTF_VAR_color=red\nexport TERRAFORM_WORKSPACE=w\n")
	read, err := settingsOf(c)
	check(t, err)
	equal(t, "workspace", read.workspace, "w")
	equal(t, "size", c.Variables["TF_VAR_size"], "5")
	equal(t, "color", c.Variables["TF_VAR_color"], "green")

	s.Write(map[string]string{"ENV_FILE": "A=1\nsecret words\n"})
	_, err = s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), "net/terraform/ENV_FILE:2: bash cannot source this line (exit code 127)")
	lacks(t, "error", err.Error(), "words")
}
