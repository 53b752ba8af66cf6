package helm

import (
	"errors"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A saved plan is applied as long as it changes what it was to change; after somebody else changed the release it is not.
func TestASavedPlanHasToChangeTheSame(t *testing.T) {
	s := tellReal(t, chart)
	s.artifact = t.TempDir()
	counts(t, s.plan().Changes, 1, 0, 0)
	s.planned = true
	counts(t, s.apply().Changes, 1, 0, 0)
	_, err := s.try(t.Context(), schema.CommandApply) // the release is there already
	if stale, ok := errors.AsType[*environments.StaleError](err); !ok {
		t.Errorf("a second apply: %v", stale)
	}
	equal(t, "objects", s.data("configmap", "api", "color"), "red")

	s.planned = false
	counts(t, s.do(schema.CommandPlanDestroy).Changes, 0, 0, 1)
	s.planned = true
	counts(t, s.destroy().Changes, 0, 0, 1)
}
