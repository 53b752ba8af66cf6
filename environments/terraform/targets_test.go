package terraform

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// staged is a module whose rest cannot be planned before the target exists.
const staged = `resource "terraform_data" "a" { for_each = toset(["x, y", "z"]) }
resource "terraform_data" "rest" { count = length(terraform_data.a["z"].id) > 10 ? 2 : 1 }`

func TestTargetsOfAVariableAreAllThereIs(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `resource "terraform_data" "a" { for_each = toset(["x, y", "z"]) }` + "\n" + one})
	s.Variables["TF_TARGETS"] = `terraform_data.a["x, y"]`
	equal(t, "planned", addresses(s.Plan().Changes.Resources), []string{`create terraform_data.a["x, y"]`})
	equal(t, "applied", addresses(s.Apply().Changes.Resources), []string{`create terraform_data.a["x, y"]`})
	contains(t, "notices", s.Texts(schema.EventNotice), `variable TF_TARGETS limits it to terraform_data.a["x, y"]; the rest stays as it is`)
	for _, command := range []schema.Command{schema.CommandPlanDestroy, schema.CommandDestroy} {
		contains(t, "failure", s.Fails(command).Message, "a destroy takes all of it; unset the variable")
	}
	equal(t, "deployed", s.Deployed(), true)
}

// BitOps v2 applies each target of the file, and then everything: deploy.sh of its terraform plugin.
func TestTargetsOfTheFileComeFirst(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":            staged,
		"bitops.config.yaml": `terraform: {cli: {targets: ['terraform_data.a["z"]', 'terraform_data.a["x, y"]']}}`,
	})
	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes.Resources), []string{`create terraform_data.a["x, y"]`, `create terraform_data.a["z"]`})
	equal(t, "comes first", planned.Changes.ComeFirst(), true)
	contains(t, "reason", planned.Deferred, `what depends on terraform_data.a["z"], terraform_data.a["x, y"] cannot be planned before`)
	equal(t, "plans", len(s.started("plan")), 2)
	counts(t, s.Apply().Changes, 4, 0, 0)
	equal(t, "targets", targetsOf(s.started("apply")), []string{`terraform_data.a["z"]`, `terraform_data.a["x, y"]`, ""})
	again := s.Plan()
	equal(t, "planned again", again.Changes.Empty() && again.Deferred == "", true)
	equal(t, "plans", len(s.started("plan")), 1)
	counts(t, s.Destroy().Changes, 0, 0, 4)

	s.Write(map[string]string{"bitops.config.yaml": "", "main.tf": one})
	s.started("apply")
	s.Apply()
	equal(t, "processes without targets", targetsOf(s.started("apply")), []string{""})
}

// targetsOf returns the target of each command, "" for none.
func targetsOf(commands []string) []string {
	all := make([]string, len(commands))
	for i, command := range commands {
		_, all[i], _ = strings.Cut(command, "-target=")
	}
	return all
}

// What comes first is applied as it was saved. What is left is shown to whoever judges it, and stays planned when it is held.
func TestRestOfASavedPlanIsJudged(t *testing.T) {
	for name, held := range map[string]bool{"goes on": false, "held": true} {
		t.Run(name, func(t *testing.T) {
			s := tellReal(t, map[string]string{
				"main.tf": staged, "bitops.config.yaml": `terraform: {cli: {targets: ['terraform_data.a["z"]']}}`,
			})
			artifact, rest := t.TempDir(), t.TempDir()
			c := s.Call(t.Context(), schema.CommandPlan)
			c.Artifact = artifact
			_, err := s.tool.Plan(t.Context(), c)
			check(t, err)

			var seen []string
			c = s.Call(t.Context(), schema.CommandApply)
			c.Artifact, c.Planned = artifact, true
			c.Review = environments.Review{Artifact: rest, Judge: func(left *schema.Changes) (string, error) {
				seen = append(seen, addresses(left.Resources)...)
				if held {
					return "somebody has to look", nil
				}
				return "", nil
			}}
			result, err := s.tool.Apply(t.Context(), c)
			equal(t, "seen", seen, []string{
				`create terraform_data.a["x, y"]`, "create terraform_data.rest[0]", "create terraform_data.rest[1]",
			})
			if stopped, ok := errors.AsType[*environments.HeldError](err); ok != held || held && stopped.Changes.Add != 3 {
				t.Fatalf("apply: %v", err)
			}
			if !held {
				check(t, err)
				counts(t, result.Changes, 4, 0, 0)
				return
			}
			counts(t, result.Changes, 1, 0, 0)
			c = s.Call(t.Context(), schema.CommandApply)
			c.Artifact, c.Planned = rest, true
			result, err = s.tool.Apply(t.Context(), c)
			check(t, err)
			counts(t, result.Changes, 3, 0, 0)
		})
	}
}

// A failure of all is the failure of the step, and what came first is told beside one of the rest.
func TestFailuresBesideTargets(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":            `resource "terraform_data" "a" { input = var.missing }`,
		"bitops.config.yaml": "terraform: {cli: {targets: [terraform_data.a]}}",
	})
	contains(t, "failure", s.Fails(schema.CommandPlan).Message, "Reference to undeclared input variable")
	s.Write(map[string]string{"main.tf": `resource "terraform_data" "a" {}
resource "terraform_data" "b" {
  input = terraform_data.a.id
  provisioner "local-exec" { command = "exit 3" }
}`})
	result, err := s.Try(t.Context(), schema.CommandApply)
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok || failure.Untouched {
		t.Errorf("apply: %v", err)
	}
	equal(t, "made", slices.Contains(addresses(result.Changes.Resources), "create terraform_data.a"), true)
}
