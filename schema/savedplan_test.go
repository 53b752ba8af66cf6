package schema_test

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// What is let through unseen is what a tool accounts for, and takes nothing away.
func TestDeferral(t *testing.T) {
	changes := map[string]*schema.Changes{
		"nothing": {}, "what is added": {Add: 1}, "what is changed": {Change: 1}, "what is taken away": {Add: 1, Remove: 1},
		"what is replaced":             {Resources: []schema.ResourceChange{{Address: "a", Action: "replace"}}},
		"what a tool cannot tell":      nil,
		"what a tool can tell in part": {Change: 1, Open: true},
	}
	held := map[schema.Deferral][]string{
		schema.DeferAll:  {},
		schema.DeferSafe: {"what is taken away", "what is replaced", "what a tool cannot tell", "what a tool can tell in part"},
		schema.DeferNone: {
			"what is added", "what is changed", "what is taken away", "what is replaced", "what a tool cannot tell", "what a tool can tell in part",
		},
	}
	for deferral, names := range held {
		want := map[string]bool{}
		for _, name := range names {
			want[name] = true
		}
		for name, c := range changes {
			if got := deferral.Holds(c); got != want[name] {
				t.Errorf("%s holds %s: %t", deferral, name, got)
			}
		}
	}
}
