package terraform

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
)

const withModule = `
module "inner" {
  source = "./inner"
  n      = 1
}
resource "terraform_data" "it" { input = module.inner.n }
output "n" { value = terraform_data.it.output }`

const inner = `
variable "n" { type = number }
output "n" { value = var.n }`

// What init does not look at changes without an init.
func TestInitIsLeftOut(t *testing.T) {
	s := tellReal(t, map[string]string{"main.tf": withModule, "inner/main.tf": inner})
	s.Apply()
	equal(t, "processes", s.processes(), "version init apply")
	for name, file := range map[string]string{
		"main.tf":       strings.Replace(withModule, "module.inner.n }", "module.inner.n + 1 }", 1) + "\n# a remark\n",
		"inner/main.tf": strings.Replace(inner, "var.n", "var.n + 1", 1),
		"more.tf":       `output "more" { value = 1 }` + "\n" + `resource "terraform_data" "more" {}`,
	} {
		s.Write(map[string]string{name: file})
		s.Apply()
		equal(t, "processes after a change in "+name, s.processes(), "apply")
	}
	s.Plan()
	s.Destroy()
	equal(t, "processes", s.processes(), "plan apply")
}

// Whatever init looks at has it run again.
func TestInitIsNotLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *story)
		want   string
	}{
		"a module's block": {func(s *story) {
			s.Write(map[string]string{"main.tf": strings.Replace(withModule, "n      = 1", "n = 2", 1)})
		}, "init apply"},
		"another module": {func(s *story) {
			s.Write(map[string]string{"more.tf": "module \"b\" {\n source = \"./inner\"\n n = 1\n}"})
		}, "init apply"},
		"terraform's block": {func(s *story) { s.Write(map[string]string{"more.tf": "terraform {\n required_version = \"> 0.1\"\n}"}) }, "init apply"},
		"JSON":              {func(s *story) { s.Write(map[string]string{"more.tf.json": `{"output": {"j": {"value": 1}}}`}) }, "init apply"},
		"the lock file":     {func(s *story) { s.Write(map[string]string{".terraform.lock.hcl": "# a remark\n"}) }, "init apply"},
		"upgrade": {func(s *story) {
			s.Write(map[string]string{"bitops.config.yaml": "terraform: {options: {init-upgrade: true}}"})
		}, "init apply"},
		"a variable of terraform's own": {
			func(s *story) { s.Variables["TF_CLI_ARGS_init"] = "-lockfile=readonly" }, "init apply",
		},
		"the file that configures terraform": {func(s *story) {
			check(s.T, os.WriteFile(filepath.Join(s.Variables["HOME"], ".terraformrc"), []byte("disable_checkpoint = true\n"), 0o600))
		}, "init apply"},
		"the data directory is gone": {func(s *story) { check(s.T, os.RemoveAll(filepath.Join(s.Workspace(), ".terraform"))) }, "init apply"},
		"a hook that initialises": {func(s *story) {
			s.AfterSync = func(dir string) {
				writeFile(s.T, filepath.Join(dir, ".terraform", "terraform.tfstate"), `{"version":3,"terraform_version":"1.11.4"}`)
			}
		}, "init apply"},
		// What only terraform sees: it says so, and nothing was changed by then.
		"a module in a module": {func(s *story) {
			s.Write(map[string]string{"inner/more.tf": "module \"deep\" {\n source = \"./deep\"\n}", "inner/deep/main.tf": `output "x" { value = 1 }`})
		}, "apply init apply"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tellReal(t, map[string]string{"main.tf": withModule, "inner/main.tf": inner})
			s.Variables["HOME"] = t.TempDir()
			s.Apply()
			s.processes()
			c.change(s)
			s.Apply()
			equal(t, "processes", s.processes(), c.want)
			s.AfterSync = nil
			s.Apply()
			if again := s.processes(); name != "upgrade" && name != "a hook that initialises" {
				equal(t, "processes afterwards", again, "apply")
			}
		})
	}
}

// The values of -backend-config are in no file that terraform would compare.
func TestInitKnowsTheBackend(t *testing.T) {
	s := tellReal(t, map[string]string{
		"main.tf":            "terraform {\n backend \"local\" {}\n}\n" + one,
		"bitops.config.yaml": "terraform: {cli: {backend-config: [backend.hcl]}}",
		"backend.hcl":        `path = "a.tfstate"`,
	})
	s.Apply()
	s.processes()
	s.Apply()
	equal(t, "processes", s.processes(), "apply")
	s.Write(map[string]string{"backend.hcl": `path = "b.tfstate"`})
	_, err := s.Try(t.Context(), "apply")
	if got := s.processes(); !strings.HasPrefix(got, "init") {
		t.Errorf("processes = %s (%v), want an init first", got, err)
	}
}

// An init that failed is not taken for one that was done.
func TestAnInitThatFails(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	s := tell(t, map[string]string{"main.tf": ""}).fake(
		`[ "$1" = version ] && { echo '{"terraform_version": "1.11.4"}'; exit; }; [ "$1" = init ] && { mkdir -p .terraform; test ! -e ` + bad + `; exit; }; [ "$1" = output ] && echo '{}'; exit 0`)
	s.Apply()
	s.processes()
	check(t, os.WriteFile(bad, nil, 0o600))
	s.Write(map[string]string{"more.tf": "provider \"x\" {}"})
	if _, err := s.Try(t.Context(), "apply"); err == nil {
		t.Fatal("the init did not fail")
	}
	check(t, os.Remove(filepath.Join(s.Source(), "more.tf")))
	check(t, os.Remove(bad))
	s.processes()
	s.Apply()
	equal(t, "processes", s.processes(), "init apply output")
}

// Terraform's own words for what init mends, from a real one.
func TestWantsInit(t *testing.T) {
	requireTool(t, "terraform")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "main.tf"), "module \"x\" {\n source = \"./x\"\n}")
	check(t, os.Mkdir(filepath.Join(dir, "x"), 0o700))
	writeFile(t, filepath.Join(dir, "x", "main.tf"), "")
	cmd := exec.Command("terraform", "plan", "-no-color")
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("a plan without init")
	}
	s := &session{}
	if !s.wantsInit(&environments.Failure{Lines: strings.Split(string(text), "\n")}) {
		t.Errorf("not recognised:\n%s", text)
	}
	if s.touched = true; s.wantsInit(&environments.Failure{Lines: strings.Split(string(text), "\n")}) {
		t.Error("something was changed, and init would be tried")
	}
	if s.touched = false; s.wantsInit(&environments.Failure{Message: "creating a bucket failed"}) {
		t.Error("init mends no bucket")
	}
}
