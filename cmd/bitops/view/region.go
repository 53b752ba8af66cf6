package view

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A region is the rows at the bottom of a terminal that are drawn over again and again, below lines that stay.
//
// Between two draws the cursor is at the beginning of the region's first row. So nothing above it is ever touched, whatever
// happened in between: a terminal that got narrower and wrapped the rows, a shell that wrote below a stopped program. The
// cursor stays visible, and the modes of the terminal stay as they are: a program that is killed leaves nothing to repair.
type region struct {
	w     io.Writer
	rows  []string // that are on the screen
	stale bool     // what is on the screen below the cursor is not known
}

// Control sequences of a terminal, as ECMA-48 and the VT100 know them.
const (
	eraseBelow = "\x1b[J"
	eraseRight = "\x1b[K"
	noWrap     = "\x1b[?7l" // a row that is wider than it should be is cut, and moves no other
	wrapAgain  = "\x1b[?7h"

	savePosition    = "\x1b7"
	restorePosition = "\x1b8"
	nextRow         = "\x1b[E" // stays on the last row
)

// draw writes lines, which are whole, where the region begins, and the region below them, in one write. What did not change
// is not written.
func (r *region) draw(lines []byte, rows []string) error {
	if len(lines) == 0 && !r.stale && slices.Equal(rows, r.rows) {
		return nil
	}
	var out bytes.Buffer
	known := r.rows
	if len(lines) > 0 || r.stale {
		if len(known) > 0 || r.stale {
			out.WriteString(eraseBelow)
		}
		known = nil
		out.Write(lines)
	}
	r.overwrite(&out, known, rows)
	r.rows, r.stale = slices.Clone(rows), false
	_, err := r.w.Write(out.Bytes())
	return err
}

// overwrite draws rows over those that are known to be there. Where there may be no room below, it makes some first, with
// empty rows, and draws without scrolling: a terminal that got lower meanwhile scrolls empty rows away, and never half a region.
func (r *region) overwrite(out *bytes.Buffer, known, rows []string) {
	if len(rows) == 0 {
		if len(known) > 0 {
			out.WriteString(eraseBelow)
		}
		return
	}
	if len(rows) > max(len(known), 1) {
		fmt.Fprintf(out, "%s%s\x1b[%dA\r", eraseBelow, strings.Repeat("\n", len(rows)-1), len(rows)-1)
		known = nil
	}
	out.WriteString(savePosition + noWrap)
	for i, row := range rows {
		if i > 0 {
			out.WriteString(nextRow)
		}
		if i >= len(known) || known[i] != row {
			out.WriteString(row + eraseRight)
		}
	}
	if len(known) > len(rows) {
		out.WriteString(nextRow + eraseBelow)
	}
	out.WriteString(restorePosition + wrapAgain)
}
