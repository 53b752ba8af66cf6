package helm

import (
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// badName is an object that helm renders and the API server refuses.
const badName = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_A_Name}\n"

// BitOps rolled a failed release back, never deployed the chart, and exited with code 0.
func TestWasAFailedReleaseRolledBackAndNeverDeployed(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	s.Write(map[string]string{"values.yaml": "color: green\n", "templates/bad.yaml": badName})
	failure := s.Fails(schema.CommandApply)
	equal(t, "exit code", failure.ExitCode, 1)
	contains(t, "message", failure.Message, "helm upgrade failed: UPGRADE FAILED", "Not_A_Name")
	equal(t, "status", s.status(), "failed")

	s.Write(map[string]string{"values.yaml": "color: blue\n", "templates/bad.yaml": ""})
	s.processes()
	planned := s.Plan()
	equal(t, "processes", s.processes(), "status history status template")
	contains(t, "notices", s.Texts(schema.EventNotice), "revision 2 of release api is failed: apply rolls it back to revision 1 first")
	equal(t, "status after a plan", s.status(), "failed")
	applied := s.Apply()
	equal(t, "processes", s.processes(), "status history status template rollback upgrade")
	contains(t, "notices", s.Texts(schema.EventNotice), "it is rolled back to revision 1 first")
	counts(t, applied.Changes, 0, 1, 0)
	equal(t, "changes", applied.Changes, planned.Changes)
	equal(t, "color", s.data("configmap", "api", "color"), "blue")
	equal(t, "status", s.status(), "deployed")
}

func TestARepairAloneIsNoUnchangedStep(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	s.Write(map[string]string{"templates/bad.yaml": badName})
	contains(t, "message", s.Fails(schema.CommandApply).Message, "Not_A_Name")
	s.Write(map[string]string{"templates/bad.yaml": ""})
	if planned := s.Plan(); planned.Changes != nil {
		t.Errorf("planned %+v", planned.Changes)
	}
	if applied := s.Apply(); applied.Changes != nil {
		t.Errorf("applied %+v", applied.Changes)
	}
	equal(t, "unchanged then", s.Apply().Changes.Empty(), true)
}

func TestAReleaseThatNeverWasDeployedIsRemovedFirst(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"templates/bad.yaml": badName}))
	contains(t, "message", s.Fails(schema.CommandApply).Message, "helm upgrade failed")
	equal(t, "deployed", s.Deployed(), true)

	s.Write(map[string]string{"templates/bad.yaml": ""})
	s.processes()
	planned := s.Plan()
	equal(t, "processes", s.processes(), "status history template")
	counts(t, planned.Changes, 1, 0, 0)
	applied := s.Apply()
	equal(t, "processes", s.processes(), "status history template uninstall upgrade")
	contains(t, "notices", s.Texts(schema.EventNotice), "never was deployed: it is removed first")
	counts(t, applied.Changes, 1, 0, 0)
	equal(t, "color", s.data("configmap", "api", "color"), "red")
}

// waiting is a hook that never ends where nothing runs pods.
const waiting = `apiVersion: batch/v1
kind: Job
metadata:
  name: wait
  annotations: {helm.sh/hook: pre-upgrade}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: wait, image: none}]
`

func TestAKilledUpgradeIsRepaired(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	s.Write(map[string]string{"templates/wait.yaml": waiting, "values.yaml": "color: green\n"})
	killed := s.helmByHand("upgrade", "api", s.Source())
	check(t, killed.Start())
	for s.status() != "pending-upgrade" {
		time.Sleep(50 * time.Millisecond)
	}
	check(t, killed.Process.Kill())
	killed.Wait()

	s.Write(map[string]string{"templates/wait.yaml": ""})
	counts(t, s.Plan().Changes, 0, 1, 0)
	contains(t, "notices", s.Texts(schema.EventNotice), "is pending-upgrade: apply rolls it back to revision 1 first")
	counts(t, s.Apply().Changes, 0, 1, 0)
	equal(t, "color", s.data("configmap", "api", "color"), "green")
	equal(t, "status", s.status(), "deployed")
}

func TestARepairThatFailsIsAFailure(t *testing.T) {
	s := tell(t, chart).fake("helm", fakeVersion+`
case "$1" in
status) echo '{"name":"api","version":3,"info":{"status":"pending-rollback"}}' ;;
history) echo '[{"revision":1,"status":"superseded"},{"revision":2,"status":"failed"},{"revision":3,"status":"pending-rollback"}]' ;;
rollback) echo "Error: no space left" >&2; exit 1 ;;
esac`)
	failure := s.Fails(schema.CommandApply)
	equal(t, "message", failure.Message,
		"revision 3 of release api is pending-rollback, and cannot be repaired: helm rollback failed: no space left")
	equal(t, "exit code", failure.ExitCode, 1)
	equal(t, "processes", s.processes(), "version status history status template rollback")
}

// status is that of the last revision, as helm has it in the cluster.
func (s *story) status() string {
	s.T.Helper()
	statuses := kubectl(s.T, "get", "secret", "-n", s.namespace, "-l", "owner=helm,name=api", "--sort-by=.metadata.creationTimestamp",
		"-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.labels.status}{"\n"}{end}`)
	lines := strings.Fields(strings.TrimSpace(statuses))
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}
