package view

import (
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// treeDepth is how deep the tree goes before it starts anew at the margin: a chain of 10,000 environments would be
// wider than any screen.
const treeDepth = 12

// Tree shows a plan's graph to a person. What waits for nothing stands at the margin, and below each environment those
// that wait for it. Each is shown once with its steps and everything it needs; where it comes up again, only its name
// points to that place. With why, each says why it is selected. Time and output grow with the number of environments and
// dependencies.
func Tree(w io.Writer, p *schema.Plan, color, why bool) error {
	t := &tree{out: &screen{w: w}, ink: ink{color}, why: why, vertices: vertices(p)}
	t.shown = make([]bool, len(t.vertices))
	for at := range t.vertices {
		if t.vertices[at].free {
			t.root(at)
		}
	}
	for at := range t.vertices { // environments whose steps wait for each other crosswise
		t.root(at)
	}
	t.out.flush()
	return t.out.err
}

type tree struct {
	out      *screen
	ink      ink
	why      bool
	vertices []vertex
	shown    []bool
	below    []int // cut off for being too deep
}

// root shows an environment at the margin, and after it whatever was cut off below.
func (t *tree) root(at int) {
	if t.shown[at] {
		return
	}
	t.show(at, "", "", 0)
	for len(t.below) > 0 {
		next := t.below[0]
		t.below = t.below[1:]
		if !t.shown[next] {
			t.show(next, "", "", 0)
		}
	}
}

// show writes an environment and what waits for it. first stands before its own line, rest before those below it.
func (t *tree) show(at int, first, rest string, depth int) {
	v := &t.vertices[at]
	name := visible(v.name)
	switch {
	case t.shown[at]:
		t.out.line(first + name + t.ink.faint(" (above)"))
		return
	case depth == treeDepth && len(v.dependents) > 0:
		t.out.line(first + name + t.ink.faint(" (below)"))
		t.below = append(t.below, at)
		return
	}
	t.shown[at] = true
	t.out.line(first + t.line(v))
	for i, dependent := range v.dependents {
		branch, trunk := "├── ", "│   "
		if i == len(v.dependents)-1 {
			branch, trunk = "└── ", "    "
		}
		t.show(dependent, rest+branch, rest+trunk, depth+1)
	}
}

// line returns the whole line of an environment.
func (t *tree) line(v *vertex) string {
	text := t.ink.bold(visible(v.name)) + v.chain()
	if len(v.needs) > 0 {
		text += t.ink.faint("  needs " + strings.Join(v.needs, ", "))
	}
	if t.why && v.steps[0].Why != "" {
		text += t.ink.faint("  " + whySelected(v.steps[0]))
	}
	if !selected(v.steps) {
		text += t.ink.faint("  not selected")
	}
	return text
}

// selected reports whether a step is run.
func selected(steps []*schema.Step) bool {
	for _, s := range steps {
		if s.Selected {
			return true
		}
	}
	return false
}
