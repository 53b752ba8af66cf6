package terraform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

func TestFailingProvisionerAppliesInPart(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `
resource "terraform_data" "first" {}
resource "terraform_data" "app" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "echo no disk; exit 3" }
}`})
	result, err := s.Try(t.Context(), schema.CommandApply)
	lines := strings.Join(failureLines(err), "\n")
	equal(t, "error", err.Error(), "terraform apply failed: local-exec provisioner error")
	equal(t, "lines", lines, `Error: local-exec provisioner error
  at net/terraform/main.tf:5:30, terraform_data.app
  Error running command 'echo no disk; exit 3': exit status 3. Output: no disk`)
	counts(t, result.Changes, 1, 0, 0)
	equal(t, "resources", addresses(result.Changes.Resources), []string{"create terraform_data.first"})
}

func TestFailuresNameThePlace(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  []string
	}{
		"a required variable has no value": {
			map[string]string{"main.tf": `variable "vpc_id" {}`},
			[]string{"No value for required variable", "net/terraform/main.tf:1:1", `"vpc_id"`},
		},
		"a value breaks a rule": {
			map[string]string{"main.tf": `variable "n" {
  default = 3
  validation {
    condition     = var.n < 3
    error_message = "n is too large"
  }
}`},
			[]string{"Invalid value for variable", "n is too large", "var.n is 3"},
		},
		"a syntax error": {
			map[string]string{"main.tf": "resource \"terraform_data\" {"},
			[]string{"Error: ", "main.tf line 1"},
		},
		"an unknown provider": {
			map[string]string{"main.tf": "terraform {\n  required_providers {\n    x = { source = \"localhost/no/x\" }\n  }\n}"},
			[]string{"Error: Failed to query available provider packages", "localhost/no/x"},
		},
		"a var-file that is not there": {
			map[string]string{"main.tf": "", "bitops.config.yaml": "terraform: {cli: {var-file: no.tfvars}}"},
			[]string{"no.tfvars"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tellReal(t, test.files)
			failure := s.Fails(schema.CommandApply)
			equal(t, "exit code", failure.ExitCode, 1)
			text := strings.Join(failure.Lines, "\n")
			contains(t, "failure", text, test.want...)
			lacks(t, "failure", text, "CLI configuration", "@message", `"type"`)
		})
	}
}

func TestDestroyOfNothingNeedsNoValues(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": `variable "vpc_id" {}` + "\n" + `resource "terraform_data" "x" {}`})
	equal(t, "changes", s.Destroy().Changes.Empty(), true)
	s.Inputs = schema.Values{"vpc_id": schema.Text("v")}
	s.Apply()
	s.Inputs = nil
	contains(t, "failure", s.Fails(schema.CommandDestroy).Message, "No value for required variable")
}

func TestMissingProgram(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""})
	s.Variables["PATH"] = t.TempDir()
	failure := s.Fails(schema.CommandApply)
	equal(t, "exit code", failure.ExitCode, 127)
	contains(t, "failure", failure.Message, "terraform: not found in PATH", "get terraform from https://")
}

func TestVersions(t *testing.T) {
	tests := map[string]struct {
		prints, config, want string
	}{
		"too old":                         {`Terraform v0.14.11`, "", "terraform 0.14.11 is too old: bitops needs 1.0 or newer; get"},
		"a release candidate of 1":        {`{"terraform_version": "1.0.0-rc1"}`, "", ""},
		"new":                             {`{"terraform_version": "1.13.0"}`, "", ""},
		"no version":                      {`hello`, "", "does not tell a version"},
		"the wanted one":                  {`Terraform v1.2.3`, "1.2.3", ""},
		"the wanted minor":                {`Terraform v1.2.3`, "1.2", ""},
		"another than the wanted":         {`Terraform v1.2.3`, "1.2.4", "terraform is version 1.2.3, and options.version asks for 1.2.4"},
		"another minor":                   {`Terraform v1.2.3`, "1.3", "asks for 1.3"},
		"within a constraint":             {`Terraform v1.2.3`, "~> 1.1", ""},
		"outside of a constraint":         {`Terraform v1.2.3`, ">= 2", "asks for >= 2"},
		"an older one than bitops drives": {`Terraform v1.2.3`, "0.13.2", ""},
		"latest":                          {`Terraform v1.2.3`, "latest", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"main.tf":            "",
				"bitops.config.yaml": "terraform: {options: {version: '" + test.config + "'}}",
			}).fake(`if [ "$1" = version ]; then echo '` + test.prints + `'; fi; [ "$1" = output ] && echo '{}'; exit 0`)
			_, err := s.Try(t.Context(), schema.CommandApply)
			if test.want == "" {
				check(t, err)
				return
			}
			contains(t, "error", s.Fails(schema.CommandApply).Message, test.want)
		})
	}
}

// version makes a fake script answer the question for its version.
const version1 = `[ "$1" = version ] && { echo '{"terraform_version": "1.11.4"}'; exit; }
[ "$1" = init ] && exit
`

func TestLyingTerraform(t *testing.T) {
	t.Run("prints text, secrets and half messages", func(t *testing.T) {
		s := tell(t, map[string]string{"main.tf": ""}).fake(version1 + `
[ "$1" = output ] && { echo "Welcome to the wrapper"; echo '{"a":{"sensitive":false,"type":"string","value":"x"}}'; exit; }
echo "a warning before the start"
echo '{"type":"outputs","outputs":{"a":{"sensitive":false,"type":"string","value":"cAnArY"}'
echo '{"type":"outputs","outputs":"cAnArY"}'
echo '{"type":"outputs","outputs":{"a":{"value":"cAnArY","type":"nonsense"}}}'
echo '{"value":"cAnArY"}'
echo '{"type":"planned_change"}{'; echo '{"type":"apply_complete"}'; echo '{"type":"diagnostic"}'; echo '{"type":"change_summary"}'
printf 'bytes \xff\xfe and no end'`)
		output(t, s.Apply().Outputs, "a", "x")
		log := s.Texts(schema.EventOutputLine)
		contains(t, "log", log, "a warning before the start", "and no end", "not one of terraform's")
		lacks(t, "log", log, "cAnArY")
	})
	t.Run("fails without a diagnostic", func(t *testing.T) {
		s := tell(t, map[string]string{"main.tf": ""}).fake(version1 + `echo "panic: oh no" >&2; exit 11`)
		failure := s.Fails(schema.CommandApply)
		equal(t, "exit code", failure.ExitCode, 11)
		equal(t, "message", failure.Message, "terraform apply exited with code 11")
		equal(t, "lines", failure.Lines, []string{"panic: oh no"})
	})
	t.Run("floods", func(t *testing.T) {
		s := tell(t, map[string]string{"main.tf": ""}).fake(version1 + `[ "$1" = output ] && { echo '{}'; exit; }
head -c 10000000 /dev/zero | tr '\0' x; echo
yes '{"type":"log","@message":"flood"}' | head -c 10000000; echo`)
		s.Apply()
		longest := 0
		for _, e := range s.Events {
			longest = max(longest, len(e.Text))
		}
		if len(s.Events) < 100_000 || longest > 1<<20 {
			t.Errorf("%d events, the longest %d bytes", len(s.Events), longest)
		}
	})
	t.Run("ignores the interrupt for a while", func(t *testing.T) {
		s := tell(t, map[string]string{"main.tf": ""}).fake(version1 + `
trap 'echo "shutting down"; sleep 0.2; exit 1' INT
echo "begun"; for i in $(seq 600); do sleep 0.1; done`)
		ctx, cancel := context.WithCancel(t.Context())
		s.Watch = func(e schema.Event) {
			if e.Text == "begun" {
				time.AfterFunc(10*time.Millisecond, cancel)
			}
		}
		_, err := s.Try(ctx, schema.CommandDestroy)
		if err == nil {
			t.Error("no error")
		}
		contains(t, "processes", s.processes(), "version init apply")
	})
	t.Run("is interrupted before it starts", func(t *testing.T) {
		s := tell(t, map[string]string{"main.tf": ""}).fake(version1)
		c := s.Call(t.Context(), schema.CommandApply)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.tool.Apply(ctx, c)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestErroredStateIsTold(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""}).fake(version1 + `touch errored.tfstate
echo '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Failed to persist state"}}'; exit 1`)
	failure := s.Fails(schema.CommandApply)
	contains(t, "failure", strings.Join(failure.Lines, "\n"), filepath.Join(s.Workspace(), "errored.tfstate"))
	equal(t, "final", failure.Final, true)
	_ = s.Fails(schema.CommandApply) // and it survives the next time
	if _, err := os.Stat(filepath.Join(s.Workspace(), "errored.tfstate")); err != nil {
		t.Error(err)
	}
}
