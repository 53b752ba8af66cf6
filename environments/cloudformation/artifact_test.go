package cloudformation

import (
	"errors"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// stale runs an apply that must be refused because something moved on, and returns why.
func (s *story) stale() string {
	s.t.Helper()
	_, err := s.try(s.t.Context(), schema.CommandApply)
	stale, ok := errors.AsType[*environments.StaleError](err)
	if !ok {
		s.t.Fatalf("the apply says %v", err)
	}
	return stale.Reason
}

// A saved plan's change set waits in AWS, and just that is executed, once.
func TestASavedChangeSetIsExecuted(t *testing.T) {
	s := tell(t, moto(t), map[string]string{
		"template.yaml":      bucketTemplate,
		"bitops.config.yaml": named("saved") + "  cli: {validate-cfn: false}\n",
	})
	s.inputs = schema.Values{"Name": schema.Text("a-saved-bucket")}
	s.artifact = t.TempDir()
	counts(t, s.plan().Changes, 1, 0, 0)
	equal(t, "deployed by the plan", s.deployed(), false)

	// The files say something else now. What was planned is what is done.
	s.inputs = schema.Values{"Name": schema.Text("another-bucket")}
	s.planned = true
	counts(t, s.apply().Changes, 1, 0, 0)
	equal(t, "the planned bucket", s.bucketExists("a-saved-bucket"), true)
	equal(t, "the other bucket", s.bucketExists("another-bucket"), false)
	contains(t, "a second apply", s.stale(), "change set")
}

func TestASavedPlanThatChangesNothing(t *testing.T) {
	s := tell(t, moto(t), map[string]string{
		"template.yaml":      bucketTemplate,
		"bitops.config.yaml": named("still") + "  cli: {validate-cfn: false}\n",
	})
	s.inputs = schema.Values{"Name": schema.Text("a-still-bucket")}
	s.apply()
	s.artifact = t.TempDir()
	equal(t, "the plan is empty", s.plan().Changes.Empty(), true)
	s.planned = true
	equal(t, "its apply is empty", s.apply().Changes.Empty(), true)
	s.write(map[string]string{"template.yaml": strings.Replace(bucketTemplate, "Outputs:\n", topic[1:], 1)})
	contains(t, "after a change", s.stale(), "then there was nothing to do")
}

// CloudFormation says so when a stack was changed after its change set was made.
func TestAnObsoleteChangeSetIsStale(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	s.artifact = t.TempDir()
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"))
	aws.on("DescribeChangeSet", changes("Add A"))
	s.plan()
	equal(t, "requests", aws.actions(), "CreateChangeSet")
	s.planned = true
	aws.on("DescribeChangeSet", result("<Status>CREATE_COMPLETE</Status><ExecutionStatus>OBSOLETE</ExecutionStatus>"))
	contains(t, "why", s.stale(), "its change set is OBSOLETE")
	equal(t, "requests", aws.actions(), "")
}
