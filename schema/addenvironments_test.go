package schema_test

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestAddEnvironments(t *testing.T) {
	const added = "  environments:\n    api: {}\n    \"007\": {}\n"
	for _, test := range []struct {
		name, manifest, want string
		rewritten            bool
	}{
		{"an empty file", "", "bitops:\n" + added, false},
		{"a comment alone", "# ours\n", "# ours\nbitops:\n" + added, false},
		{"an empty key", "bitops:\n", "bitops:\n" + added, false},
		{
			"settings, without an end of line",
			"# head\nbitops:\n  fail_fast: true # always\n\n  logging:\n    level: DEBUG",
			"# head\nbitops:\n  fail_fast: true # always\n\n  logging:\n    level: DEBUG\n" + added, false,
		},
		{
			"a wider indent, and something after it",
			"bitops:\n    fail_fast: true\n    # done\n\n# other\nother: 1\n",
			"bitops:\n    fail_fast: true\n    # done\n    environments:\n      api: {}\n      \"007\": {}\n\n# other\nother: 1\n", false,
		},
		{
			"a text of several lines at the end",
			"bitops:\n  logging:\n    path: |\n      a\n\n      b\n\nother: 1\n",
			"bitops:\n  logging:\n    path: |\n      a\n\n      b\n" + added + "\nother: 1\n", false,
		},
		{"all in one line", "bitops: {fail_fast: true} # short\n", "bitops:\n  fail_fast: true\n  environments:\n    \"api\": {}\n    \"007\": {}\n", true},
		{"a null", "bitops: ~\n", "bitops:\n  environments:\n    \"api\": {}\n    \"007\": {}\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, rewritten, err := schema.AddEnvironments([]byte(test.manifest), []schema.EnvironmentName{"api", "007"})
			if err != nil || string(got) != test.want || rewritten != test.rewritten {
				t.Errorf("rewritten %v, %v, got:\n%s\nwant:\n%s", rewritten, err, got, test.want)
			}
		})
	}
	for _, manifest := range []string{"bitops: [a]", "- a", "a: ["} {
		if got, _, err := schema.AddEnvironments([]byte(manifest), []schema.EnvironmentName{"api"}); err == nil {
			t.Errorf("%s became %s", manifest, got)
		}
	}
}
