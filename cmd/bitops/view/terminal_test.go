package view_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// emulator is as much of a terminal as the view uses: what was written, with all that scrolled away at the top.
type emulator struct {
	t             testing.TB
	width, height int
	rows          [][]string // of cells; the last height of them are the screen
	y, x          int        // of the cursor
	wraps, last   bool       // last: the next character begins a new row
	saved         [2]int     // position
}

func newEmulator(t testing.TB, width, height int) *emulator {
	t.Helper()
	return &emulator{t: t, width: width, height: height, rows: [][]string{{}}, wraps: true}
}

func (e *emulator) Write(text []byte) (int, error) {
	for s := string(text); s != ""; {
		if after, ok := strings.CutPrefix(s, "\x1b7"); ok {
			e.saved, s = [2]int{e.y, e.x}, after
			continue
		}
		if after, ok := strings.CutPrefix(s, "\x1b8"); ok {
			e.y, e.x, e.last, s = e.saved[0], e.saved[1], false, after
			continue
		}
		if after, ok := strings.CutPrefix(s, "\x1b["); ok {
			end := strings.IndexFunc(after, func(r rune) bool { return r >= '@' && r <= '~' })
			e.control(after[:end], after[end])
			s = after[end+1:]
			continue
		}
		var cluster string
		var width int
		cluster, s, width, _ = uniseg.FirstGraphemeClusterInString(s, -1)
		e.put(cluster, width)
	}
	return len(text), nil
}

func (e *emulator) control(parameter string, kind byte) {
	switch {
	case kind == 'm':
	case kind == 'A' && parameter != "0":
		n := 1
		if parameter != "" {
			if _, err := fmt.Sscan(parameter, &n); err != nil {
				e.t.Fatal(err)
			}
		}
		if e.y -= n; e.y < max(0, len(e.rows)-e.height) {
			e.t.Fatal("the cursor went above the screen")
		}
		e.last = false
	case kind == 'E' && parameter == "":
		e.x, e.last = 0, false
		if e.y < max(len(e.rows), e.height)-1 {
			e.y++
		}
		for e.y >= len(e.rows) {
			e.rows = append(e.rows, nil)
		}
	case kind == 'K' && parameter == "":
		e.rows[e.y] = e.rows[e.y][:min(e.x, len(e.rows[e.y]))]
	case kind == 'J' && parameter == "":
		e.rows[e.y] = e.rows[e.y][:min(e.x, len(e.rows[e.y]))]
		for y := e.y + 1; y < len(e.rows); y++ {
			e.rows[y] = nil
		}
	case parameter == "?7" && (kind == 'l' || kind == 'h'):
		e.wraps = kind == 'h'
	default:
		e.t.Fatalf("unknown control sequence ESC [ %s %c", parameter, kind)
	}
}

func (e *emulator) put(cluster string, width int) {
	switch {
	case cluster == "\r":
		e.x, e.last = 0, false
		return
	case cluster == "\n", cluster == "\r\n":
		e.x, e.last = 0, false
		e.down()
		return
	case strings.ContainsAny(cluster, "\x1b\t\a"):
		e.t.Fatalf("%q reaches the terminal", cluster)
	case e.last && e.wraps, e.x+width > e.width && e.wraps:
		e.x = 0
		e.down()
	case e.x+width > e.width:
		e.x = e.width - width
	}
	row := e.rows[e.y]
	for len(row) < e.x+width {
		row = append(row, " ")
	}
	row[e.x] = cluster
	if width == 2 {
		row[e.x+1] = ""
	}
	e.rows[e.y] = row
	e.x += width
	if e.last = e.x >= e.width; e.last {
		e.x = e.width - 1
	}
}

func (e *emulator) down() {
	e.last = false
	if e.y++; e.y == len(e.rows) {
		e.rows = append(e.rows, nil)
	}
}

// text returns all rows, without the empty ones at the end.
func (e *emulator) text() []string {
	all := make([]string, len(e.rows))
	for i, row := range e.rows {
		all[i] = strings.TrimRight(strings.Join(row, ""), " ")
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}
