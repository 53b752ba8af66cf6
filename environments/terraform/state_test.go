package terraform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

const one = `resource "terraform_data" "one" {}` + "\n"

func TestWasLocalStateLostWithEveryRun(t *testing.T) {
	local := func(arguments string) string {
		return `terraform {` + "\n" + `backend "local" {` + arguments + "}\n}\n"
	}
	absolute := filepath.Join(t.TempDir(), "abs.tfstate")
	tests := map[string]struct {
		backend, config string
		want            string // relative to the checkout's directory
	}{
		"without a backend":                   {"", "", "terraform.tfstate"},
		"with an empty local backend":         {local(""), "", "terraform.tfstate"},
		"with a path":                         {local(`path = "state/prod.tfstate"`), "", "state/prod.tfstate"},
		"with a path outside":                 {local(`path = "../prod.tfstate"`), "", "../prod.tfstate"},
		"with an absolute path":               {local(`path = "` + absolute + `"`), "", absolute},
		"with a path in the configuration":    {local(""), "terraform: {cli: {backend-config: [path=conf.tfstate]}}", "conf.tfstate"},
		"with a configuration but no backend": {"", "terraform: {cli: {backend-config: bucket=b}}", "terraform.tfstate"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tellReal(t, map[string]string{"main.tf": test.backend + one, "bitops.config.yaml": test.config})
			counts(t, s.Apply().Changes, 1, 0, 0)
			state := test.want
			if !filepath.IsAbs(state) {
				state = filepath.Join(s.Source(), state)
			}
			if !exists(state) {
				t.Errorf("there is no %s", state)
			}
			if state, _ := filepath.Glob(s.Workspace() + "/*.tfstate*"); len(state) > 0 {
				t.Errorf("the workspace holds %s", state)
			}
			check(t, os.RemoveAll(filepath.Join(s.Repository, ".bitops"))) // nothing but the checkout is needed
			counts(t, s.Destroy().Changes, 0, 0, 1)
		})
	}
}

func TestOnlyStateIsLeftInTheCheckout(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": network})
	s.Apply()
	s.Write(map[string]string{"terraform.tfvars": "size = 2"})
	s.Apply()
	var names []string
	entries, err := os.ReadDir(s.Source())
	check(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	equal(t, "files", names, []string{"main.tf", "terraform.tfstate", "terraform.tfstate.backup", "terraform.tfvars"})

	override := filepath.Join(s.Workspace(), overrideName)
	before, err := os.Stat(override)
	check(t, err)
	s.Apply()
	after, err := os.Stat(override)
	check(t, err)
	equal(t, "override written anew", os.SameFile(before, after) && before.ModTime().Equal(after.ModTime()), true)
}

func TestAnotherBackendEndsLocalState(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": one, "terraform.tfstate": "{}"}).fake(version1 + `
[ "$1" = output ] && echo '{}'; exit 0`)
	s.Apply()
	equal(t, "override", exists(filepath.Join(s.Workspace(), overrideName)), true)
	equal(t, "notices", s.Texts(schema.EventNotice), "")
	s.Write(map[string]string{
		"backend_override.tf.json": `{"terraform": {"backend": {"s3": {"bucket": "b"}}}}`,
		"bitops.config.yaml":       "terraform: {cli: {backend-config: [bucket=b, prod.hcl]}, options: {init-upgrade: true}}",
	})
	s.processes()
	s.Apply()
	equal(t, "override", exists(filepath.Join(s.Workspace(), overrideName)), false)
	contains(t, "notices", s.Texts(schema.EventNotice), "net/terraform/terraform.tfstate is not used", "(s3)", "terraform init -migrate-state")
	equal(t, "init", s.Runner.Commands()[0].Args,
		[]string{"init", "-no-color", "-input=false", "-upgrade", "-backend-config=" + filepath.Join(s.Repository, ".bitops", "private", "backend-1.tfbackend"), "-backend-config=prod.hcl"})

	s.Write(map[string]string{"backend_override.tf.json": `{"terraform": {"cloud": {"organization": "o"}}}`})
	s.Apply()
	equal(t, "override", exists(filepath.Join(s.Workspace(), overrideName)), false)
}

// A step whose directory is a link to elsewhere in the checkout runs right there.
func TestLinkedDirectory(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": one})
	check(t, os.Rename(s.Source(), filepath.Join(s.Repository, "shared")))
	check(t, os.Symlink("../shared", s.Source()))
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "state", exists(filepath.Join(s.Repository, "shared", "terraform.tfstate")), true)
	equal(t, "override", exists(filepath.Join(s.Repository, "shared", overrideName)), false)
}

func TestBackendChangeSaysWhatToDo(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `terraform {
  backend "http" { address = "http://127.0.0.1:1/a" }
}`})
	c := s.Call(t.Context(), schema.CommandApply)
	check(t, os.MkdirAll(filepath.Join(s.Workspace(), ".terraform"), 0o755))
	writeFile(t, filepath.Join(s.Workspace(), ".terraform", "terraform.tfstate"),
		`{"version":3,"backend":{"type":"http","config":{"address":"http://127.0.0.1:1/b"},"hash":1}}`)
	_, err := s.tool.Apply(t.Context(), c)
	lines := failureLines(err)
	if len(lines) == 0 {
		t.Fatalf("error %v", err)
	}
	contains(t, "last line", lines[len(lines)-1], "delete "+filepath.Join(s.Workspace(), ".terraform"))
}

func TestWorkspaceOption(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":            one + `output "w" { value = terraform.workspace }`,
		"bitops.config.yaml": "terraform: {options: {workspace: prod}}",
	})
	output(t, s.Apply().Outputs, "w", "prod")
	equal(t, "processes", s.processes(), "version init workspace workspace workspace apply") // select, list, new
	equal(t, "state", exists(filepath.Join(s.Source(), "terraform.tfstate.d", "prod", "terraform.tfstate")), true)
	output(t, s.Outputs(), "w", "prod")
	s.processes()
	equal(t, "changes", s.Apply().Changes.Empty(), true)
	equal(t, "processes", s.processes(), "apply")

	s.Variables["TERRAFORM_WORKSPACE"] = "stage"
	counts(t, s.Apply().Changes, 1, 0, 0)
	delete(s.Variables, "TERRAFORM_WORKSPACE")

	s.Write(map[string]string{"bitops.config.yaml": "terraform: {}"})
	output(t, s.Apply().Outputs, "w", "default")

	s.Write(map[string]string{"bitops.config.yaml": "terraform: {options: {workspace: prod}}"})
	s.Variables["TF_WORKSPACE"] = "stage"
	output(t, s.Apply().Outputs, "w", "stage")
	contains(t, "notices", s.Texts(schema.EventNotice), "TF_WORKSPACE wins: the workspace is stage, not prod")
}

func TestWorkspaceOfOldTerraform(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": "", "bitops.config.yaml": "terraform: {options: {workspace: prod}}"}).fake(`
[ "$1" = version ] && echo '{"terraform_version": "1.2.0"}'; [ "$1" = output ] && echo '{}'
[ "$1" = init ] && mkdir -p .terraform; [ "$2" = select ] && exit 1; exit 0`)
	s.Apply()
	equal(t, "processes", s.processes(), "version init workspace workspace workspace apply output")
}

func TestLockFileGoesBack(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""}).fake(`[ "$1" = init ] && echo "# locked" > .terraform.lock.hcl
` + version1 + `[ "$1" = output ] && echo '{}'; exit 0`)
	s.Apply()
	text, err := os.ReadFile(filepath.Join(s.Source(), ".terraform.lock.hcl"))
	check(t, err)
	equal(t, "lock file", string(text), "# locked\n")

	// A checkout that cannot be written to; a directory in the file's place stops root, too.
	check(t, os.Remove(filepath.Join(s.Source(), ".terraform.lock.hcl")))
	c := s.Call(t.Context(), schema.CommandApply)
	check(t, os.MkdirAll(filepath.Join(s.Source(), ".terraform.lock.hcl", "in", "the", "way"), 0o755))
	_, err = s.tool.Apply(t.Context(), c)
	check(t, err)
	contains(t, "notices", s.Texts(schema.EventNotice), ".terraform.lock.hcl stays as it is in the checkout")
}

func TestPrivateFiles(t *testing.T) {
	tool := New()
	files := map[string]bool{
		"terraform/terraform.tfstate": true, "terraform/terraform.tfstate.backup": true, "a/b/prod.tfstate": true,
		"terraform/.terraform.tfstate.lock.info": true, "terraform/terraform.tfstate.1700000000.backup": true,
		"crash.log": true, "crash.20250101.log": true, "errored.tfstate": true, "x/" + overrideName: true,
		"terraform/main.tf": false, ".terraform.lock.hcl": false, "terraform.tfvars": false, "crash.md": false,
		"app.log": false, "terraform/state.tf": false, "db.backup": false, ".terraform-version": false,
	}
	for name, want := range files {
		equal(t, name, tool.Private(name, false), want)
	}
	for name, want := range map[string]bool{
		"terraform/.terraform": true, "terraform/terraform.tfstate.d": true, "terraform": false, "a/modules": false,
	} {
		equal(t, name, tool.Private(name, true), want)
	}
}

// Nothing that a run leaves in the workspace is taken for the user's.
func TestWhatTerraformLeavesIsPrivate(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": one})
	s.Apply()
	s.Apply()
	for _, name := range []string{overrideName, ".terraform"} {
		equal(t, name+" survives", exists(filepath.Join(s.Workspace(), name)), true)
	}
	equal(t, "processes", s.processes(), "version init apply apply")
}
