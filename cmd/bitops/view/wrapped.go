package view

import (
	"strings"

	"github.com/rivo/uniseg"
)

// wrapped returns a text as lines of at most so many columns, broken at spaces where that is possible.
func wrapped(text string, width int) []string {
	width = max(width, 10)
	var all []string
	for uniseg.StringWidth(text) > width {
		at := breakAt(text, width)
		all = append(all, strings.TrimRight(text[:at], " "))
		text = strings.TrimLeft(text[at:], " ")
	}
	return append(all, text)
}

// breakAt returns where a line that is too long ends: at its last space, or where it is full.
func breakAt(text string, width int) int {
	used, end := 0, 0
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if used+g.Width() > width {
			break
		}
		used += g.Width()
		_, end = g.Positions()
	}
	if space := strings.LastIndexByte(text[:end], ' '); space > 0 && text[end:end+1] != " " {
		return space
	}
	return max(end, 1)
}
