package view

import (
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// DOT shows a plan's graph in the language of Graphviz: a box for each step, the steps of an environment in one frame.
// Arrows point from what runs first to what waits for it, the way outputs flow.
func DOT(w io.Writer, p *schema.Plan) error {
	out := &screen{w: w}
	out.line("digraph bitops {")
	out.line("  rankdir=LR;")
	out.line("  node [shape=box];")
	for _, v := range vertices(p) {
		if len(v.steps) == 1 {
			out.line("  " + dotNode(v.steps[0], v.title()))
			continue
		}
		name := visible(v.name)
		out.line("  subgraph " + dotText("cluster "+name) + " {")
		out.line("    label=" + dotText(name) + ";")
		for _, s := range v.steps {
			out.line("    " + dotNode(s, stepTitle(s)))
		}
		out.line("  }")
	}
	for i := range p.Steps {
		for _, on := range p.Steps[i].DependsOn {
			out.line("  " + dotID(on) + " -> " + dotID(p.Steps[i].Name) + ";")
		}
	}
	out.line("}")
	out.flush()
	return out.err
}

func dotNode(s *schema.Step, title string) string {
	style := ""
	if !s.Selected {
		style = ", style=dashed"
	}
	return dotID(s.Name) + " [label=" + dotText(title) + style + "];"
}

func dotID(name schema.StepName) string { return dotText(visible(name)) }

// dotText returns a quoted text of Graphviz, which reads a backslash as the beginning of an escape.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
