package cloudformation

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

const topics = `
Parameters:
  Password: {Type: String, NoEcho: true, Default: none}
Resources:
  A: {Type: AWS::SNS::Topic}
  B: {Type: AWS::SNS::Topic}
Outputs:
  Arn: {Value: !Ref A}
  Login: {Value: !Sub "admin:${Password}"}
`

// scripted begins a story against a scripted service.
func scripted(t *testing.T, files map[string]string) (*service, *story) {
	t.Helper()
	aws := serve(t)
	if _, ok := files["template.yaml"]; !ok {
		files["template.yaml"] = topics
	}
	return aws, tell(t, aws.URL, files)
}

var (
	announcedEvents = events("REVIEW_IN_PROGRESS app User Initiated")
	createdEvents   = events("CREATE_COMPLETE app", "CREATE_COMPLETE A", "CREATE_IN_PROGRESS A", "CREATE_IN_PROGRESS app User Initiated",
		"REVIEW_IN_PROGRESS app User Initiated")
)

func TestAChangeSetIsExecutedAndItsEventsAreShown(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", missing, stack("CREATE_IN_PROGRESS"), stack("CREATE_IN_PROGRESS"), stack("CREATE_COMPLETE",
		outputs("Arn", "arn:a", "Login", "admin:x")))
	aws.on("DescribeChangeSet", setStatus("CREATE_PENDING", ""), setStatus("CREATE_IN_PROGRESS", ""), changes("Add A", "Add B"))
	aws.on("DescribeStackEvents", announcedEvents,
		events("CREATE_IN_PROGRESS A", "CREATE_IN_PROGRESS app User Initiated", "REVIEW_IN_PROGRESS app User Initiated"), createdEvents)
	result := s.Apply()
	counts(t, result.Changes, 2, 0, 0)
	equal(t, "outputs", shows(result.Outputs), `Arn="arn:a" Login=(sensitive)`)
	equal(t, "log", s.log(), `create A (AWS::SNS::Topic)
create B (AWS::SNS::Topic)
CREATE_IN_PROGRESS app: User Initiated
CREATE_IN_PROGRESS A (AWS::SNS::Topic)
CREATE_COMPLETE A (AWS::SNS::Topic)
CREATE_COMPLETE app`)
	contains(t, "progress", s.Texts(schema.EventProgress), "CREATE_COMPLETE A")
	equal(t, "type", aws.asked("CreateChangeSet")[0].Get("ChangeSetType"), "CREATE")
	equal(t, "requests", aws.actions(), "CreateChangeSet ExecuteChangeSet")
}

func TestAPlanDeletesItsChangeSet(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("UPDATE_COMPLETE", outputs("Arn", "arn:a")))
	aws.on("DescribeChangeSet", changes("Add A", "Modify B False", "Modify C True", "Modify D Conditional", "Remove E", "Import F"))
	result := s.Plan()
	counts(t, result.Changes, 2, 2, 2)
	equal(t, "changes", addresses(result.Changes), "create A, delete E, import F, replace C, update B, update D")
	equal(t, "outputs", shows(result.Outputs), "Arn=(known after apply) Login=(sensitive)")
	contains(t, "log", s.log(), "update D (AWS::SNS::Topic), perhaps by a new one")
	equal(t, "type", aws.asked("CreateChangeSet")[0].Get("ChangeSetType"), "UPDATE")
	equal(t, "requests", aws.actions(), "CreateChangeSet DeleteChangeSet")
}

func TestAPlanOfANewStackLeavesNothing(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", missing, stack("REVIEW_IN_PROGRESS"), stack("DELETE_IN_PROGRESS"), stack("DELETE_COMPLETE"))
	aws.on("DescribeChangeSet", changes("Add A"))
	counts(t, s.Plan().Changes, 1, 0, 0)
	equal(t, "requests", aws.actions(), "CreateChangeSet DeleteChangeSet DeleteStack")
}

func TestAPlanLeavesAStackInWhichOthersHaveAChangeSet(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("REVIEW_IN_PROGRESS"))
	aws.on("ListChangeSets", result("<Summaries><member><ChangeSetName>mine</ChangeSetName><StackId>"+stackID+"</StackId></member></Summaries>"))
	aws.on("DescribeChangeSet", changes("Add A"))
	s.Plan()
	equal(t, "requests", aws.actions(), "CreateChangeSet DeleteChangeSet")
	equal(t, "deployed", s.Deployed(), false)

	aws.on("DescribeStacks", stack("REVIEW_IN_PROGRESS"), stack("CREATE_COMPLETE"))
	aws.on("DescribeStackEvents", announcedEvents, createdEvents)
	s.Apply()
	equal(t, "requests", aws.actions(), "CreateChangeSet ExecuteChangeSet")
}

func TestNothingToChangeIsUnchanged(t *testing.T) {
	for name, script := range map[string]func(*service){
		"an empty change set": func(aws *service) {
			aws.on("DescribeChangeSet", setStatus("CREATE_IN_PROGRESS", ""), setStatus("FAILED",
				"The submitted information didn't contain changes. Submit different information to create a change set."))
		},
		"an empty change set, in other words": func(aws *service) {
			aws.on("DescribeChangeSet", setStatus("FAILED", "No updates are to be performed."))
		},
		"a refusal": func(aws *service) {
			aws.on("CreateChangeSet", refusal("ValidationError", "No updates are to be performed."))
		},
	} {
		t.Run(name, func(t *testing.T) {
			aws, s := scripted(t, map[string]string{})
			aws.on("DescribeStacks", stack("UPDATE_ROLLBACK_COMPLETE", outputs("Arn", "arn:a")))
			script(aws)
			for _, command := range []schema.Command{schema.CommandPlan, schema.CommandApply} {
				result := s.Do(command)
				equal(t, "changes", result.Changes.Empty(), true)
				equal(t, "outputs", shows(result.Outputs), `Arn="arn:a"`)
			}
			lacks(t, "requests", aws.actions(), "Execute")
		})
	}
}

// A stack that fails fails the step, with the reasons (was: deploy.sh never failed).
func TestWasDeployShNeverFailed(t *testing.T) {
	tests := map[string]struct {
		before answer
		after  string
		events []string
		want   []string
	}{
		"a creation that is rolled back": {
			missing, "ROLLBACK_COMPLETE",
			[]string{
				"ROLLBACK_COMPLETE app", "DELETE_COMPLETE A", "ROLLBACK_IN_PROGRESS app The following resource(s) failed to create: [A, B].",
				"CREATE_FAILED B Resource creation cancelled", "CREATE_FAILED A The name is taken", "CREATE_IN_PROGRESS app User Initiated",
			},
			[]string{
				"the stack app failed and was rolled back (ROLLBACK_COMPLETE): CREATE_FAILED A (AWS::SNS::Topic): The name is taken",
				"The next apply deletes the stack and creates it anew.",
			},
		},
		"an update that is rolled back": {
			stack("CREATE_COMPLETE"), "UPDATE_ROLLBACK_COMPLETE",
			[]string{"UPDATE_ROLLBACK_COMPLETE app", "UPDATE_FAILED A first", "UPDATE_FAILED B second"},
			[]string{"(UPDATE_ROLLBACK_COMPLETE): UPDATE_FAILED B (AWS::SNS::Topic): second", "UPDATE_FAILED A (AWS::SNS::Topic): first"},
		},
		"a rollback that fails": {
			stack("CREATE_COMPLETE"), "UPDATE_ROLLBACK_FAILED",
			[]string{"UPDATE_ROLLBACK_FAILED app", "UPDATE_FAILED A in use"},
			[]string{"failed, and so did its rollback (UPDATE_ROLLBACK_FAILED)", "continue-update-rollback --stack-name app"},
		},
		"a failure without a rollback": {
			stack("CREATE_COMPLETE"), "UPDATE_FAILED",
			[]string{"UPDATE_FAILED app"},
			[]string{"the stack app failed (UPDATE_FAILED)"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			aws, s := scripted(t, map[string]string{})
			aws.on("DescribeStacks", test.before, stack(test.after))
			aws.on("DescribeChangeSet", changes("Add A"))
			aws.on("DescribeStackEvents", announcedEvents, events(append(test.events, "REVIEW_IN_PROGRESS app User Initiated")...))
			failure := s.Fails(schema.CommandApply)
			contains(t, "failure", failure, test.want...)
			lacks(t, "failure", failure, "cancelled")
		})
	}
}

// The status of a stack can be the old one for a moment after its change set began to be executed.
func TestAnOldStatusDoesNotEndTheWaiting(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("UPDATE_COMPLETE"), stack("UPDATE_COMPLETE"), stack("UPDATE_IN_PROGRESS"), stack("UPDATE_ROLLBACK_COMPLETE"))
	executing := result("<Status>CREATE_COMPLETE</Status><ExecutionStatus>EXECUTE_IN_PROGRESS</ExecutionStatus>")
	aws.on("DescribeChangeSet", changes("Add A"), executing)
	aws.on("DescribeStackEvents", announcedEvents)
	aws.on("DescribeChangeSet", changes("Add A"), executing, refusal("ChangeSetNotFound", "ChangeSet [x] does not exist"))
	contains(t, "failure", s.Fails(schema.CommandApply), "UPDATE_ROLLBACK_COMPLETE")
}

func TestAFailedCreationIsDeletedAndCreatedAnew(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("ROLLBACK_COMPLETE"))
	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes), "create A, create B")
	contains(t, "notices", s.notices(), "apply deletes it and creates it anew")
	equal(t, "requests", aws.actions(), "")

	aws.on("DescribeStacks", stack("ROLLBACK_COMPLETE"), stack("DELETE_IN_PROGRESS"), missing, stack("CREATE_COMPLETE"))
	aws.on("ListStackResources", result("<StackResourceSummaries/>"))
	aws.on("DescribeChangeSet", changes("Add A", "Add B"))
	aws.on("DescribeStackEvents", announcedEvents, announcedEvents, missing, announcedEvents, createdEvents)
	counts(t, s.Apply().Changes, 2, 0, 0)
	equal(t, "requests", aws.actions(), "DeleteStack CreateChangeSet ExecuteChangeSet")
	contains(t, "notices", s.notices(), "it is deleted and created anew")
}

func TestWhatAKilledPreviewLeftIsCleared(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("REVIEW_IN_PROGRESS"), missing, stack("CREATE_COMPLETE"))
	aws.on("ListChangeSets", result("<Summaries><member><ChangeSetName>bitops-old</ChangeSetName><StackId>"+stackID+"</StackId>"+
		"<ExecutionStatus>AVAILABLE</ExecutionStatus></member></Summaries>"))
	aws.on("DescribeChangeSet", changes("Add A"))
	aws.on("DescribeStackEvents", announcedEvents, createdEvents)
	s.Apply()
	equal(t, "requests", aws.actions(), "DeleteStack CreateChangeSet ExecuteChangeSet")
}

func TestDeadChangeSetsOfBitopsAreDeleted(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	set := func(name, status, execution string) string {
		return "<member><ChangeSetName>" + name + "</ChangeSetName><ChangeSetId>" + name + "</ChangeSetId><StackId>" + stackID +
			"</StackId><Status>" + status + "</Status><ExecutionStatus>" + execution + "</ExecutionStatus></member>"
	}
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"))
	aws.on("ListChangeSets", result("<Summaries>"+set("bitops-failed", "FAILED", "UNAVAILABLE")+set("bitops-alive", "CREATE_COMPLETE", "AVAILABLE")+
		set("bitops-old", "CREATE_COMPLETE", "OBSOLETE")+set("mine", "FAILED", "UNAVAILABLE")+"</Summaries>"))
	aws.on("CreateChangeSet", refusal("ValidationError", "No updates are to be performed."))
	s.Plan()
	var deleted []string
	for _, r := range aws.asked("DeleteChangeSet") {
		deleted = append(deleted, r.Get("ChangeSetName"))
	}
	equal(t, "deleted", strings.Join(deleted, " "), "bitops-failed bitops-old")
}

func TestAnUpdateBySomebodyElseIsAClearFailure(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("UPDATE_IN_PROGRESS"))
	aws.on("DescribeStackEvents", events("UPDATE_IN_PROGRESS A", "UPDATE_IN_PROGRESS app User Initiated token=Console-UpdateStack-1"))
	for _, command := range []schema.Command{schema.CommandPlan, schema.CommandApply, schema.CommandDestroy} {
		contains(t, "failure", s.Fails(command), "the stack app is being changed by somebody else: UPDATE_IN_PROGRESS "+
			"since 2026-01-02 03:04:05 UTC, request Console-UpdateStack-1; try again when that has ended")
	}
	equal(t, "requests", aws.actions(), "")
}

func TestAnInterruptedStepGoesOnFromWhereItStopped(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	ctx, cancel := context.WithCancelCause(t.Context())
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"), stack("UPDATE_IN_PROGRESS"))
	aws.on("DescribeChangeSet", changes("Add A"))
	aws.on("DescribeStackEvents", announcedEvents, events("UPDATE_IN_PROGRESS A", "REVIEW_IN_PROGRESS app User Initiated"))
	s.Watch = func(e schema.Event) {
		if e.Type == schema.EventProgress {
			cancel(errors.New("interrupted by Ctrl-C"))
		}
	}
	began := time.Now()
	_, err := s.Try(ctx, schema.CommandApply)
	contains(t, "failure", s.shown(err), "stopped waiting for the stack app, which goes on in AWS: interrupted by Ctrl-C",
		"aws cloudformation describe-stack-events --stack-name app")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	token := aws.asked("ExecuteChangeSet")[0].Get("ClientRequestToken")
	equal(t, "requests", aws.actions(), "CreateChangeSet ExecuteChangeSet")

	s.Watch = func(schema.Event) {}
	begun := "UPDATE_IN_PROGRESS app User Initiated token=" + token
	aws.on("DescribeStacks", stack("UPDATE_IN_PROGRESS"), stack("UPDATE_IN_PROGRESS"), stack("UPDATE_COMPLETE"))
	aws.on("DescribeStackEvents", events(begun), events("UPDATE_COMPLETE app", begun))
	aws.on("DescribeChangeSet", setStatus("FAILED", "The submitted information didn't contain changes."))
	equal(t, "changes", s.Apply().Changes.Empty(), true)
	contains(t, "notices", s.notices(), "in UPDATE_IN_PROGRESS since an earlier run of this step")
	contains(t, "log", s.log(), "UPDATE_COMPLETE app")
}

func TestAnInterruptBeforeTheExecutionLeavesNothing(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	ctx, cancel := context.WithCancel(t.Context())
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"))
	waiting := setStatus("CREATE_IN_PROGRESS", "")
	waiting.arrived = func() { cancel() }
	aws.on("DescribeChangeSet", waiting)
	_, err := s.Try(ctx, schema.CommandApply)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	equal(t, "requests", aws.actions(), "CreateChangeSet DeleteChangeSet")
}

func TestThrottlingIsWaitedOut(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", refusal("Throttling", "Rate exceeded"), stack("CREATE_COMPLETE"))
	equal(t, "deployed", s.Deployed(), true)
	s.Variables["AWS_MAX_ATTEMPTS"] = "1"
	aws.on("DescribeStacks", refusal("Throttling", "Rate exceeded"))
	_, err := s.Try(t.Context(), schema.CommandApply)
	contains(t, "failure", s.shown(err), "DescribeStacks failed: Rate exceeded (Throttling)")
	equal(t, "nothing was changed", untouched(err), true)

	// Once the change set is about to be executed, nobody knows what AWS has begun.
	aws.on("DescribeStacks", missing, stack("CREATE_COMPLETE"))
	aws.on("DescribeChangeSet", changes("Add A"))
	aws.on("DescribeStackEvents", announcedEvents)
	aws.on("ExecuteChangeSet", refusal("Throttling", "Rate exceeded"))
	_, err = s.Try(t.Context(), schema.CommandApply)
	contains(t, "failure", s.shown(err), "ExecuteChangeSet failed: Rate exceeded (Throttling)")
	equal(t, "nothing was changed", untouched(err), false)
}

func untouched(err error) bool {
	failure, ok := errors.AsType[*environments.Failure](err)
	return ok && failure.Untouched
}

// Such a change set has no changes of resources, and is not empty.
func TestAChangeOfOutputsAloneIsAChange(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"), stack("UPDATE_COMPLETE", outputs("Arn", "new")))
	aws.on("DescribeChangeSet", changes())
	aws.on("DescribeStackEvents", announcedEvents, events("UPDATE_COMPLETE app", "REVIEW_IN_PROGRESS app"))
	aws.on("ListChangeSets", refusal("AccessDenied", "not authorized")) // only for tidying up
	result := s.Apply()
	equal(t, "changes", result.Changes.Empty(), false)
	equal(t, "outputs", shows(result.Outputs), `Arn="new"`)
}

func TestChangesAndEventsOnSeveralPages(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"), stack("UPDATE_COMPLETE"))
	more := changes("Add A")
	more.body = strings.Replace(more.body, "<Changes>", "<NextToken>n</NextToken><Changes>", 1)
	aws.on("DescribeChangeSet", more, changes("Remove B"))
	newest := events("UPDATE_COMPLETE app")
	newest.body = strings.ReplaceAll(strings.Replace(newest.body, "<StackEvents>", "<NextToken>n</NextToken><StackEvents>", 1), ">e1<", ">e9<")
	aws.on("DescribeStackEvents", announcedEvents, newest, events("UPDATE_IN_PROGRESS B", "REVIEW_IN_PROGRESS app"))
	equal(t, "changes", addresses(s.Apply().Changes), "create A, delete B")
	contains(t, "log", s.log(), "UPDATE_IN_PROGRESS B (AWS::SNS::Topic)\nUPDATE_COMPLETE app")
}

func TestRefusalsAreExplained(t *testing.T) {
	tests := map[string]struct {
		action string
		answer answer
		want   []string
	}{
		"capabilities": {
			"CreateChangeSet", refusal("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
			[]string{"CreateChangeSet failed: Requires capabilities : [CAPABILITY_IAM]", "options.capabilities"},
		},
		"rights": {
			"DescribeStacks", refusal("AccessDenied", "User: x is not authorized to perform: cloudformation:DescribeStacks"),
			[]string{"not authorized to perform: cloudformation:DescribeStacks (AccessDenied)"},
		},
		"a change set that fails": {
			"DescribeChangeSet", setStatus("FAILED", "Parameter X must be a number"),
			[]string{"the change set for the stack app failed: Parameter X must be a number"},
		},
		"a stack that cannot be changed": {
			"DescribeStacks", stack("UPDATE_ROLLBACK_FAILED"),
			[]string{"cannot be changed: it is in UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name app"},
		},
		"a template": {
			"ValidateTemplate", refusal("ValidationError", "Unrecognized resource types: [AWS::No]"),
			[]string{"net/cloudformation/template.yaml is not valid: Unrecognized resource types: [AWS::No]"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			aws, s := scripted(t, map[string]string{})
			aws.on(test.action, test.answer)
			contains(t, "failure", s.Fails(schema.CommandApply), test.want...)
			lacks(t, "requests", aws.actions(), "Execute")
		})
	}
}

func TestNoCredentialsAndNoRegion(t *testing.T) {
	_, s := scripted(t, map[string]string{})
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	delete(s.Variables, "AWS_SECRET_ACCESS_KEY")
	contains(t, "failure", s.Fails(schema.CommandApply), "no AWS credentials: set AWS_ACCESS_KEY_ID")
	delete(s.Variables, "AWS_REGION")
	contains(t, "failure", s.Fails(schema.CommandApply), "no AWS region is set")
}

func TestDestroy(t *testing.T) {
	held := result("<StackResourceSummaries>" +
		"<member><LogicalResourceId>A</LogicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>" +
		"<member><LogicalResourceId>B</LogicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>" +
		"<member><LogicalResourceId>C</LogicalResourceId><ResourceStatus>DELETE_COMPLETE</ResourceStatus></member></StackResourceSummaries>")
	begun := "DELETE_IN_PROGRESS app User Initiated"
	t.Run("deletes what is there and tells what is kept", func(t *testing.T) {
		aws, s := scripted(t, map[string]string{})
		aws.on("DescribeStacks", stack("CREATE_COMPLETE"), stack("CREATE_COMPLETE"), stack("DELETE_IN_PROGRESS"), stack("DELETE_COMPLETE"))
		aws.on("ListStackResources", held)
		aws.on("DescribeStackEvents", announcedEvents, announcedEvents,
			events("DELETE_COMPLETE app", "DELETE_SKIPPED B", "DELETE_COMPLETE A", begun, "REVIEW_IN_PROGRESS app"))
		equal(t, "removed", addresses(s.Destroy().Changes), "delete A, forget B")
	})
	t.Run("fails with the reason", func(t *testing.T) {
		aws, s := scripted(t, map[string]string{})
		aws.on("DescribeStacks", stack("CREATE_COMPLETE"), stack("DELETE_FAILED"))
		aws.on("ListStackResources", held)
		aws.on("DescribeStackEvents", announcedEvents, events("DELETE_FAILED app", "DELETE_FAILED A The bucket is not empty", begun, "REVIEW_IN_PROGRESS app"))
		contains(t, "failure", s.Fails(schema.CommandDestroy), "the stack app failed (DELETE_FAILED): DELETE_FAILED A", "The bucket is not empty")
	})
	t.Run("of what is only announced", func(t *testing.T) {
		aws, s := scripted(t, map[string]string{})
		aws.on("DescribeStacks", stack("REVIEW_IN_PROGRESS"), missing)
		equal(t, "changes", s.Destroy().Changes.Empty(), true)
		equal(t, "requests", aws.actions(), "DeleteStack")
	})
	t.Run("needs neither template nor values", func(t *testing.T) {
		aws, s := scripted(t, map[string]string{"template.yaml": "no: template"})
		aws.on("DescribeStacks", stack("CREATE_COMPLETE", "<EnableTerminationProtection>true</EnableTerminationProtection>"))
		aws.on("ListStackResources", held)
		counts(t, s.Do(schema.CommandPlanDestroy).Changes, 0, 0, 2)
		contains(t, "notices", s.notices(), "termination protection")
		aws.on("DeleteStack", refusal("ValidationError", "Stack [app] cannot be deleted while TerminationProtection is enabled"))
		aws.on("DescribeStackEvents", announcedEvents)
		contains(t, "failure", s.Fails(schema.CommandDestroy), "TerminationProtection is enabled")
	})
}

func TestStackActionDeletePinsTheRemoval(t *testing.T) {
	for _, action := range []string{"cli: {stack-action: Delete}", "cli: {cfn-stack-action: delete}"} {
		aws, s := scripted(t, map[string]string{"bitops.config.yaml": named("app", "  "+action+"\n")})
		aws.on("DescribeStacks", stack("CREATE_COMPLETE"))
		aws.on("ListStackResources", result("<StackResourceSummaries><member><LogicalResourceId>A</LogicalResourceId></member></StackResourceSummaries>"))
		counts(t, s.Plan().Changes, 0, 0, 1)
		contains(t, "notices", s.notices(), "stack-action is delete: apply removes the stack app")
		aws.on("DescribeStacks", stack("CREATE_COMPLETE"), stack("DELETE_COMPLETE"))
		aws.on("DescribeStackEvents", announcedEvents)
		counts(t, s.Apply().Changes, 0, 0, 1)
		equal(t, "requests", aws.actions(), "DeleteStack")
	}
}

// Values of NoEcho parameters and of sensitive inputs are shown nowhere (was: values logged at INFO).
func TestWasValuesLoggedAtInfo(t *testing.T) {
	aws, s := scripted(t, map[string]string{
		"template.yaml":      strings.Replace(topics, "Resources:", "  Token: {Type: String, Default: ''}\nResources:", 1),
		"parameters.json":    `[{"ParameterKey": "Password", "ParameterValue": "hunter2hunter2"}]`,
		"bitops.config.yaml": named("app", "") + "    cfn-files: {template-file: template.yaml, parameters: {template-param-file: parameters.json}}\n",
	})
	s.Write(map[string]string{"bitops.config.yaml": "cloudformation: {options: {cfn-stack-name: app, cfn-files: " +
		"{template-file: template.yaml, parameters: {template-param-file: parameters.json}}}}"})
	token := schema.Text("s3cr3t-token")
	token.Sensitive = true
	s.Inputs = schema.Values{"Token": token}
	aws.on("DescribeStacks", missing, stack("ROLLBACK_COMPLETE"))
	aws.on("DescribeChangeSet", changes("Add A"))
	aws.on("DescribeStackEvents", announcedEvents, events("ROLLBACK_COMPLETE app",
		"CREATE_FAILED A hunter2hunter2 is too simple for s3cr3t-token", "REVIEW_IN_PROGRESS app User Initiated"))
	failure := s.Fails(schema.CommandApply)
	contains(t, "failure", failure, "*** is too simple for ***")
	equal(t, "given", aws.given(), "Password=hunter2hunter2 Token=s3cr3t-token")
	all := failure
	for _, e := range s.Events {
		all += e.Text + "\n"
	}
	lacks(t, "what is shown", all, "hunter2", "s3cr3t")
	contains(t, "hidden in results too", strings.Join(s.Hidden, " "), "hunter2hunter2", "s3cr3t-token")
	contains(t, "notices", s.notices(), "the input Token is sensitive", "NoEcho: true hides it")

	aws.on("CreateChangeSet", refusal("ValidationError", "hunter2hunter2 does not match the pattern"))
	aws.on("DescribeStacks", missing)
	contains(t, "failure", s.Fails(schema.CommandPlan), "*** does not match the pattern")

	aws.on("DescribeStacks", stack("CREATE_COMPLETE", outputs("Url", "https://s3cr3t-token@host", "Arn", "a")))
	equal(t, "outputs", shows(s.Outputs()), `Arn="a" Url=(sensitive)`)
}

func TestNoAnswerIsAFailureBeforeAnyChange(t *testing.T) {
	_, s := scripted(t, map[string]string{})
	s.Variables["AWS_ENDPOINT_URL"], s.Variables["AWS_MAX_ATTEMPTS"] = "http://127.0.0.1:1", "1"
	_, err := s.Try(t.Context(), schema.CommandPlan)
	contains(t, "error", err.Error(), "ValidateTemplate: ", "connection refused")
	equal(t, "nothing was changed", untouched(err), true)
}
