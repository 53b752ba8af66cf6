package view

import (
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Wiring shows the way of every value: output -> step -> variable. A value that the manifest itself gives comes from
// there.
func Wiring(w io.Writer, p *schema.Plan, color bool) error {
	out, k := &screen{w: w}, ink{color}
	var rows [][3]string
	var inherited []bool
	var froms, names []string
	for i := range p.Steps {
		for _, wire := range p.Steps[i].Wiring {
			row := [3]string{origin(wire), visible(p.Steps[i].Name), visible(wire.Input)}
			rows = append(rows, row)
			inherited = append(inherited, wire.How == "inherited")
			froms, names = append(froms, row[0]), append(names, row[1])
		}
	}
	fromWidth, nameWidth := column(48, froms...), column(48, names...)
	for i, row := range rows {
		line := pad(row[0], fromWidth) + " -> " + pad(row[1], nameWidth) + " -> " + k.bold(row[2])
		if inherited[i] {
			line += k.faint("  (by name)")
		}
		out.line(line)
	}
	if len(rows) == 0 {
		out.line("No environment takes a value from another.")
	}
	out.flush()
	return out.err
}

// origin returns where a value comes from.
func origin(w schema.Wire) string {
	if len(w.From) == 0 {
		return "(manifest)"
	}
	from := make([]string, len(w.From))
	for i, reference := range w.From {
		from[i] = visible(reference)
	}
	return strings.Join(from, ", ")
}
