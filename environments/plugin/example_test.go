package plugin

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// The example in docs is planned, deployed, deployed again, and taken down.
func TestExampleRepository(t *testing.T) {
	s := tell(t, nil)
	check(t, os.RemoveAll(s.repository))
	check(t, os.CopyFS(s.repository, os.DirFS(filepath.Join("..", "..", "docs", "examples", "plugin"))))
	check(t, os.RemoveAll(s.path(".bitops"))) // of a run of the example in its place
	check(t, os.MkdirAll(s.path(".bitops", "work"), 0o755))
	manifest, problems := schema.LoadManifest(s.repository, schema.ManifestName)
	equal(t, "problems of the manifest", problems.Error(), "")
	s.declared, _ = manifest.Settings.Plugins.Get("hello")
	equal(t, "problems of the plugin", s.problems(), "")

	do := func(environment string, command schema.Command, inputs schema.Values) environments.StepResult {
		t.Helper()
		step := s.step()
		step.Name, step.Environment, step.EnvironmentPath = schema.StepName(environment+"/hello"), schema.EnvironmentName(environment), environment
		s.events = nil
		r := s.lifecycle().Do(t.Context(), environments.Request{Step: step, Command: command, Inputs: inputs}, s.observe)
		if r.Error != nil {
			t.Fatalf("%s %s: %+v", command, environment, r.Error)
		}
		return r
	}
	equal(t, "plan", do("blue", schema.CommandPlan, nil).Changes, &schema.Changes{Add: 1})
	equal(t, "greetings", exists(s.path("greetings")), false)
	blue := do("blue", schema.CommandApply, nil)
	output(t, blue.Outputs, "greeting", "Hello, Ada Lovelace!")

	inputs := schema.Values{"previous": blue.Outputs["greeting"]}
	green := do("green", schema.CommandApply, inputs)
	output(t, green.Outputs, "greeting", "GOOD MORNING, GRACE HOPPER! (AFTER: HELLO, ADA LOVELACE!)")
	contains(t, "log", s.log(), "about to run: hello --name=Grace Hopper --loud")
	again := do("green", schema.CommandPlan, inputs)
	equal(t, "again", again.Outcome, schema.Unchanged)
	output(t, again.Outputs, "greeting", "GOOD MORNING, GRACE HOPPER! (AFTER: HELLO, ADA LOVELACE!)")

	equal(t, "destroy", do("green", schema.CommandDestroy, inputs).Changes, &schema.Changes{Remove: 1})
	equal(t, "destroy", do("blue", schema.CommandDestroy, nil).Changes, &schema.Changes{Remove: 1})
	equal(t, "destroy again", do("blue", schema.CommandDestroy, nil).Outcome, schema.Unchanged)
}
