package helm

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestApplyUnchangedChangeDestroy(t *testing.T) {
	s := tellReal(t, chart)

	first := s.Apply()
	equal(t, "processes", s.processes(), "version status upgrade")
	counts(t, first.Changes, 1, 0, 0)
	equal(t, "resources", addresses(first.Changes), []string{"create ConfigMap " + s.namespace + "/api"})
	equal(t, "color", s.data("configmap", "api", "color"), "red")
	contains(t, "log", s.Texts(schema.EventOutputLine), "+ ConfigMap "+s.namespace+"/api")

	again := s.Apply()
	equal(t, "processes", s.processes(), "status upgrade(dry)")
	equal(t, "unchanged", again.Changes.Empty(), true)

	s.Write(map[string]string{"values.yaml": "color: green\n"})
	planned := s.Plan()
	equal(t, "processes", s.processes(), "status upgrade(dry)")
	counts(t, planned.Changes, 0, 1, 0)
	contains(t, "log", s.Texts(schema.EventOutputLine), "~ ConfigMap "+s.namespace+"/api", `data.color: "red" -> "green"`)
	equal(t, "color", s.data("configmap", "api", "color"), "red")

	changed := s.Apply()
	equal(t, "processes", s.processes(), "status upgrade(dry) upgrade")
	equal(t, "changes", changed.Changes, planned.Changes)
	equal(t, "color", s.data("configmap", "api", "color"), "green")
	equal(t, "deployed", s.Deployed(), true)
	s.processes()

	counts(t, s.Do(schema.CommandPlanDestroy).Changes, 0, 0, 1)
	equal(t, "processes", s.processes(), "status")
	gone := s.Destroy()
	equal(t, "processes", s.processes(), "status uninstall")
	counts(t, gone.Changes, 0, 0, 1)
	equal(t, "objects", kubectl(t, "get", "configmap,secret", "-n", s.namespace, "-o", "name"), "")
	nothing := s.Destroy()
	equal(t, "processes", s.processes(), "status")
	equal(t, "unchanged", nothing.Changes.Empty(), true)
	equal(t, "deployed", s.Deployed(), false)
}
