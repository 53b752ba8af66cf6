package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Mermaid shows a plan's graph as a Mermaid flowchart, which GitHub and GitLab draw in Markdown: a box for each step,
// the steps of an environment in one frame. Arrows point from what runs first to what waits for it. Identifiers are
// numbers in the order of the plan, so no name can be mistaken for syntax.
func Mermaid(w io.Writer, p *schema.Plan) error {
	out := &screen{w: w}
	ids := make(map[schema.StepName]string, len(p.Steps))
	for i := range p.Steps {
		ids[p.Steps[i].Name] = fmt.Sprintf("s%d", i+1)
	}
	out.line("flowchart LR")
	for i, v := range vertices(p) {
		if len(v.steps) == 1 {
			out.linef("  %s[%s]", ids[v.steps[0].Name], mermaidText(v.title()))
			continue
		}
		out.linef("  subgraph e%d[%s]", i+1, mermaidText(visible(v.name)))
		for _, s := range v.steps {
			out.linef("    %s[%s]", ids[s.Name], mermaidText(stepTitle(s)))
		}
		out.line("  end")
	}
	for i := range p.Steps {
		for _, on := range p.Steps[i].DependsOn {
			if from, known := ids[on]; known {
				out.linef("  %s --> %s", from, ids[p.Steps[i].Name])
			}
		}
	}
	var left []string
	for i := range p.Steps {
		if !p.Steps[i].Selected {
			left = append(left, ids[p.Steps[i].Name])
		}
	}
	if len(left) > 0 {
		out.line("  classDef notSelected stroke-dasharray: 4")
		out.line("  class " + strings.Join(left, ",") + " notSelected")
	}
	out.flush()
	return out.err
}

// mermaidText returns a quoted label; what could end it or mean something in it is written as an entity.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\"#<>&`", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return `"` + b.String() + `"`
}
