package terraform

import (
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/schema"
)

func TestWantedVersion(t *testing.T) {
	tests := map[string]struct {
		binary, asked string
		want          string // what is said, "" for nothing
	}{
		"nothing asked":                          {"", "", ""},
		"the latest":                             {"", "latest", ""},
		"the version of BitOps v1":               {"", "0.13.2", "is ignored: bitops needs terraform 1.0.0 or newer"},
		"a minor that is too old":                {"", "0.13", "is ignored"},
		"a major that is too old":                {"", "0", "is ignored"},
		"a constraint that is too old":           {"", "~> 0.12", "is ignored"},
		"below the oldest":                       {"", "< 1.0.0", "is ignored"},
		"an empty range":                         {"", "> 1.5, < 1.5", "is ignored"},
		"the oldest":                             {"", "1.0.0", ""},
		"from a too old one on":                  {"", ">= 0.13", ""},
		"beyond a too old one":                   {"", "> 0.13, != 1.0.0", ""},
		"up to an old one":                       {"", "<= 1.0.0", ""},
		"a narrow range":                         {"", "> 1.5.0, < 1.5.2", ""},
		"all but the one that is named":          {"", "~> 1.5.0, != 1.5.0", ""},
		"a future one":                           {"", "~> 7.2", ""},
		"older than every OpenTofu":              {tofu, "1.5.7", "is ignored: bitops needs tofu 1.6.0 or newer"},
		"a version of OpenTofu":                  {tofu, "1.6", ""},
		"what is neither version nor constraint": {"", "new", "is not a version or a constraint"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			binary := "terraform"
			if test.binary != "" {
				binary = test.binary
			}
			s := tell(t, map[string]string{"bitops.config.yaml": "terraform: {options: {version: '" + test.asked + "'}}"})
			v, _ := configurationSchema().Resolve(schema.Directory{Root: s.Repository, Name: "net/terraform"}, nil)
			_, problems := wantedVersion(v, binary)
			if test.want == "" {
				equal(t, "problems", problems.Error(), schema.Problems(nil).Error())
				return
			}
			contains(t, "problems", problems.Error(), test.want)
		})
	}
}

// Where a version meets constraints, satisfiable finds one that does.
func FuzzSatisfiable(f *testing.F) {
	f.Add("~> 1.5, != 1.5.0", "1.5.1")
	f.Add("> 1.2, < 1.2.7", "1.2.3")
	f.Add("<= 1.0", "1.0.0")
	f.Fuzz(func(t *testing.T, constraints, meets string) {
		c, err := version.NewConstraint(constraints)
		if err != nil {
			return
		}
		v, err := version.NewVersion(meets)
		if err != nil || len(meets) > 20 || v.Prerelease() != "" || v.Metadata() != "" || len(v.Segments()) > 3 || v.LessThan(minimum) {
			return
		}
		if c.Check(v) && !satisfiable(c, minimum) {
			t.Errorf("%q is met by %s", constraints, v)
		}
	})
}
