package helm

import (
	"bytes"
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// failing runs an apply that must fail, and returns what it says that it changed.
func (s *story) failing() (environments.Result, *environments.Failure) {
	s.T.Helper()
	result, err := s.Try(s.T.Context(), schema.CommandApply)
	failure, ok := err.(*environments.Failure) //nolint:errorlint // as the lifecycle has it
	if !ok {
		s.T.Fatalf("error %v (%T), want a failure", err, err)
	}
	return result, failure
}

// immutable is a chart with objects that can be changed and one that cannot.
var immutable = with(chart, map[string]string{
	"templates/config.yaml": "", // the API server goes by kinds: the Job comes last
	"templates/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: api}
data: {color: {{ .Values.color }}}
---
apiVersion: v1
kind: Secret
metadata: {name: api}
stringData: {color: {{ .Values.color }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: steady}
---
apiVersion: batch/v1
kind: Job
metadata: {name: api}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: {{ .Values.color }}}]}}}
`,
})

func TestAFailedUpgradeTellsWhatItChanged(t *testing.T) {
	s := tellReal(t, immutable)
	s.Apply()
	s.Write(map[string]string{
		"values.yaml":        "color: green\n",
		"templates/new.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n",
	})
	ns := s.namespace
	planned := s.keptPlan(schema.CommandPlan)
	counts(t, planned.Changes, 1, 3, 0)
	contains(t, "notices of the plan", s.Texts(schema.EventNotice), "the cluster would refuse to change Job "+ns+"/api: ", "field is immutable")
	lacks(t, "notices of the plan", s.Texts(schema.EventNotice), "TerminationMessagePath", "ConfigMap")
	result, failure := s.failing()
	contains(t, "message", failure.Message, `cannot patch "api" with kind Job`, "field is immutable")
	lacks(t, "message", failure.Message, "TerminationMessagePath")
	equal(t, "changed", addresses(result.Changes), []string{"update ConfigMap " + ns + "/api", "update Secret " + ns + "/api"})
	equal(t, "the new one is removed again", kubectl(t, "get", "configmap", "new", "-n", ns, "--ignore-not-found"), "")
	log := s.Texts(schema.EventOutputLine)
	contains(t, "log", log, `    data.color: "red" -> "green"`, "    data.color: (not shown)")

	s.Artifact = ""
	result, _ = s.failing() // rolled back, and upgraded as far as it goes
	equal(t, "changed", addresses(result.Changes), []string(nil))
}

func TestAFailedFirstReleaseTellsWhatItMade(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"templates/bad.yaml": badName}))
	result, _ := s.failing()
	there := kubectl(t, "get", "configmap", "api", "-n", s.namespace, "--ignore-not-found", "-o", "name")
	if there == "" {
		counts(t, result.Changes, 0, 0, 0)
	} else {
		equal(t, "changed", addresses(result.Changes), []string{"create ConfigMap " + s.namespace + "/api"})
	}
}

// A hook that fails has run: its object is there, and so are those of the hooks before it.
func TestAFailedHookTellsWhatItMade(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	time.Sleep(time.Second) // the cluster's clock counts in seconds
	s.Write(map[string]string{
		"values.yaml": "color: green\n",
		"templates/hook.yaml": `apiVersion: v1
kind: Secret
metadata: {name: first, annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-weight: "-1"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: Not_A_Name, annotations: {helm.sh/hook: pre-upgrade}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: after, annotations: {helm.sh/hook: post-upgrade}}
`,
	})
	result, failure := s.failing()
	contains(t, "message", failure.Message, "pre-upgrade hooks failed: ", "Not_A_Name")
	equal(t, "changed", addresses(result.Changes), []string{"create Secret " + s.namespace + "/first (hook)"})
}

func TestAnInterruptedUpgradeTellsWhatItChanged(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	s.Write(map[string]string{
		"values.yaml": "color: green\n", // helm waits for the Job after it has changed the ConfigMap
		"templates/wait.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: wait\n  annotations: {helm.sh/hook: post-upgrade}\n" +
			"spec: {template: {spec: {restartPolicy: Never, containers: [{name: wait, image: none}]}}}\n",
	})
	ctx, cancel := context.WithCancel(t.Context())
	s.Watch = func(e schema.Event) {
		if e.Type != schema.EventPhaseStarted || e.Text != "helm upgrade" {
			return
		}
		s.Watch = func(schema.Event) {}
		go func() {
			defer cancel()
			for t.Context().Err() == nil && !bytes.Contains(color(t, s), []byte("green")) {
				time.Sleep(50 * time.Millisecond)
			}
		}()
	}
	result, err := s.Try(ctx, schema.CommandApply)
	if err == nil {
		t.Fatal("no error")
	}
	if result.Changes == nil {
		t.Fatal("no changes")
	}
	contains(t, "changed", strings.Join(addresses(result.Changes), "\n"), "update ConfigMap "+s.namespace+"/api")
}

// color returns the ConfigMap as it is while helm is running.
func color(t *testing.T, s *story) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, file, requireCluster(t))
	c := exec.Command(requireTool(t, "kubectl"), "--kubeconfig", file, "get", "configmap", "api", "-n", s.namespace, "-o", "yaml")
	out, _ := c.CombinedOutput()
	return out
}

func TestAFailedUpgradeOfWhichNothingIsKnown(t *testing.T) {
	s := tellReal(t, immutable)
	s.Apply()
	s.Write(map[string]string{"values.yaml": "color: green\n"})
	failed := false
	s.throughProxy(func(r *http.Request) bool {
		failed = failed || r.Method == http.MethodPatch
		return failed && r.Method == http.MethodGet
	})
	result, _ := s.failing()
	if result.Changes != nil {
		t.Errorf("changes %+v", result.Changes)
	}
	contains(t, "notices", s.Texts(schema.EventNotice), "what the failed upgrade changed is not known: ")
}
