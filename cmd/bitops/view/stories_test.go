package view_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

const (
	network  = schema.StepName("network/terraform")
	backend  = schema.StepName("backend/terraform")
	frontend = schema.StepName("frontend/terraform")
	playbook = schema.StepName("backend/ansible")
	dns      = schema.StepName("dns/terraform")
)

var steps = []string{"network/terraform", "dns/terraform", "backend/terraform", "backend/ansible", "frontend/terraform"}

// everythingWorks is an apply in which something changes and something does not.
func everythingWorks() *story {
	return tell(schema.CommandApply, steps...).
		start(network).start(dns).
		phase(network, schema.PhaseInit, "terraform init").
		prints(network, "Initializing the backend...", "").
		phase(network, schema.PhaseTool, "terraform apply").
		progress(network, "creating aws_vpc.main").
		prints(dns, "No changes. Your infrastructure matches the configuration.").
		end(dns, schema.Unchanged, 400*time.Millisecond, &schema.Changes{}).
		prints(network, "aws_vpc.main: Creation complete", "Apply complete!").
		end(network, schema.Succeeded, 1200*time.Millisecond, changes("create aws_vpc.main", "create aws_subnet.a", "create aws_subnet.b")).
		start(backend).
		notice(backend, "no default overlay for helm").
		end(backend, schema.Succeeded, 65*time.Second, changes("create aws_instance.web", "update aws_security_group.web")).
		start(playbook).
		end(playbook, schema.Succeeded, 8300*time.Millisecond, nil).
		start(frontend).
		end(frontend, schema.Succeeded, 900*time.Millisecond, &schema.Changes{Outputs: 2}).
		finish(schema.Succeeded, 76*time.Second)
}

// retried is an apply in which a tool succeeds at the second attempt, and another one not even at the third.
func retried() *story {
	s := tell(schema.CommandApply, "network/terraform", "dns/terraform").start(network).start(dns).
		phase(network, schema.PhaseInit, "terraform init").prints(network, "Error: Failed to install provider")
	again := func(step schema.StepName, attempt int, reason string, pause time.Duration) {
		s.add(schema.Event{
			Type: schema.EventAttemptFailed, Step: step, Phase: schema.PhaseInit, Attempt: attempt, Attempts: 3, Reason: reason,
			Pause: pause, Duration: 2 * time.Second, Error: &schema.StepError{Message: "terraform init exited with code 1"},
		})
	}
	again(network, 1, "net/http: TLS handshake timeout", 3800*time.Millisecond)
	again(dns, 1, "Error acquiring the state lock Error message: the state is locked\x1b[31m by somebody "+strings.Repeat("else ", 40), 4*time.Second)
	s.end(network, schema.Succeeded, 8*time.Second, changes("create aws_vpc.main"))
	again(dns, 2, "Error acquiring the state lock", 8*time.Second)
	return s.fail(dns, 90*time.Second, schema.StepError{Message: "terraform init exited with code 1", Phase: schema.PhaseInit, ExitCode: 1}).
		finish(schema.Failed, 91*time.Second)
}

// oneFails is an apply in which a failure blocks others, and a step fails in a hook.
func oneFails() *story {
	return tell(schema.CommandApply, append(steps, "mail/helm/postfix")...).
		notice("", "terraform 1.11.4 is older than the 1.12 that backend asks for").
		start(network).start("mail/helm/postfix").
		end(network, schema.Succeeded, 1200*time.Millisecond, changes("create aws_vpc.main", "create aws_subnet.a", "create aws_subnet.b")).
		start(backend).start(dns).
		end(dns, schema.Unchanged, 400*time.Millisecond, &schema.Changes{}).
		prints("mail/helm/postfix", "helm: command not found").
		fail("mail/helm/postfix", 200*time.Millisecond, schema.StepError{
			Message: "hook 10-login.sh exited with code 127", Phase: schema.PhaseBefore, ExitCode: 127,
			Lines: []string{"10-login.sh: line 3: helm: command not found"},
		}).
		prints(backend, "aws_instance.web: Creating...", "Error: creating EC2 Instance: InvalidAMIID.NotFound").
		fail(backend, 3100*time.Millisecond, schema.StepError{
			Message: "terraform apply exited with code 1", Phase: schema.PhaseTool, ExitCode: 1,
			Lines: []string{
				"Error: creating EC2 Instance: InvalidAMIID.NotFound: The image id '[ami-0]' does not exist", "",
				"  with aws_instance.web,", "  on main.tf line 12, in resource \"aws_instance\" \"web\":",
			},
		}).
		block(playbook, backend).
		block(frontend, backend).
		finish(schema.Failed, 4400*time.Millisecond)
}

// nothingChanges is an apply of what is deployed already.
func nothingChanges() *story {
	s := tell(schema.CommandApply, steps...)
	for _, step := range []schema.StepName{network, dns, backend, playbook, frontend} {
		s.start(step).end(step, schema.Unchanged, 400*time.Millisecond, &schema.Changes{})
	}
	return s.finish(schema.Succeeded, 1300*time.Millisecond)
}

// interrupted is an apply that a person stopped.
func interrupted() *story {
	return tell(schema.CommandApply, steps...).
		start(network).
		end(network, schema.Succeeded, 1200*time.Millisecond, changes("create aws_vpc.main")).
		start(backend).start(dns).
		stopping("interrupted: nothing new starts, 2 running steps get time to finish (again: kill them)").
		end(dns, schema.Unchanged, 400*time.Millisecond, &schema.Changes{}).
		because(backend, schema.Interrupted, 2500*time.Millisecond, "terraform was interrupted while it applied").
		because(playbook, schema.NotStarted, 0, "").
		because(frontend, schema.NotStarted, 0, "").
		finish(schema.Interrupted, 4*time.Second)
}

// orphaned is a plan of a repository in which something is deployed that the manifest no longer has.
func orphaned() *story {
	s := as(schema.CommandPlan, nothingChanges())
	at := time.Date(2025, 5, 20, 12, 0, 0, 0, time.UTC)
	s.events[0].Orphans = []schema.Orphan{
		{Step: "legacy/terraform", Environment: "legacy", State: schema.StateDeployed, Run: "20250520-120000-aa0001", Time: at, Kept: true},
		{Step: "legacy/helm/web", Environment: "legacy", State: schema.StatePartial, Run: "20250520-120000-aa0001", Time: at, Kept: true},
		{Step: "backend/helm/old", Environment: "backend", State: schema.StateDeployed, Run: "20250520-120000-aa0001", Time: at, Kept: true},
		{Step: "ancient/terraform", Environment: "ancient", State: schema.StateDeployed, Run: "20240520-120000-aa0001", Time: at},
	}
	return s
}

// held is an apply in which a deferred step would destroy something.
func held() *story {
	return tell(schema.CommandApply, steps...).
		start(network).
		end(network, schema.Succeeded, 1200*time.Millisecond, changes("update aws_vpc.main")).
		start(backend).
		add(schema.Event{
			Type: schema.EventStepFinished, Step: backend, Outcome: schema.Held, Duration: 700 * time.Millisecond,
			Reason:  "planned with its real inputs, it replaces 1 resource",
			Changes: changes("create aws_eip.web", "replace aws_instance.web"),
		}).
		block(playbook, backend).block(frontend, backend).
		because(dns, schema.Skipped, 0, "").
		finish(schema.Held, 2*time.Second)
}

// destroyed is a destroy.
func destroyed() *story {
	return tell(schema.CommandDestroy, "network/terraform", "backend/terraform").
		start(backend).
		end(backend, schema.Succeeded, 2*time.Second, changes("delete aws_instance.web", "delete aws_eip.web")).
		start(network).
		end(network, schema.Succeeded, time.Second, changes("delete aws_vpc.main")).
		finish(schema.Succeeded, 3*time.Second)
}

// teardown is the plan of a destroy.
func teardown() *story {
	return tell(schema.CommandPlanDestroy, "network/terraform", "backend/terraform", "dns/terraform").
		start(backend).
		end(backend, schema.Succeeded, 2*time.Second, changes("delete aws_instance.web", "delete aws_eip.web")).
		start(network).
		end(network, schema.Succeeded, time.Second, changes("delete aws_vpc.main")).
		start(dns).
		because(dns, schema.Unchanged, 100*time.Millisecond, "nothing of it is deployed").
		finish(schema.Succeeded, 3*time.Second)
}

// failsFast is an apply in which a failure also keeps back what does not depend on it.
func failsFast() *story {
	s := tell(schema.CommandApply, steps...).
		start(network).
		fail(network, time.Second, schema.StepError{Message: "terraform init exited with code 1", Phase: schema.PhaseInit})
	for _, step := range []schema.StepName{backend, playbook, frontend} {
		s.block(step, network)
	}
	return s.add(schema.Event{
		Type: schema.EventStepFinished, Step: dns, Outcome: schema.NotStarted, Cause: network,
	}).finish(schema.Failed, 2*time.Second)
}

// planned is a plan with everything a plan can hold.
func planned() *story {
	return tell(schema.CommandPlan, append(steps,
		"database/terraform", "cache/hello", "old/terraform", "api/helm", "web/helm", "batch/terraform", "queue/terraform", "mail/terraform")...).
		start(network).
		end(network, schema.Succeeded, 500*time.Millisecond, changes("create aws_vpc.main", "create aws_subnet.a")).
		start(dns).end(dns, schema.Unchanged, 300*time.Millisecond, &schema.Changes{}).
		start(backend).
		end(backend, schema.Succeeded, 700*time.Millisecond, changes(
			"create aws_eip.web", "replace aws_instance.web", "update aws_security_group.web", "delete aws_instance.bastion",
			"read data.aws_ami.debian", "import aws_iam_role.web")).
		start(playbook).
		add(schema.Event{
			Type: schema.EventStepFinished, Step: playbook, Outcome: schema.Deferred,
			Deferred: []schema.Waiting{{Input: "host", For: []string{`steps["backend/terraform"].outputs.public_ip`}}},
		}).
		add(schema.Event{
			Type: schema.EventStepFinished, Step: frontend, Outcome: schema.Deferred,
			Deferred: []schema.Waiting{
				{Input: "api_url", For: []string{"outputs.backend.host", "outputs.backend.port"}},
				{Input: "vpc_id", For: []string{"outputs.network.vpc_id"}},
			},
			Changes: changes("create aws_s3_bucket.site", "replace aws_s3_object.index"),
		}).
		start("cache/hello").end("cache/hello", schema.Succeeded, 100*time.Millisecond, nil).
		start("old/terraform").
		add(schema.Event{
			Type: schema.EventStepFinished, Step: "old/terraform", Outcome: schema.Succeeded, Duration: 300 * time.Millisecond,
			Reason: "pinned: its stack-action is destroy", Changes: changes("delete aws_db_instance.old"),
		}).
		start("batch/terraform").end("batch/terraform", schema.Succeeded, 300*time.Millisecond, &schema.Changes{Outputs: 1}).
		start("queue/terraform").
		add(schema.Event{
			Type: schema.EventStepFinished, Step: "queue/terraform", Outcome: schema.Deferred, Duration: 200 * time.Millisecond,
			Reason: "planned again after network/terraform, because its preview failed",
			Error: &schema.StepError{
				Message: "terraform plan failed: Unable to find remote state", Phase: schema.PhaseTool,
				Lines: []string{"Error: Unable to find remote state", "  at queue/terraform/main.tf:1:35"},
			},
		}).
		start("mail/terraform").
		add(schema.Event{
			Type: schema.EventStepFinished, Step: "mail/terraform", Outcome: schema.Unchanged, Duration: 200 * time.Millisecond,
			Changes: &schema.Changes{}, ReplannedAfter: []schema.StepName{network, backend},
		}).
		because("api/helm", schema.Skipped, 0, "skip-deploy is set").
		because("web/helm", schema.Skipped, 0, "").
		because("database/terraform", schema.Skipped, 0, "").
		finish(schema.Succeeded, 2*time.Second)
}

// odd is a run whose tools and names do their worst.
func odd() *story {
	evil := schema.StepName("\x1b]0;owned\a::error::x/\u202eterraform\x1b[2J")
	return tell(schema.CommandApply, string(evil), "naïve-日本/terraform", "network/terraform").
		start(evil).start("naïve-日本/terraform").
		prints(evil,
			"::add-mask::everything", "  ::set-env name=PATH::/tmp", "##[group]x", "\x1b[31mred\x1b[0m and \x1b[2Kgone",
			"10%\r50%\r100%", "bell\a null\x00 not utf-8 \xff\xfe", "right-to-left \u202e txt.exe", "two\nlines",
			"\x1b]8;;https://example.com\aa link\x1b]8;;\a", "c1 \u009b31m csi", "\r::error::after a return",
			"section_start:1:x\r\x1b[0Kfolded").
		notice(evil, "::warning::\x1b[31mred").
		end("naïve-日本/terraform", schema.Succeeded, time.Second, changes("create ::add-mask::x", "delete \x1b[1mbold")).
		fail(evil, time.Second, schema.StepError{
			Message: "::error::100% wrong\n##[error]two, lines\x1b[5m", Phase: "::phase",
			Lines: []string{"::debug::1", "\x1b[31mError:\x1b[0m red\nmore", "\t##[section]"},
		}).
		block(network, evil).
		finish(schema.Failed, 2*time.Second)
}

// thousands is a run of 10,000 environments in which the 41st and 20 others fail.
func thousands() *story {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("environment-%05d/terraform", i+1)
	}
	s := tell(schema.CommandApply, names...)
	for i, text := range names {
		name := schema.StepName(text)
		switch {
		case i >= 6000:
			s.block(name, schema.StepName(names[40]))
		case i%100 == 40 && i < 2500:
			s.start(name).fail(name, time.Second, schema.StepError{Message: "terraform apply exited with code 1", Lines: []string{"Error: no"}})
		case i%2 == 0:
			s.start(name).end(name, schema.Succeeded, time.Second, changes("create x.y", "update x.z"))
		default:
			s.start(name).end(name, schema.Unchanged, time.Second, &schema.Changes{})
		}
	}
	return s.finish(schema.Failed, 3*time.Hour)
}
