package terraform

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

const network = `
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "vpc" {
  input            = "vpc"
  triggers_replace = var.size
}
resource "terraform_data" "subnet" {
  count = 2
  input = "subnet ${count.index} of ${var.size}"
}
output "vpc" { value = terraform_data.vpc.output }
output "size" { value = var.size }
`

func TestApplyUnchangedChangeReplaceDestroy(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": network})

	first := s.Apply()
	equal(t, "processes", s.processes(), "version init apply")
	counts(t, first.Changes, 3, 0, 0)
	equal(t, "resources", addresses(first.Changes.Resources),
		[]string{"create terraform_data.subnet[0]", "create terraform_data.subnet[1]", "create terraform_data.vpc"})
	output(t, first.Outputs, "vpc", "vpc")
	output(t, first.Outputs, "size", "1")
	contains(t, "log", s.Texts(schema.EventOutputLine), "terraform_data.vpc: Creation complete", "Apply complete! Resources: 3 added")
	contains(t, "progress", s.Texts(schema.EventProgress), "terraform_data.vpc: creating")
	lacks(t, "log", s.Texts(schema.EventOutputLine), "@message")

	again := s.Apply()
	equal(t, "processes", s.processes(), "apply")
	if !again.Changes.Empty() {
		t.Errorf("the second apply changed %+v", again.Changes)
	}
	output(t, again.Outputs, "vpc", "vpc")

	s.Write(map[string]string{"terraform.tfvars": "size = 2"})
	changed := s.Apply()
	counts(t, changed.Changes, 1, 2, 1)
	equal(t, "resources", addresses(changed.Changes.Resources),
		[]string{"replace terraform_data.vpc", "update terraform_data.subnet[0]", "update terraform_data.subnet[1]"})
	equal(t, "deployed", s.Deployed(), true)
	output(t, s.Outputs(), "size", "2")

	s.processes()
	gone := s.Destroy()
	equal(t, "processes", s.processes(), "apply")
	counts(t, gone.Changes, 0, 0, 3)
	equal(t, "deployed", s.Deployed(), false)
	equal(t, "outputs", len(s.Outputs()), 0)
	if nothing := s.Destroy(); !nothing.Changes.Empty() {
		t.Errorf("the second destroy changed %+v", nothing.Changes)
	}
}

func TestOnlyOutputsChange(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `output "a" { value = 1 }` + "\n" + `output "b" { value = 1 }`})
	s.Apply()
	s.Write(map[string]string{"main.tf": `output "a" { value = 2 }` + "\n" + `output "b" { value = 1 }`})
	equal(t, "planned outputs", s.Plan().Changes.Outputs, 1)
	equal(t, "changed outputs", s.Apply().Changes.Outputs, 1)
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	equal(t, "deployed", s.Deployed(), true)
	equal(t, "removed outputs", s.Destroy().Changes.Outputs, 2)
}

func TestSensitiveValuesShowNowhere(t *testing.T) {
	const canary = "cAnArY-7f3a"
	s := tellReal(t, map[string]string{"main.tf": `
variable "password" { sensitive = true }
resource "terraform_data" "db" { input = var.password }
output "password" {
  value     = terraform_data.db.output
  sensitive = true
}
output "host" { value = "db" }`})
	s.Inputs = schema.Values{"password": {Data: schema.Text(canary).Data, Sensitive: true}}

	s.Runner.Answer = func(ctx context.Context, c process.Command) (process.Result, error) {
		if c.Args[0] == "show" {
			info, err := os.Stat(c.Args[len(c.Args)-1])
			check(t, err)
			equal(t, "mode of the plan file", info.Mode(), os.FileMode(0o600))
		}
		return process.Local{}.Run(ctx, c)
	}
	planned := s.Plan()
	equal(t, "processes", s.processes(), "version init plan show")
	equal(t, "planned password", planned.Outputs["password"].Sensitive, true)
	applied := s.Apply()
	equal(t, "processes", s.processes(), "apply output")
	output(t, applied.Outputs, "password", canary)
	equal(t, "password", applied.Outputs["password"].Sensitive, true)
	output(t, applied.Outputs, "host", "db")
	output(t, s.Outputs(), "password", canary)
	s.Plan()
	equal(t, "deployed", s.Deployed(), true)

	equal(t, "files", s.Holding(canary), []string{"net/terraform/terraform.tfstate"})
	for _, e := range s.All {
		lacks(t, "event", e.Text, canary)
	}
	for _, c := range s.Runner.Commands() {
		lacks(t, "arguments", strings.Join(c.Args, " "), canary)
	}
}

func TestPlanKnowsOutputsInPart(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `
resource "terraform_data" "vpc" { input = "x" }
output "id" { value = terraform_data.vpc.id }
output "name" { value = "vpc" }
output "list" { value = tolist(["a"]) }
output "big" { value = 12345678901234567890 }
output "mixed" { value = { id = terraform_data.vpc.id, names = ["a", terraform_data.vpc.id], n = 1 } }
output "none" { value = null }
output "secret" {
  value     = { id = terraform_data.vpc.id }
  sensitive = true
}`})
	first := s.Plan()
	counts(t, first.Changes, 1, 0, 0)
	for name, known := range map[string]bool{"id": false, "mixed": false, "secret": false, "name": true, "list": true} {
		equal(t, name+" known", first.Outputs[name].Known(), known)
	}
	output(t, first.Outputs, "big", "12345678901234567890")
	equal(t, "type of the list", first.Outputs["list"].Data.Type().IsListType(), true)
	mixed := first.Outputs["mixed"].Data
	equal(t, "mixed.n", mixed.GetAttr("n").AsBigFloat().String(), "1")
	equal(t, "mixed.names[0]", mixed.GetAttr("names").AsValueSlice()[0].AsString(), "a")
	equal(t, "mixed.names[1] known", mixed.GetAttr("names").AsValueSlice()[1].IsKnown(), false)
	equal(t, "mixed.id known", mixed.GetAttr("id").IsKnown(), false)
	equal(t, "secret is sensitive", first.Outputs["secret"].Sensitive, true)
	equal(t, "none is null", first.Outputs["none"].Null(), true)
	equal(t, "deployed by a plan", s.Deployed(), false)

	applied := s.Apply()
	equal(t, "none is null after an apply", applied.Outputs["none"].Null(), true)
	second := s.Plan()
	equal(t, "changes", second.Changes.Empty(), true)
	equal(t, "outputs", len(second.Outputs), len(applied.Outputs))
	for name, value := range applied.Outputs {
		if !second.Outputs[name].Data.RawEquals(value.Data) {
			t.Errorf("output %s is planned as %#v and was %#v", name, second.Outputs[name].Data, value.Data)
		}
	}
	removal := s.Do(schema.CommandPlanDestroy)
	counts(t, removal.Changes, 0, 0, 1)
	equal(t, "outputs after a destroy", len(removal.Outputs), 0)
	equal(t, "deployed", s.Deployed(), true)
	equal(t, "plan files", s.Holding("tfplan"), []string(nil))
}

func TestPlanNamesEveryAction(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `
resource "terraform_data" "kept" {}
resource "terraform_data" "old" {}
resource "terraform_data" "forgotten" {}
resource "terraform_data" "gone" {}`})
	s.Apply()
	s.Write(map[string]string{"main.tf": `
resource "terraform_data" "kept" { triggers_replace = 1 }
resource "terraform_data" "new" {}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
removed {
  from = terraform_data.forgotten
  lifecycle { destroy = false }
}
import {
  to = terraform_data.imported
  id = "12345"
}
resource "terraform_data" "imported" {}
resource "terraform_data" "added" {}`})
	want := []string{
		"create terraform_data.added", "delete terraform_data.gone", "forget terraform_data.forgotten",
		"import terraform_data.imported", "move terraform_data.new", "replace terraform_data.kept",
	}
	planned := s.Plan().Changes
	counts(t, planned, 2, 0, 2)
	equal(t, "planned", addresses(planned.Resources), want)
	applied := s.Apply().Changes
	counts(t, applied, 2, 0, 2)
	equal(t, "applied", addresses(applied.Resources), want)
}

func TestInterruptSavesTheState(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `
resource "terraform_data" "quick" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]
  provisioner "local-exec" { command = "echo at work; sleep 60" }
}
resource "terraform_data" "never" { depends_on = [terraform_data.slow] }`})
	ctx, cancel := context.WithCancel(t.Context())
	s.Watch = func(e schema.Event) {
		if strings.Contains(e.Text, "(local-exec): at work") {
			cancel()
		}
	}
	result, err := s.Try(ctx, schema.CommandApply)
	if err == nil {
		t.Fatal("the interrupted apply succeeded")
	}
	counts(t, result.Changes, 1, 0, 0)
	log := s.Texts(schema.EventOutputLine)
	equal(t, "interrupts", strings.Count(log, "Interrupt received."), 1)
	lacks(t, "log", log, "Two interrupts")
	state, err := os.ReadFile(filepath.Join(s.Source(), "terraform.tfstate"))
	check(t, err)
	contains(t, "state", string(state), `"quick"`, `"slow"`, "tainted")
	lacks(t, "state", string(state), `"never"`)
	equal(t, "lock left", exists(filepath.Join(s.Source(), ".terraform.tfstate.lock.info")), false)
}

func TestManyStepsAskForTheVersionOnce(t *testing.T) {
	requireTool(t, "terraform")
	tool := New()
	runner := &process.Recorder{Answer: process.Local{}.Run}
	var wg sync.WaitGroup
	cache := t.TempDir()
	for range 4 {
		s := tell(t, map[string]string{"main.tf": `output "a" { value = 1 }`})
		s.use(tool)
		s.Runner = runner
		s.Variables["TF_PLUGIN_CACHE_DIR"] = cache
		wg.Go(func() {
			if _, err := s.Try(t.Context(), schema.CommandApply); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	asked := 0
	for _, c := range runner.Commands() {
		if c.Args[0] == "version" {
			asked++
		}
	}
	equal(t, "processes", len(runner.Commands()), 1+4*2)
	equal(t, "version processes", asked, 1)
}
