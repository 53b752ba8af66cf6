package helm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// keptPlan previews something, keeps the plan, and makes the next operations those of that plan.
func (s *story) keptPlan(command schema.Command) environments.Result {
	s.T.Helper()
	s.Artifact = s.T.TempDir()
	return s.Do(command)
}

// byOthers runs an apply that has nothing to do with the plan that is kept.
func (s *story) byOthers() {
	s.T.Helper()
	kept := s.Artifact
	s.Artifact = ""
	s.Apply()
	s.Artifact = kept
}

func TestLifeOfASavedPlan(t *testing.T) {
	s := tellReal(t, chart)
	counts(t, s.keptPlan(schema.CommandPlan).Changes, 1, 0, 0)
	s.processes()
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "processes", s.processes(), "status upgrade(dry) upgrade")
	equal(t, "color", s.data("configmap", "api", "color"), "red")
	contains(t, "applied again", s.stale(schema.CommandApply), "the release api did not exist when it was planned, and does now")

	equal(t, "planned", s.keptPlan(schema.CommandPlan).Changes.Empty(), true)
	s.processes()
	equal(t, "applied", s.Apply().Changes.Empty(), true)
	equal(t, "processes", s.processes(), "status upgrade(dry)")

	s.Write(map[string]string{"values.yaml": "color: green\n"})
	counts(t, s.keptPlan(schema.CommandPlan).Changes, 0, 1, 0)
	s.byOthers() // does the same
	contains(t, "moved on", s.stale(schema.CommandApply), "it was revision 1, deployed, and is revision 2, deployed")

	s.keptPlan(schema.CommandPlanDestroy)
	s.Write(map[string]string{"values.yaml": "color: blue\n"})
	s.byOthers()
	contains(t, "moved on", s.stale(schema.CommandDestroy), "is revision 3")
	counts(t, s.keptPlan(schema.CommandPlanDestroy).Changes, 0, 0, 1)
	counts(t, s.Destroy().Changes, 0, 0, 1)
	equal(t, "destroyed again", s.Destroy().Changes.Empty(), true)
}

func TestASavedPlanPromisesWhatTheChartRenders(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"templates/config.yaml": `{{- $old := lookup "v1" "ConfigMap" .Release.Namespace "by-hand" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: api}
data:
  color: {{ if $old }}{{ $old.data.color }}{{ else }}red{{ end }}
`,
	}))
	s.Apply()
	s.Write(map[string]string{"values.yaml": "color: red\nmore: 1\n", "templates/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"})
	counts(t, s.keptPlan(schema.CommandPlan).Changes, 1, 0, 0)
	kubectl(t, "create", "configmap", "by-hand", "-n", s.namespace, "--from-literal=color=green")
	contains(t, "rendered", s.stale(schema.CommandApply), "renders to something else than was planned: ConfigMap "+s.namespace+"/api differs")
	equal(t, "color", s.data("configmap", "api", "color"), "red")

	kubectl(t, "delete", "configmap", "by-hand", "-n", s.namespace)
	kubectl(t, "delete", "configmap", "api", "-n", s.namespace)
	contains(t, "changes", s.stale(schema.CommandApply), "it would create ConfigMap "+s.namespace+"/api, which was not planned")
}

func TestRandomObjectsAreNotPromised(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"templates/random.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: random}\nstringData: {key: {{ randAlphaNum 20 }}}\n",
		"templates/clock.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: clock}\ndata: {now: {{ now | unixEpoch | quote }}}\n",
	}))
	s.keptPlan(schema.CommandPlan)
	for planned := time.Now().Unix(); time.Now().Unix() == planned; { // what is tested is that the clock moves on
		time.Sleep(10 * time.Millisecond)
	}
	counts(t, s.Apply().Changes, 3, 0, 0)
	contains(t, "notices", s.Texts(schema.EventNotice), "Secret "+s.namespace+"/random comes out differently each time",
		"ConfigMap "+s.namespace+"/clock comes out differently each time")

	s.keptPlan(schema.CommandPlan)
	s.Write(map[string]string{"templates/random.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: random}\nstringData: {key: chosen}\n"})
	contains(t, "chosen", s.stale(schema.CommandApply), "Secret "+s.namespace+"/random differs")
}

func TestAnArtifactHoldsNoSecrets(t *testing.T) {
	const canary = "s3cr3t-canary"
	s := tellReal(t, with(chart, map[string]string{
		"templates/secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\nstringData: {key: {{ .Values.color | quote }}}\n",
	}))
	s.Inputs = schema.Values{"color": sensitive(canary)}
	s.keptPlan(schema.CommandPlan)
	check(t, readable(s.Artifact, func(name, text string) {
		lacks(t, name, text, canary)
		contains(t, name, text, `"ConfigMap `+s.namespace+`/api":"salted:`, `"Secret `+s.namespace+`/api":"salted:`)
	}))
	counts(t, s.Apply().Changes, 2, 0, 0)
	s.Inputs = schema.Values{"color": sensitive("another")}
	s.keptPlan(schema.CommandPlan)
	s.Inputs = schema.Values{"color": sensitive("a third one")}
	contains(t, "another value", s.stale(schema.CommandApply), "ConfigMap "+s.namespace+"/api differs")
}

// A release that is left half done is repaired as it was planned, and only from the state that was looked at.
func TestARepairCanBePlanned(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	s.Write(map[string]string{"values.yaml": "color: green\n", "templates/bad.yaml": badName})
	contains(t, "failure", s.Fails(schema.CommandApply).Message, "Not_A_Name")
	s.Write(map[string]string{"templates/bad.yaml": ""})
	counts(t, s.keptPlan(schema.CommandPlan).Changes, 0, 1, 0)
	s.processes()
	counts(t, s.Apply().Changes, 0, 1, 0)
	equal(t, "processes", s.processes(), "status history status template rollback upgrade")
	equal(t, "color", s.data("configmap", "api", "color"), "green")
	contains(t, "again", s.stale(schema.CommandApply), "moved on")
}

// readable visits the files of a directory.
func readable(dir string, visit func(name, text string)) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return fmt.Errorf("%s holds no files: %w", dir, err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		visit(entry.Name(), string(text))
	}
	return nil
}
