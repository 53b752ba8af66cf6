package view

import (
	"cmp"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bitops-engine/bitops/schema"
)

// SVG draws a plan's graph as a picture that stands alone: a box for each step, in columns from what runs first to what
// runs last, and a line wherever one waits for another. It follows the reader's choice of a light or dark screen.
func SVG(w io.Writer, p *schema.Plan) error {
	d := newDrawing(p)
	d.columns()
	for range sweeps {
		d.straighten(func(b *box) []*box { return b.before })
		d.straighten(func(b *box) []*box { return b.after })
	}
	d.place()
	return d.write(w)
}

// The sizes of the picture, in pixels.
const (
	boxHeight  = 44
	boxGap     = 16 // between two boxes of a column
	columnGap  = 72
	svgMargin  = 24
	letter     = 7.9 // the width of one, at the size of a title
	boxPadding = 24
	narrowest  = 96
)

// sweeps is how often the columns are put into a better order. More make no visible difference.
const sweeps = 4

// drawing is a graph on its way to a picture.
type drawing struct {
	boxes         []*box   // in the order of the plan
	column        [][]*box // from top to bottom
	width, height int
}

// box is one step.
type box struct {
	step          *schema.Step
	before, after []*box
	level         int
	rank          int     // in its column, from the top
	wish          float64 // the rank that would make its lines short
	x, y, width   int
}

func newDrawing(p *schema.Plan) *drawing {
	d := &drawing{}
	byName := make(map[schema.StepName]*box, len(p.Steps))
	for i := range p.Steps {
		b := &box{step: &p.Steps[i]}
		byName[b.step.Name] = b
		d.boxes = append(d.boxes, b)
	}
	for _, b := range d.boxes {
		for _, on := range b.step.DependsOn {
			if before := byName[on]; before != nil {
				b.before = append(b.before, before)
				before.after = append(before.after, b)
			}
		}
	}
	return d
}

// columns puts each box right of everything it waits for.
func (d *drawing) columns() {
	waits := make(map[*box]int, len(d.boxes))
	var free []*box
	for _, b := range d.boxes {
		if waits[b] = len(b.before); waits[b] == 0 {
			free = append(free, b)
		}
	}
	for len(free) > 0 {
		b := free[0]
		free = free[1:]
		for _, next := range b.after {
			next.level = max(next.level, b.level+1)
			if waits[next]--; waits[next] == 0 {
				free = append(free, next)
			}
		}
	}
	for _, b := range d.boxes {
		for len(d.column) <= b.level {
			d.column = append(d.column, nil)
		}
		b.rank = len(d.column[b.level])
		d.column[b.level] = append(d.column[b.level], b)
	}
}

// straighten sorts each column by where its neighbours of one side are.
func (d *drawing) straighten(neighbours func(*box) []*box) {
	for _, column := range d.column {
		for _, b := range column {
			b.wish = float64(b.rank)
			if all := neighbours(b); len(all) > 0 {
				b.wish = 0
				for _, n := range all {
					b.wish += float64(n.rank) / float64(len(all))
				}
			}
		}
		slices.SortStableFunc(column, func(a, b *box) int { return cmp.Compare(a.wish, b.wish) })
		for rank, b := range column {
			b.rank = rank
		}
	}
}

// place gives each box its position: columns from left to right, each in the middle of the picture's height.
func (d *drawing) place() {
	tallest := 0
	for _, column := range d.column {
		tallest = max(tallest, len(column))
	}
	d.height = 2*svgMargin + max(0, tallest*(boxHeight+boxGap)-boxGap)
	x := svgMargin
	for _, column := range d.column {
		width := narrowest
		for _, b := range column {
			longest := max(utf8.RuneCountInString(b.title()), utf8.RuneCountInString(b.subtitle()))
			width = max(width, int(float64(longest)*letter)+boxPadding)
		}
		y := (d.height - len(column)*(boxHeight+boxGap) + boxGap) / 2
		for _, b := range column {
			b.x, b.y, b.width = x, y, width
			y += boxHeight + boxGap
		}
		x += width + columnGap
	}
	d.width = max(x-columnGap, svgMargin) + svgMargin
}

func (b *box) title() string    { return visible(b.step.Environment) }
func (b *box) subtitle() string { return stepTitle(b.step) }

const svgStyle = `  <style>
    :root { color-scheme: light dark }
    svg { background: #fff }
    text { font: 600 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
    text.sub { font-weight: 400; font-size: 12px; fill: #59636e }
    rect { fill: #f6f8fa; stroke: #d1d9e0; rx: 6px }
    .left rect { stroke-dasharray: 4; fill: none }
    path { fill: none; stroke: #818b98; stroke-width: 1.4 }
    marker path { fill: #818b98; stroke: none }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117 }
      text { fill: #f0f6fc }
      text.sub { fill: #9198a1 }
      rect { fill: #151b23; stroke: #3d444d }
    }
  </style>
  <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">` +
	`<path d="M0 0L8 4L0 8z"/></marker>`

// write writes lines below boxes, so that one that passes a column does not cross out a name.
func (d *drawing) write(w io.Writer) error {
	out := &screen{w: w}
	out.linef(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="graph of steps">`,
		d.width, d.height, d.width, d.height)
	out.line(svgStyle)
	for _, to := range d.boxes {
		for _, from := range to.before {
			x1, y1, x2, y2 := from.x+from.width, from.y+boxHeight/2, to.x, to.y+boxHeight/2
			bend := max(columnGap/2, (x2-x1)/2)
			out.linef(`  <path marker-end="url(#arrow)" d="M%d %dC%d %d %d %d %d %d"/>`, x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
		}
	}
	for _, b := range d.boxes {
		class := ""
		if !b.step.Selected {
			class = ` class="left"`
		}
		out.linef(`  <g%s><title>%s</title><rect x="%d" y="%d" width="%d" height="%d"/>`,
			class, escaped(visible(b.step.Name)), b.x, b.y, b.width, boxHeight)
		out.linef(`    <text x="%d" y="%d">%s</text><text class="sub" x="%d" y="%d">%s</text></g>`,
			b.x+boxPadding/2, b.y+18, escaped(b.title()), b.x+boxPadding/2, b.y+35, escaped(b.subtitle()))
	}
	out.line("</svg>")
	out.flush()
	return out.err
}

// escaped returns a text as XML holds it.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
