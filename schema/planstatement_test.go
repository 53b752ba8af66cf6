package schema_test

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestRepositoryName(t *testing.T) {
	for remote, want := range map[string]string{
		"https://example.com/acme/ops.git":            "example.com/acme/ops",
		"https://user:secret@Example.com/acme/ops/":   "example.com/acme/ops",
		"https://example.com:8443/acme/ops":           "example.com/acme/ops",
		"ssh://git@example.com:2222/acme/ops.git":     "example.com/acme/ops",
		"git@example.com:acme/ops.git":                "example.com/acme/ops",
		"example.com:/acme/ops":                       "example.com/acme/ops",
		"https://example.com/acme/../evil/ops":        "example.com/evil/ops",
		"/srv/git/ops.git":                            "/srv/git/ops",
		"../ops":                                      "../ops",
		"file:///srv/git/ops":                         "/srv/git/ops",
		"https://example.com/acme/ops.git?ref=x#frag": "example.com/acme/ops",
	} {
		if got := schema.RepositoryName(remote); got != want {
			t.Errorf("%s is %q, want %q", remote, got, want)
		}
	}
}

func TestPlanStatementDifferences(t *testing.T) {
	want := schema.PlanStatement{
		Version: 1, Digest: "sha256:1", Repository: "h/a", Command: schema.CommandApply, Selection: []schema.StepName{"a/x", "b/x"},
	}
	for name, c := range map[string]struct {
		change func(*schema.PlanStatement)
		want   string
	}{
		"the same":             {func(*schema.PlanStatement) {}, ""},
		"another plan":         {func(s *schema.PlanStatement) { s.Digest = "sha256:2" }, "is of another plan, with the digest sha256:2"},
		"another repository":   {func(s *schema.PlanStatement) { s.Repository = "h/b" }, "is for the repository h/b, and this one is h/a"},
		"no repository":        {func(s *schema.PlanStatement) { s.Repository = "" }, "is for the repository (without an origin)"},
		"another command":      {func(s *schema.PlanStatement) { s.Command = schema.CommandDestroy }, "is for destroy"},
		"fewer steps":          {func(s *schema.PlanStatement) { s.Selection = s.Selection[:1] }, "is for other steps"},
		"a format of tomorrow": {func(s *schema.PlanStatement) { s.Version = 2 }, "another version of the format"},
		"nothing":              {func(s *schema.PlanStatement) { *s = schema.PlanStatement{} }, "another version of the format"},
	} {
		t.Run(name, func(t *testing.T) {
			is := want
			c.change(&is)
			got := strings.Join(is.Differences(&want), "; ")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
