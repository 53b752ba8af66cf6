package terraform

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// What BitOps got wrong, each with the real terraform.

// started returns the terraform commands of the last operation with their arguments, one a line.
func (s *story) started(command string) []string {
	var lines []string
	for _, c := range s.Runner.Commands() {
		if slices.Contains(c.Args, command) {
			lines = append(lines, strings.Join(c.Args, " "))
		}
	}
	s.Runner = &process.Recorder{Answer: process.Local{}.Run}
	return lines
}

func TestWasVarFileAndBackendConfigDropped(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf": `terraform {
  backend "local" {}
}
variable "size" {}
output "size" { value = var.size }`,
		"bitops.config.yaml": "terraform: {cli: {var-file: sizes.tfvars, backend-config: [path=elsewhere.tfstate]}}",
		"sizes.tfvars":       "size = 3",
	})
	equal(t, "planned changes", s.Plan().Changes.Outputs, 1)
	output(t, s.Apply().Outputs, "size", "3")
	if found := s.Holding(`"size"`); !slices.ContainsFunc(found, func(f string) bool { return strings.HasSuffix(f, "elsewhere.tfstate") }) {
		t.Errorf("no state where backend-config says; the output is in %v", found)
	}
	output(t, s.Outputs(), "size", "3")
	s.Destroy()
	equal(t, "deployed", s.Deployed(), false)
}

func TestWasApplyThenDestroyed(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":            `resource "terraform_data" "a" {}`,
		"bitops.config.yaml": "terraform: {cli: {stack-action: apply}}",
	})
	s.Apply()
	s.Write(map[string]string{"main.tf": `resource "terraform_data" "a" {}
resource "terraform_data" "b" {}`})
	s.Variables["TERRAFORM_DESTROY"] = "true"
	s.started("apply")
	action, err := s.tool.Action(s.Call(t.Context(), schema.CommandDeploy))
	check(t, err)
	equal(t, "action", action, schema.CommandDestroy)
	gone := s.Apply()
	counts(t, gone.Changes, 0, 0, 1)
	applied := s.started("apply")
	equal(t, "processes", len(applied), 1)
	contains(t, "arguments", applied[0], "-destroy")
	equal(t, "deployed", s.Deployed(), false)
}

func TestWasUnknownStackActionExitZero(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":            `resource "terraform_data" "a" {}`,
		"bitops.config.yaml": "terraform:\n  cli:\n    stack-action: aply\n    targets: [terraform_data.a]\n",
	})
	for _, command := range []schema.Command{schema.CommandPlan, schema.CommandApply, schema.CommandDestroy} {
		_, err := s.Try(t.Context(), command)
		if err == nil {
			t.Fatalf("%s succeeded", command)
		}
		contains(t, "error", err.Error(), `net/terraform/bitops.config.yaml:3:19: cli.stack-action cannot be "aply"`)
	}
	equal(t, "processes", s.processes(), "")
	s.Write(map[string]string{"bitops.config.yaml": ""})
	s.Variables["TERRAFORM_COMMAND"] = "aply"
	_, err := s.Try(t.Context(), schema.CommandApply)
	contains(t, "error", err.Error(), `variable TERRAFORM_COMMAND: cli.stack-action cannot be "aply"`)
}

// The first step's workspace and targets were left in variables that the second one read.
func TestWasSecondTerraformRanInTheFirstOnesWorkspace(t *testing.T) {
	requireTool(t, "terraform")
	files := map[string]string{
		"main.tf": `resource "terraform_data" "a" { input = terraform.workspace }
resource "terraform_data" "b" {}
output "workspace" { value = terraform_data.a.output }`,
		"bitops.config.yaml": "terraform: {cli: {targets: [terraform_data.a]}, options: {workspace: first}}",
	}
	first := tell(t, files)
	output(t, first.Apply().Outputs, "workspace", "first")
	files["bitops.config.yaml"] = ""
	second := tell(t, files)
	second.use(first.tool)
	second.Variables = first.Variables
	applied := second.Apply()
	output(t, applied.Outputs, "workspace", "default")
	counts(t, applied.Changes, 2, 0, 0)
	for _, name := range []string{"TERRAFORM_WORKSPACE", "TF_TARGETS", "BITOPS_TERRAFORM_WORKSPACE"} {
		equal(t, name, second.Variables[name], "")
	}
}

// What the configuration says reaches hooks under v2's names.
func TestExportedNames(t *testing.T) {
	s := tell(t, map[string]string{
		"main.tf":            "",
		"bitops.config.yaml": "terraform: {cli: {stack-action: apply, var-file: a.tfvars}, options: {workspace: w}}",
	})
	c := s.Call(t.Context(), schema.CommandApply)
	_, err := s.tool.Skip(c)
	check(t, err)
	equal(t, "workspace", c.Variables["BITOPS_TERRAFORM_WORKSPACE"], "w")
	equal(t, "command", c.Variables["TERRAFORM_COMMAND"], "apply")
	equal(t, "command", c.Variables["BITOPS_TERRAFORM_COMMAND"], "apply")
	writeFile(t, c.Directory+"/bitops.config.yaml", "terraform: {options: {workspace: x}}")
	read, err := settingsOf(c)
	check(t, err)
	equal(t, "settings", read, settings{binary: "terraform", workspace: "x"})
}

// Hooks of BitOps ask TERRAFORM_COMMAND what is done. It tells that, and never becomes what decides.
func TestHooksAreToldTheStackAction(t *testing.T) {
	for _, test := range []struct {
		action  string
		command schema.Command
		want    string
	}{
		{"", schema.CommandApply, "apply"},
		{"apply", schema.CommandPlan, "plan"},
		{"apply", schema.CommandDestroy, "destroy"},
		{"apply", schema.CommandPlanDestroy, "plan"},
		{"plan", schema.CommandApply, "plan"},
		{"destroy", schema.CommandApply, "destroy"},
		{"", schema.CommandDeploy, "plan"},
		{"apply", schema.CommandDeploy, "apply"},
	} {
		s := tell(t, map[string]string{"main.tf": "", "bitops.config.yaml": "terraform: {cli: {stack-action: '" + test.action + "'}}"})
		c := s.Call(t.Context(), test.command)
		for range 2 {
			read, err := settingsOf(c)
			check(t, err)
			equal(t, "action", read.action, test.action)
			for _, name := range []string{"TERRAFORM_COMMAND", "BITOPS_TERRAFORM_COMMAND"} {
				equal(t, fmt.Sprintf("%s of %s with %q", name, test.command, test.action), c.Variables[name], test.want)
			}
		}
	}
}
