package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
	"gopkg.in/yaml.v3"

	"github.com/bitops-engine/bitops/environments/testkit"
)

const (
	benchLevels = 6
	benchWidth  = 5
	benchJobs   = 4
)

// benchRepository is 30 environments in six levels, each with values from two or three of the level before, three times: for
// bitops, for make, and for Terragrunt.
type benchRepository struct {
	testing.TB
	dir string
}

func newBenchRepository(t testing.TB) benchRepository {
	t.Helper()
	r := benchRepository{TB: t, dir: t.TempDir()}
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  environments:\n")
	targets := map[string]*strings.Builder{"apply": {}, "plan": {}, "only": {}, "destroy": {}}
	names := ""
	for level := range benchLevels {
		for n := range benchWidth {
			name := fmt.Sprintf("e%d%d", level, n)
			names += " " + name
			fmt.Fprintf(&manifest, "    %s:\n", name)
			r.environment(name, upstream(level, n), &manifest, targets)
		}
	}
	r.write("bitops/bitops.config.yaml", manifest.String())
	var makefile strings.Builder
	for target, rules := range targets {
		fmt.Fprintf(&makefile, "%s: $(patsubst %%,%s-%%,%s)\n%s", target, target, names, rules)
	}
	r.write("make/Makefile", makefile.String())
	return r
}

// upstream names the environments that one takes values from.
func upstream(level, n int) []string {
	var names []string
	for m := 0; level > 0 && m < 2+n%2; m++ {
		names = append(names, fmt.Sprintf("e%d%d", level-1, (n+m)%benchWidth))
	}
	return names
}

// environment writes one, and the rules that deploy it without bitops. The last value of an environment is kept in a file,
// which others read.
func (r benchRepository) environment(name string, from []string, manifest *strings.Builder, targets map[string]*strings.Builder) {
	r.Helper()
	var main strings.Builder
	var values, dependencies, inputs string
	if len(from) > 0 {
		manifest.WriteString("      inputs:\n")
	}
	for n, other := range from {
		fmt.Fprintf(manifest, "        v%d: \"${outputs.%s.id}\"\n", n, other)
		fmt.Fprintf(&main, "variable \"v%d\" { type = string }\n", n)
		values += fmt.Sprintf("TF_VAR_v%d=$$(cat ../../%s/id) ", n, other)
		fmt.Fprintf(targets["destroy"], "destroy-%s: destroy-%s\n", other, name)
		dependencies += fmt.Sprintf("dependency %q {\n  config_path = \"../../%s/terraform\"\n}\n", other, other)
		inputs += fmt.Sprintf("  v%d = dependency.%s.outputs.id\n", n, other)
	}
	main.WriteString("resource \"terraform_data\" \"it\" {\n  input = \"" + name)
	for n := range from {
		fmt.Fprintf(&main, " ${substr(var.v%d, 0, 8)}", n)
	}
	main.WriteString("\"\n}\noutput \"id\" { value = terraform_data.it.id }\n")
	for _, side := range []string{"bitops", "make", "terragrunt"} {
		r.write(filepath.Join(side, name, "terraform", "main.tf"), main.String())
	}
	r.write(filepath.Join("terragrunt", name, "terraform", "terragrunt.hcl"), dependencies+"inputs = {\n"+inputs+"}\n")
	for _, target := range []string{"apply", "plan", "only"} {
		fmt.Fprintf(targets[target], "%s-%s:", target, name)
		for _, other := range from {
			fmt.Fprintf(targets[target], " %s-%s", target, other)
		}
		fmt.Fprintf(targets[target], "\n\t@cd %s/terraform && exec >../log 2>&1 && ", name)
	}
	hand := "terraform output -raw id >../id\n"
	fmt.Fprintf(targets["apply"], "{ test -d .terraform || terraform init -input=false; } && %sterraform apply -input=false -auto-approve && %s", values, hand)
	fmt.Fprintf(targets["plan"], "%sterraform plan -input=false && %s", values, hand)
	fmt.Fprintf(targets["only"], "%sterraform apply -input=false -auto-approve\n", values)
	fmt.Fprintf(targets["destroy"], "destroy-%s:\n\t@cd %s/terraform && exec >../log 2>&1 && %sterraform destroy -input=false -auto-approve\n", name, name, values)
}

func (r benchRepository) write(name, text string) {
	r.Helper()
	testkit.WriteFile(r.TB, filepath.Join(r.dir, name), text)
}

// The units for Terragrunt are given the same values by the same names as the environments of the manifest.
func TestBenchUnitsAreTheEnvironments(t *testing.T) {
	r := newBenchRepository(t)
	var manifest struct {
		Bitops struct {
			Environments map[string]struct{ Inputs map[string]string }
		}
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "bitops", "bitops.config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if n := len(manifest.Bitops.Environments); n != benchLevels*benchWidth {
		t.Errorf("%d environments", n)
	}
	for name, environment := range manifest.Bitops.Environments {
		given := unitInputs(t, filepath.Join(r.dir, "terragrunt", name, "terraform", "terragrunt.hcl"))
		if len(environment.Inputs) != len(given) {
			t.Errorf("%s is given %v, and the unit %v", name, environment.Inputs, given)
		}
		for input, from := range environment.Inputs {
			if given[input] != from {
				t.Errorf("%s: the unit's %s is %q, not %q", name, input, given[input], from)
			}
		}
	}
}

// unitInputs reads a unit as Terragrunt does, and returns what each input is, in the words of a manifest.
func unitInputs(t *testing.T, name string) map[string]string {
	t.Helper()
	file, diagnostics := hclparse.NewParser().ParseHCLFile(name)
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	content, diagnostics := file.Body.Content(&hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "inputs", Required: true}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "dependency", LabelNames: []string{"name"}}},
	})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	dependencies := map[string]cty.Value{}
	for _, block := range content.Blocks {
		attributes, diagnostics := block.Body.JustAttributes()
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		at, _ := attributes["config_path"].Expr.Value(nil)
		unit := filepath.Join(filepath.Dir(name), at.AsString())
		if _, err := os.Stat(filepath.Join(unit, "terragrunt.hcl")); err != nil {
			t.Error(err)
		}
		id := cty.StringVal("${outputs." + filepath.Base(filepath.Dir(unit)) + ".id}")
		dependencies[block.Labels[0]] = cty.ObjectVal(map[string]cty.Value{"outputs": cty.ObjectVal(map[string]cty.Value{"id": id})})
	}
	inputs, diagnostics := content.Attributes["inputs"].Expr.Value(&hcl.EvalContext{
		Variables: map[string]cty.Value{"dependency": cty.ObjectVal(dependencies)},
	})
	if diagnostics.HasErrors() {
		t.Fatal(diagnostics)
	}
	given := map[string]string{}
	for input, value := range inputs.AsValueMap() {
		given[input] = value.AsString()
	}
	return given
}
