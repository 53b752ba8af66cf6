package terraform

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// afterPlan does something with the plan file and the command, once terraform has written it.
func (s *story) afterPlan(do func(file string, c process.Command)) {
	s.Runner.Answer = func(ctx context.Context, c process.Command) (process.Result, error) {
		result, err := process.Local{}.Run(ctx, c)
		for _, arg := range c.Args {
			if file, ok := strings.CutPrefix(arg, "-out="); ok && err == nil {
				do(file, c)
			}
		}
		return result, err
	}
}

const oddOutputs = `
variable "in" { default = "x" }
resource "terraform_data" "it" { input = var.in }
resource "terraform_data" "other" { input = "other" }
output "id" { value = terraform_data.it.id }
output "other" { value = terraform_data.other.id }
output "secret" {
  value     = { user = "u", password = var.in }
  sensitive = true
}
output "null" { value = null }
output "big" { value = 12345678901234567890.5 }
output "mixed" { value = { a = [1, "x", null], s = toset(["q"]), none = null } }
output "empty" { value = tomap({}) }
output "text" { value = "<&>é\u0000 ${var.in}" }`

func TestUnchangedPlanIsOneProcess(t *testing.T) {
	for name, text := range map[string]string{
		"odd outputs": oddOutputs, "no outputs": `resource "terraform_data" "it" {}`, "nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			s := tellReal(t, map[string]string{"main.tf": text})
			s.Apply()
			s.processes()
			var shown environments.Result
			s.afterPlan(func(file string, c process.Command) {
				var text bytes.Buffer
				c.Args, c.Stdout = []string{"show", "-json", file}, func(l process.Line) { text.WriteString(l.Text) }
				_, err := process.Local{}.Run(t.Context(), c)
				check(t, err)
				plan, err := readPlan(text.Bytes())
				check(t, err)
				shown, err = plan.result()
				check(t, err)
			})
			planned := s.Plan()
			equal(t, "processes", s.processes(), "plan")
			equal(t, "changes", planned.Changes, shown.Changes)
			equal(t, "names", planned.Outputs.Names(), shown.Outputs.Names())
			for name, want := range shown.Outputs {
				got := planned.Outputs[name]
				if got.Sensitive != want.Sensitive || !got.Data.RawEquals(want.Data) {
					t.Errorf("output %s is %#v, and terraform shows %#v", name, got, want)
				}
			}
		})
	}
}

// Wherever a plan is not known to change nothing, terraform is asked what is in it.
func TestPlanIsShown(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": oddOutputs})
	s.Apply()
	for name, edit := range map[string][]string{
		"a resource changes":              {`input = "other"`, `input = "changed"`},
		"only an output":                  {"12345678901234567890.5", "1"},
		"an output is new":                {`output "big"`, "output \"new\" { value = 1 }\noutput \"big\""},
		"an output is gone":               {`output "big" { value = 12345678901234567890.5 }`, ""},
		"an output is no secret any more": {"sensitive = true", ""},
		"a resource moves": {`resource "terraform_data" "other" {`, "moved {\n  from = terraform_data.other\n  to = terraform_data.moved\n}\n" +
			`resource "terraform_data" "moved" {`, "= terraform_data.other.id", "= terraform_data.moved.id"},
	} {
		t.Run(name, func(t *testing.T) {
			s.Write(map[string]string{"main.tf": strings.NewReplacer(edit...).Replace(oddOutputs)})
			s.processes()
			s.Plan()
			equal(t, "processes", s.processes(), "plan show")
		})
	}
	s.Write(map[string]string{"main.tf": oddOutputs})
	for name, edit := range map[string]func(name, text string) (string, string){
		"no state":          func(name, text string) (string, string) { return "x" + name, text },
		"a state cut short": func(name, text string) (string, string) { return name, text[:len(text)/2] },
		"a state of tomorrow": func(name, text string) (string, string) {
			return name, strings.Replace(text, `"version": 4`, `"version": 5`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.processes()
			s.afterPlan(func(file string, _ process.Command) { rewriteArchive(t, file, edit) })
			_, err := s.Try(t.Context(), schema.CommandPlan)
			equal(t, "processes", s.processes(), "plan show")
			equal(t, "terraform cannot read it either", err != nil, true)
		})
	}
	t.Run("not an archive", func(t *testing.T) {
		s.afterPlan(func(file string, _ process.Command) { writeFile(t, file, "encrypted") })
		_, err := s.Try(t.Context(), schema.CommandPlan)
		equal(t, "processes", s.processes(), "plan show")
		equal(t, "terraform cannot read it either", err != nil, true)
	})
	t.Run("targets leave outputs out", func(t *testing.T) {
		s.Variables["TF_CLI_ARGS_plan"] = "-target=terraform_data.other"
		s.processes()
		s.Plan()
		equal(t, "processes", s.processes(), "init plan show") // init, because the variable is new
	})
}

// rewriteArchive changes the name and the content of each file in a zip archive.
func rewriteArchive(t *testing.T, file string, edit func(name, text string) (string, string)) {
	t.Helper()
	from, err := zip.OpenReader(file)
	check(t, err)
	defer from.Close()
	var to bytes.Buffer
	w := zip.NewWriter(&to)
	for _, f := range from.File {
		r, err := f.Open()
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, err)
		name, content := f.Name, string(text)
		if name == "tfstate" {
			name, content = edit(name, content)
		}
		entry, err := w.Create(name)
		check(t, err)
		_, err = io.WriteString(entry, content)
		check(t, err)
	}
	check(t, w.Close())
	check(t, os.WriteFile(file, to.Bytes(), 0o600))
}
