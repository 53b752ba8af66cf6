package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func inspect(t *testing.T, files map[string]string) (schema.Interface, schema.Problems) {
	t.Helper()
	s := tell(t, files)
	return s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "net/terraform"})
}

func TestInspect(t *testing.T) {
	found, problems := inspect(t, map[string]string{
		"main.tf": `
variable "b" {
  type      = string
  sensitive = true
}
variable "a" { default = null }
variable "later" {}
resource "terraform_data" "x" { input = local.whatever }
output "secret" {
  value     = 1
  sensitive = true
}`,
		"more.tf.json": `{"variable": {"j": {"type": "number"}}, "output": {"o": {"value": "${var.j}"}}}`,
		"z_override.tf": `variable "later" {
  default = 1
}`,
		"modules/x/main.tf": `variable "not_this" {}`,
		".hidden.tf":        "{{{", "editor.tf~": "{{{", "notes.txt": "{{{",
	})
	equal(t, "problems", problems.Error(), "")
	equal(t, "any input", found.AnyInput || found.MoreOutput, false)
	equal(t, "inputs", found.Inputs, []schema.Parameter{
		{Name: "a", Position: schema.Position{File: "net/terraform/main.tf", Line: 6, Column: 1}},
		{Name: "b", Required: true, Sensitive: true, Position: schema.Position{File: "net/terraform/main.tf", Line: 2, Column: 1}},
		{Name: "j", Required: true, Position: schema.Position{File: "net/terraform/more.tf.json", Line: 1, Column: 20}},
		{Name: "later", Position: schema.Position{File: "net/terraform/main.tf", Line: 7, Column: 1}},
	})
	equal(t, "outputs", found.Outputs, []schema.Parameter{
		{Name: "o", Position: schema.Position{File: "net/terraform/more.tf.json", Line: 1, Column: 57}},
		{Name: "secret", Sensitive: true, Position: schema.Position{File: "net/terraform/main.tf", Line: 9, Column: 1}},
	})
}

// OpenTofu reads files of its own, in place of terraform's of the same name.
func TestInspectOfOpenTofu(t *testing.T) {
	files := map[string]string{
		"bitops.config.yaml": "terraform: {options: {binary: tofu}}",
		"main.tf":            `variable "not_this" {}`, "main.tofu": `variable "a" {}`,
		"j.tf.json": `{"variable": {"not_this": {}}}`, "j.tofu.json": `{"variable": {"j": {}}}`, "j.tf": `variable "b" {}`,
		"o_override.tofu": `variable "a" { default = 1 }`, "#x.tofu": "{{{",
		"state.tofu": `terraform {
  backend "s3" {}
}`,
	}
	names := func() (all []string) {
		found, problems := inspect(t, files)
		equal(t, "problems", problems.Error(), "")
		for _, input := range found.Inputs {
			all = append(all, fmt.Sprint(input.Name, input.Required))
		}
		return all
	}
	equal(t, "of OpenTofu", names(), []string{"afalse", "btrue", "jtrue"})
	s := tell(t, files)
	module := new(parser).readModule(schema.Directory{Root: s.Repository, Name: "net/terraform"}, tofu)
	equal(t, "backend", module.backend.kind, "s3")

	files["bitops.config.yaml"] = ""
	equal(t, "of terraform", names(), []string{"btrue", "not_thistrue"})
}

func TestInspectProblems(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"no .tf file":      {map[string]string{"README.md": ""}, "net/terraform: holds no .tf file"},
		"only tfvars":      {map[string]string{"terraform.tfvars": ""}, "net/terraform: holds no .tf file"},
		"a syntax error":   {map[string]string{"main.tf": "variable \"a\" {\n  default = \n}"}, "net/terraform/main.tf:2:13: Invalid expression: "},
		"broken JSON":      {map[string]string{"main.tf.json": `{"variable": `}, "net/terraform/main.tf.json:1:"},
		"a missing label":  {map[string]string{"main.tf": "variable {}"}, "net/terraform/main.tf:1:10: Missing name for variable"},
		"a binary file":    {map[string]string{"main.tf": "\x00\x01\xff"}, "net/terraform/main.tf:1:1: "},
		"files from hooks": {map[string]string{"bitops.before-deploy.d/gen.sh": "true"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := inspect(t, test.files)
			equal(t, "has problems", problems.HasErrors(), test.want != "")
			contains(t, "problems", problems.Error(), test.want)
		})
	}
	_, problems := New().Inspect(schema.Directory{Root: t.TempDir(), Name: "nowhere"})
	contains(t, "problems", problems.Error(), "nowhere: cannot be read: no such file or directory")
}

func FuzzInspect(f *testing.F) {
	f.Add(network)
	f.Add(`terraform { backend "local" { path = 1 } cloud {} }`)
	f.Add(`variable "a" { type = ` + "\xff")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		for _, name := range []string{"a.tf", "b.tf.json", "x_override.tf"} {
			writeFile(t, filepath.Join(dir, name), text)
		}
		_, _ = New().Inspect(schema.Directory{Root: dir, Name: "."})
	})
}

func BenchmarkInspect(b *testing.B) {
	root := b.TempDir()
	for i := range 100 {
		dir := filepath.Join(root, fmt.Sprint(i))
		if os.Mkdir(dir, 0o755) != nil || os.WriteFile(filepath.Join(dir, "main.tf"), []byte(network), 0o644) != nil {
			b.Fatal("cannot write")
		}
	}
	for i := 0; b.Loop(); i++ {
		_, _ = New().Inspect(schema.Directory{Root: root, Name: fmt.Sprint(i % 100)})
	}
}
