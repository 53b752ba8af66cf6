package cloudformation

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// stale runs an operation that must find the plan stale, and returns the reason.
func (s *story) stale(command schema.Command) string {
	s.T.Helper()
	_, err := s.Try(s.T.Context(), command)
	stale, ok := errors.AsType[*environments.StaleError](err)
	if !ok {
		s.T.Fatalf("%s: error %v (%T), want a stale plan", command, err, err)
	}
	return stale.Reason
}

// set is a change set in a status of its execution.
func set(execution string, list ...string) answer {
	a := changes(list...)
	a.body = strings.Replace(a.body, "AVAILABLE", execution, 1)
	return a
}

func TestASavedPlanExecutesItsChangeSet(t *testing.T) {
	const canary = "s3cr3t-canary"
	aws, s := scripted(t, map[string]string{})
	s.Artifact = t.TempDir()
	s.Inputs = schema.Values{"Password": {Data: schema.Text(canary).Data, Sensitive: true}}
	aws.on("DescribeChangeSet", changes("Add A", "Add B"))
	counts(t, s.Plan().Changes, 2, 0, 0)
	equal(t, "requests of the plan", aws.actions(), "CreateChangeSet")
	contains(t, "notices", s.notices(), setID+" stays in AWS")
	content, err := os.ReadFile(filepath.Join(s.Artifact, keptName))
	check(t, err)
	lacks(t, "artifact", string(content), canary)

	aws.on("DescribeStacks", stack("REVIEW_IN_PROGRESS"), stack("CREATE_COMPLETE", outputs("Arn", "arn:a")))
	aws.on("DescribeStackEvents", announcedEvents, createdEvents)
	result := s.Apply()
	equal(t, "executed", aws.asked("ExecuteChangeSet")[0].Get("ChangeSetName"), setID)
	equal(t, "requests of the apply", aws.actions(), "ExecuteChangeSet")
	counts(t, result.Changes, 2, 0, 0)
	equal(t, "outputs", shows(result.Outputs), `Arn="arn:a"`)
}

func TestAChangeSetThatCannotBeExecutedAnyMoreIsStale(t *testing.T) {
	const gone = "its change set is gone"
	tests := map[string]struct {
		script func(*service)
		want   string
	}{
		"it is obsolete": {func(aws *service) { aws.on("DescribeChangeSet", set("OBSOLETE", "Modify A")) }, "made the change set obsolete"},
		"it was executed": {
			func(aws *service) { aws.on("DescribeChangeSet", set("EXECUTE_COMPLETE", "Modify A")) }, "it is CREATE_COMPLETE, EXECUTE_COMPLETE",
		},
		"it was deleted": {
			func(aws *service) {
				aws.on("DescribeChangeSet", refusal("ChangeSetNotFound", "ChangeSet [x] does not exist"))
			}, gone,
		},
		"it is deleted while the apply looks": {
			func(aws *service) {
				aws.on("ExecuteChangeSet", refusal("ChangeSetNotFound", "ChangeSet [x] does not exist"))
			}, gone,
		},
		"another one is executed while the apply looks": {
			func(aws *service) {
				aws.on("ExecuteChangeSet", refusal("InvalidChangeSetStatus", "the stack has moved on"))
			}, "its change set cannot be executed any more: the stack has moved on",
		},
		"the stack is gone": {func(aws *service) { aws.on("DescribeStacks", missing) }, "and so is the stack"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			aws, s := scripted(t, map[string]string{})
			s.Artifact = t.TempDir()
			aws.on("DescribeStacks", stack("CREATE_COMPLETE"))
			aws.on("DescribeChangeSet", changes("Modify A False"))
			aws.on("DescribeStackEvents", createdEvents)
			s.Plan()
			tt.script(aws)
			contains(t, "reason", s.stale(schema.CommandApply), tt.want)
			lacks(t, "requests", aws.actions(), "CreateChangeSet CreateChangeSet")
		})
	}
}

func updated(when string) string { return "<LastUpdatedTime>" + when + "</LastUpdatedTime>" }

func TestASavedPlanWithoutChangesChangesNothing(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	s.Artifact = t.TempDir()
	const then, later = "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"
	aws.on("DescribeStacks", stack("UPDATE_COMPLETE", updated(then), outputs("Arn", "arn:a")))
	aws.on("CreateChangeSet", refusal("ValidationError", "No updates are to be performed."))
	equal(t, "planned", s.Plan().Changes.Empty(), true)
	aws.actions()

	result := s.Apply()
	equal(t, "applied", result.Changes.Empty(), true)
	equal(t, "outputs", shows(result.Outputs), `Arn="arn:a"`)
	aws.on("DescribeStacks", stack("UPDATE_COMPLETE", updated(later)))
	contains(t, "reason", s.stale(schema.CommandApply), "the stack was changed after it was planned")
	aws.on("DescribeStacks", missing)
	contains(t, "reason", s.stale(schema.CommandApply), "the stack is gone")
	equal(t, "requests", aws.actions(), "")
}

func TestAStackThatMustBeMadeAnewIsPlannedToo(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	s.Artifact = t.TempDir()
	aws.on("DescribeStacks", stack("ROLLBACK_COMPLETE"))
	counts(t, s.Plan().Changes, 2, 0, 0)
	aws.on("DescribeStacks", stack("UPDATE_COMPLETE"))
	contains(t, "reason", s.stale(schema.CommandApply), "it was in ROLLBACK_COMPLETE and is in UPDATE_COMPLETE")
	equal(t, "requests", aws.actions(), "")
}

// Change sets are what moto imitates; see moto_test.go for what it does not.
func TestLifeOfASavedPlan(t *testing.T) {
	s := tell(t, moto(t), map[string]string{
		"template.yaml":      bucketTemplate,
		"bitops.config.yaml": named("saved") + "  cli: {validate-cfn: false}\n",
	})
	s.Inputs = schema.Values{"Name": schema.Text("life-of-a-saved-plan")}
	plan := func(command schema.Command) (artifact string) {
		s.Artifact = t.TempDir()
		s.Do(command)
		return s.Artifact
	}
	first := plan(schema.CommandPlan)
	equal(t, "deployed by the plan", s.Deployed(), false)
	s.Inputs = schema.Values{"Name": schema.Text("another-bucket")} // what was planned is what is done
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "the planned bucket", s.bucketExists("life-of-a-saved-plan"), true)
	equal(t, "the other bucket", s.bucketExists("another-bucket"), false)
	contains(t, "applied again", s.stale(schema.CommandApply), "change set")

	deleted := plan(schema.CommandPlanDestroy)
	s.Artifact = ""
	s.Destroy()
	s.Apply()
	s.Artifact = deleted
	contains(t, "another stack", s.stale(schema.CommandDestroy), "the stack was deleted and made anew")
	s.Artifact = first
	contains(t, "a plan of another stack", s.stale(schema.CommandApply), "its change set ")

	s.Artifact = plan(schema.CommandPlanDestroy)
	counts(t, s.Destroy().Changes, 0, 0, 1)
	equal(t, "deployed", s.Deployed(), false)
	equal(t, "destroyed again", s.Destroy().Changes.Empty(), true)
	s.Artifact = first
	contains(t, "no stack", s.stale(schema.CommandApply), "its change set is gone, and so is the stack")
}
