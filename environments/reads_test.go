package environments

import (
	"os"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// A step is made of a path exactly where its fingerprint would show a change of it.
func TestReads(t *testing.T) {
	s := repositoryOf(t, map[string]string{
		"a/terraform/main.tf":                  `source = "../../modules/net" + "../../modules/linked/deep" + "../../lib/x.sh"`,
		"a/terraform/.terraform/x/main.tf":     "",
		"a/inner/terraform/main.tf":            "",
		"modules/net/main.tf":                  `source = "../vpc"`,
		"modules/net/.terraform.lock.hcl":      "",
		"modules/vpc/main.tf":                  "",
		"modules/linked":                       "-> v3",
		"modules/v3/deep/main.tf":              "",
		"modules/v3/other/main.tf":             "",
		"lib/x.sh":                             "",
		"b/terraform/main.tf":                  "",
		"b/terraform/bitops.before-deploy.d/x": "cd ../..",
		"b/helm/Chart.yaml":                    "",
		"c/terraform/main.tf":                  `source = "../../modules/later"`,
	}, "a", "a/inner", "b", "c")
	r := &Readings{sources: s, defaults: "_default", tool: func(schema.ToolName) Tool { return nil }, Former: map[string]bool{"a/former": true}}
	s.files, s.unhashed = os.DirFS(s.repository), true
	a := &schema.Step{EnvironmentPath: "a", Deployment: "terraform"}
	b := &schema.Step{EnvironmentPath: "b", Deployment: "terraform"}
	c := &schema.Step{EnvironmentPath: "c", Deployment: "terraform"}
	for _, test := range []struct {
		name string
		step *schema.Step
		path string
		gone bool
		via  string
		read bool
	}{
		{"its own file", a, "a/terraform/main.tf", false, "", true},
		{"a file of its environment that is gone", a, "a/terraform/gone.tf", true, "", true},
		{"another step of its environment", b, "b/helm/Chart.yaml", false, "", true},
		{"a default", a, "_default/terraform/x.tf", false, "", true},
		{"a default of another tool", a, "_default/helm/x.yaml", false, "", false},
		{"what its tool keeps for itself", a, "a/terraform/.terraform/x/main.tf", false, "", false},
		{"a plan file", a, "a/terraform/x.bitops", false, "", false},
		{"its lock file", a, "a/terraform/.terraform.lock.hcl", false, "", true},
		{"a lock file of a module", a, "modules/net/.terraform.lock.hcl", false, "", false},
		{"a module", a, "modules/net/main.tf", false, "a/terraform/main.tf refers to it", true},
		{"a module of a module", a, "modules/vpc/main.tf", false, "modules/net/main.tf refers to it", true},
		{"a deleted file of one", a, "modules/vpc/gone.tf", true, "modules/net/main.tf refers to it", true},
		{"a single file", a, "lib/x.sh", false, "a/terraform/main.tf refers to it", true},
		{"a file beside it", a, "lib/y.sh", false, "", false},
		{"what is not there yet", c, "modules/later/main.tf", true, "c/terraform/main.tf refers to it", true},
		{"a link on the way", a, "modules/linked", false, "a/terraform/main.tf refers to it", true},
		{"where that leads", a, "modules/v3/deep/main.tf", false, "a/terraform/main.tf refers to it", true},
		{"beside where that leads", a, "modules/v3/other/main.tf", false, "", false},
		{"the repository that a module is in", a, "modules", false, "a/terraform/main.tf refers to it", true},
		{"an environment within", a, "a/inner/terraform/main.tf", false, "", false},
		{"one that was there", a, "a/former/terraform/main.tf", true, "", false},
		{"another environment", a, "b/terraform/main.tf", false, "", false},
		{"everything, for a hook", b, "lib/y.sh", false, "b/terraform/bitops.before-deploy.d/x can read everything, as far as can be told", true},
		{"everything but other environments", b, "a/terraform/main.tf", false, "", false},
		{"everything but files at the root", b, "README.md", false, "", false},
		{"everything but what is hidden", b, ".github/x.yml", false, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			reads, err := r.Of(test.step)
			if err != nil {
				t.Fatal(err)
			}
			if via, read := reads.Via(test.path, test.gone); via != test.via || read != test.read {
				t.Errorf("%q, %t; want %q, %t", via, read, test.via, test.read)
			}
		})
	}
}
