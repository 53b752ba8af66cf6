package ansible

import (
	"slices"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestWarningsOfStandardError(t *testing.T) {
	for name, c := range map[string]struct{ lines, want []string }{
		"a wrapped one is put together": {
			[]string{
				"[WARNING]: provided hosts list is empty, only localhost is available. Note that",
				"the implicit localhost does not match 'all'",
			},
			[]string{"provided hosts list is empty, only localhost is available. Note that the implicit localhost does not match 'all'"},
		},
		"what follows a short one is not part of it": {
			[]string{"[WARNING]: No inventory was parsed", "ssh: something else"}, []string{"No inventory was parsed"},
		},
		"one follows another": {
			[]string{"[WARNING]: one", "[DEPRECATION WARNING]: two", "", "ERROR! three"}, []string{"one", "two"},
		},
		"an empty line ends it": {
			[]string{"[WARNING]: a line that is as long as it can be before ansible wraps it at words, a", "", "b"},
			[]string{"a line that is as long as it can be before ansible wraps it at words, a"},
		},
		"no warning": {[]string{"ERROR! the playbook could not be found", "a [WARNING]: in the middle"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			w := &warnings{tell: func(w schema.Warning) { got = append(got, w.Text) }}
			for _, line := range c.lines {
				w.line(line)
			}
			w.end()
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
