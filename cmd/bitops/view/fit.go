package view

import (
	"strings"

	"github.com/rivo/uniseg"
)

// glyphs are the characters of the live region that are not ASCII, or what replaces them.
type glyphs struct{ line, between, cut string }

func glyphsOf(ascii bool) glyphs {
	if ascii {
		return glyphs{line: "-", between: ", ", cut: ".."}
	}
	return glyphs{line: "─", between: " · ", cut: "…"}
}

// name returns a name of at most so many columns: of a longer one the middle is left out, for its beginning and its end
// tell more.
func (g glyphs) name(s string, width int) string {
	room := width - uniseg.StringWidth(g.cut)
	if uniseg.StringWidth(s) <= width {
		return s
	}
	if room < 2 {
		return firstColumns(g.cut, width)
	}
	return firstColumns(s, room-room/2) + g.cut + lastColumns(s, room/2)
}

// words returns a text of at most so many columns: of a longer one the last words are left out, none is cut. Of a first word
// that is too long, a path or an address, the middle is.
func (g glyphs) words(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	room := width - uniseg.StringWidth(g.cut)
	if room <= 0 {
		return ""
	}
	end := firstColumns(s, room)
	if s[len(end)] != ' ' {
		end = end[:max(0, strings.LastIndexByte(end, ' '))]
	}
	if end = strings.TrimRight(end, " "); end != "" {
		return end + g.cut
	}
	first, _, _ := strings.Cut(s, " ")
	return g.name(first, width)
}

// firstColumns returns the beginning of a text that takes at most so many columns.
func firstColumns(s string, width int) string {
	used, end := 0, 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used += g.Width(); used > width {
			break
		}
		_, end = g.Positions()
	}
	return s[:end]
}

// lastColumns returns the end of a text that takes at most so many columns.
func lastColumns(s string, width int) string {
	skip := uniseg.StringWidth(s) - width
	used := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used >= skip {
			from, _ := g.Positions()
			return s[from:]
		}
		used += g.Width()
	}
	return ""
}
