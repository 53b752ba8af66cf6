package view_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// step returns a selected step with what it waits for.
func step(name string, on ...schema.StepName) schema.Step {
	environment, deployment, _ := strings.Cut(name, "/")
	tool, _, _ := strings.Cut(deployment, "/")
	return schema.Step{
		Name: schema.StepName(name), Environment: schema.EnvironmentName(environment), Deployment: deployment,
		Tool: schema.ToolName(tool), DependsOn: on, Selected: true,
	}
}

// everyShape is a plan with a diamond, a chain of steps, a wait for less than an environment, and a loner.
func everyShape() *schema.Plan {
	p := &schema.Plan{Steps: []schema.Step{
		step("network/terraform"),
		step("backend/terraform", "network/terraform"),
		step("backend/ansible", "backend/terraform"),
		step("database/terraform", "network/terraform"),
		step("frontend/helm/web", "backend/terraform", "database/terraform"),
		step("frontend/smoke", "frontend/helm/web"),
		step("cdn/cloudformation", "frontend/smoke", "network/terraform"),
		step("monitoring/terraform"),
	}}
	p.Steps[5].Tool = "hello"
	p.Steps[7].Selected = false
	p.Steps[1].Wiring = []schema.Wire{
		{Input: "allowed_cidrs", How: "input", From: []string{"outputs.network.subnet_cidrs"}},
		{Input: "size", How: "input"},
		{Input: "vpc_id", How: "inherited", From: []string{"outputs.network.vpc_id"}},
	}
	p.Steps[2].Wiring = []schema.Wire{{Input: "host", How: "input", From: []string{`steps["backend/terraform"].outputs.ip`, "outputs.network.domain"}}}
	return p
}

// strange is a plan whose names try to be syntax.
func strange() *schema.Plan {
	a, b := step(`a"]; x -> y [label="`+"\n\x1b[2J/terraform"), step("b\\/#<b>`&end/terraform")
	c := step("b\\/helm", a.Name, b.Name)
	return &schema.Plan{Steps: []schema.Step{a, b, c}}
}

func TestGraph(t *testing.T) {
	shows := map[string]func(io.Writer, *schema.Plan) error{
		"tree":       func(w io.Writer, p *schema.Plan) error { return view.Tree(w, p, false, false) },
		"tree-color": func(w io.Writer, p *schema.Plan) error { return view.Tree(w, p, true, false) },
		"dot":        view.DOT,
		"svg":        view.SVG,
		"mermaid":    view.Mermaid,
		"json":       view.GraphJSON,
		"wiring":     func(w io.Writer, p *schema.Plan) error { return view.Wiring(w, p, false) },
	}
	plans := map[string]*schema.Plan{"shapes": everyShape(), "strange": strange(), "crosswise": crosswise(), "empty": {}}
	for show, write := range shows {
		for plan, p := range plans {
			t.Run(show+"-"+plan, func(t *testing.T) {
				var out bytes.Buffer
				if err := write(&out, p); err != nil {
					t.Fatal(err)
				}
				golden(t, "graph-"+show+"-"+plan, out.Bytes())
			})
		}
	}
}

// crosswise is a plan in which two environments wait for steps of each other.
func crosswise() *schema.Plan {
	return &schema.Plan{Steps: []schema.Step{
		step("a/terraform"),
		step("a/helm", "a/terraform", "b/terraform"),
		step("b/terraform", "a/terraform"),
	}}
}

func TestATreeOfThousandsGrowsWithThem(t *testing.T) {
	chain, wide := &schema.Plan{}, &schema.Plan{}
	for i := range 10_000 {
		name := fmt.Sprintf("e%05d/terraform", i)
		var before, others []schema.StepName
		if i > 0 {
			before = append(before, chain.Steps[i-1].Name)
		}
		for j := max(0, i-300); j < i; j += 100 {
			others = append(others, chain.Steps[j].Name)
		}
		chain.Steps = append(chain.Steps, step(name, before...))
		wide.Steps = append(wide.Steps, step(name, others...))
	}
	for name, p := range map[string]*schema.Plan{"chain": chain, "wide": wide} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			began := time.Now()
			if err := view.Tree(&out, p, false, false); err != nil {
				t.Fatal(err)
			}
			if out.Len() > 5<<20 || time.Since(began) > 5*time.Second {
				t.Errorf("%d bytes in %v", out.Len(), time.Since(began))
			}
			whole := map[string]int{}
			for line := range strings.Lines(out.String()) {
				if name, _, ok := strings.Cut(line, " (terraform)"); ok {
					whole[strings.TrimLeft(name, "├└│─ ")]++
				}
			}
			for _, s := range p.Steps {
				if n := whole[string(s.Environment)]; n != 1 {
					t.Fatalf("%s is shown %d times", s.Environment, n)
				}
			}
		})
	}
}
