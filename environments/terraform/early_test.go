package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An init that fails where variables choose the backend or a module says where OpenTofu finds them.
func TestInitSaysWhereTofuFindsVariables(t *testing.T) {
	for name, c := range map[string]struct {
		config, binary string
		want           bool
	}{
		"a variable in a backend":         {"terraform {\n backend \"s3\" {\n bucket = var.b\n }\n}", tofu, true},
		"a local in a module's source":    {"locals {\n m = \"${local.n}\"\n n = var.n\n}\nmodule \"m\" {\n source = local.m\n}", tofu, true},
		"a variable in encryption":        {"terraform {\n encryption {\n key_provider \"pbkdf2\" \"k\" {\n passphrase = var.p\n }\n }\n}", tofu, true},
		"a method of encryption":          {"terraform {\n encryption {\n state {\n method = method.aes_gcm.m\n }\n }\n}", tofu, false},
		"a variable given to a module":    {"module \"m\" {\n source = \"./m\"\n x = var.x\n}", tofu, false},
		"terraform, which allows no such": {"module \"m\" {\n source = var.m\n}", "terraform", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, map[string]string{
				"main.tf": c.config, "bitops.config.yaml": "terraform: {options: {binary: " + c.binary + "}}",
			}).fake(`[ "$1" = version ] && { echo '{"terraform_version": "1.11.4"}'; exit; }; [ "$1" = init ] && exit 1; exit 0`)
			programs, _, _ := strings.Cut(s.Variables["PATH"], ":")
			check(t, os.Symlink("terraform", filepath.Join(programs, tofu)))
			_, err := s.Try(t.Context(), "apply")
			if err == nil || slices.Contains(failureLines(err), earlyHint) != c.want {
				t.Errorf("error %+v, want the hint: %v", err, c.want)
			}
		})
	}
}

// chosen is a module in which variables choose the backend and a module, by way of a local and with a file among the inputs.
var chosen = map[string]string{
	"bitops.config.yaml": "terraform: {cli: {var-file: [stage.tfvars]}, options: {binary: tofu, workspace: blue}}",
	"stage.tfvars":       "stage = \"eu\"\nlast = \"file\"\n",
	"main.tf": `
variable "directory" { type = string }
variable "stage" { type = string }
variable "last" { type = string }
variable "module" { default = "none" }
variable "other" { type = string }
locals {
  path = "${var.directory}/${var.stage}-${var.last}"
}
terraform {
  backend "local" {
    path          = "${local.path}.tfstate"
    workspace_dir = local.path
  }
}
module "m" {
  source = "./${var.module}"
}
output "other" {
  value = "${var.other} ${module.m.name}"
}
`,
}

func tellEarly(t *testing.T) *story {
	t.Helper()
	s := tell(t, chosen)
	check(t, os.Mkdir(filepath.Join(s.Source(), "mod"), 0o755))
	writeFile(t, filepath.Join(s.Source(), "mod", "main.tf"), "output \"name\" {\n  value = \"m\"\n}\n")
	return again(s)
}

// Every command of OpenTofu that needs the backend finds the values that choose it, in the order that plan and apply have, also
// when the inputs of the step are not known. BITOPS_TEST_TOFU is a real tofu, which takes minutes to build.
func TestTofuFindsEarlyValues(t *testing.T) {
	program := os.Getenv("BITOPS_TEST_TOFU")
	if program == "" {
		t.Skip("BITOPS_TEST_TOFU names no tofu")
	}
	s := tellEarly(t)
	bin := t.TempDir()
	check(t, os.Symlink(program, filepath.Join(bin, tofu)))
	s.Variables["PATH"] = bin + ":" + s.Variables["PATH"]
	s.Variables["TF_CLI_CONFIG_FILE"] = os.DevNull
	s.Plan()
	equal(t, "applied", s.Apply().Outputs["other"].String(), `"x m"`)
	s.Inputs, s.Offered = nil, nil
	equal(t, "asked", s.Outputs()["other"].String(), `"x m"`)
	equal(t, "deployed", s.Deployed(), true)
	if state, err := os.ReadFile(filepath.Join(s.Repository, "states", "eu-input", "blue", "terraform.tfstate")); err != nil {
		found, _ := filepath.Glob(filepath.Join(s.Repository, "states", "*", "*"))
		t.Errorf("%v: %s; there are %v", err, state, found)
	}
	s = again(s)
	s.Plan()
	s.Destroy()
	equal(t, "deployed after the destroy", s.Deployed(), false)
}

// again gives a story its values back.
func again(s *story) *story {
	s.Inputs = values(s.T, map[string]string{"directory": fmt.Sprintf("%q", filepath.Join(s.Repository, "states")), "last": `"input"`, "other": `"x"`})
	s.Offered = values(s.T, map[string]string{"module": `"mod"`})
	return s
}

// What init and the commands that ask are given, in ascending precedence: offered values, configured files, inputs. A secret is
// not kept for calls that do not know it, and one that is no longer an input neither.
func TestEarlyValuesAreVarFiles(t *testing.T) {
	s := tellEarly(t).fake(`[ "$1" = version ] && { echo '{"terraform_version": "1.9.4"}'; exit; }
for a; do case "$a" in -var-file=/*) echo "$1 $(cat "${a#-var-file=}")" >>"$HOME/given" ;; -var-file=*) echo "$1 ${a#-var-file=}" >>"$HOME/given" ;; esac; done
[ "$1" = output ] && echo '{}'; exit 0`)
	s.Write(map[string]string{"secret.tf": "variable \"key\" {\n  sensitive = true\n}\nterraform {\n  encryption {\n    key_provider \"pbkdf2\" \"k\" {\n      passphrase = var.key\n    }\n  }\n}\n"})
	programs, _, _ := strings.Cut(s.Variables["PATH"], ":")
	check(t, os.Symlink("terraform", filepath.Join(programs, tofu)))
	s.Variables["HOME"] = t.TempDir()
	given := filepath.Join(s.Variables["HOME"], "given")
	took := func(command string) []string {
		text, _ := os.ReadFile(given)
		var lines []string
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), command+" "); ok {
				lines = append(lines, rest)
			}
		}
		check(t, os.WriteFile(given, nil, 0o600))
		return lines
	}
	s.Inputs = values(t, map[string]string{"directory": `"d"`, "last": `"l"`, "other": `"x"`, "key": `"hunter22hunter22"`})
	_, _ = s.Try(t.Context(), "plan")
	equal(t, "init", took("init"), []string{
		`{"module":"mod"}`, "stage.tfvars", `{"directory":"d","last":"l"}`, `{"key":"hunter22hunter22"}`,
	})
	s.Inputs, s.Offered = nil, nil
	s.Outputs()
	equal(t, "output", took("output"), []string{`{"module":"mod"}`, "stage.tfvars", `{"directory":"d","last":"l"}`})
	s.Inputs = values(t, map[string]string{"directory": `"d"`})
	_, _ = s.Try(t.Context(), "plan")
	equal(t, "init afterwards", took("init"), []string{"stage.tfvars", `{"directory":"d"}`})
}
