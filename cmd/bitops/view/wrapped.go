package view

import (
	"strings"

	"github.com/rivo/uniseg"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// hung returns a text as lines of at most so many columns, broken at spaces; further lines are indented. A word is never cut,
// and neither is what stands in backticks, which is there to be copied: such a line can be longer. The text may be coloured.
func hung(text string, width, indent int) []string {
	if shownWidth(text) <= width {
		return []string{text}
	}
	if left, right, ok := atGap(text, width, indent); ok {
		return []string{left, right}
	}
	var all []string
	line, used, blank := "", 0, true
	for text != "" {
		word := strings.TrimLeft(text, " ")
		spaces := text[:len(text)-len(word)]
		word, text = cutWord(word)
		size := shownWidth(word)
		if !blank && used+len(spaces)+size > width {
			all = append(all, strings.TrimRight(line, " "))
			line, used, spaces = strings.Repeat(" ", indent), indent, ""
		}
		line += spaces + word
		used += len(spaces) + size
		blank = blank && word == ""
	}
	return append(all, line)
}

// atGap breaks a text between two of its columns, the last ones where both parts fit. Columns have two spaces between them.
func atGap(text string, width, indent int) (left, right string, ok bool) {
	for end := len(text); ; {
		end = strings.LastIndex(text[:end], "  ")
		if end < 0 {
			return "", "", false
		}
		left, right = strings.TrimRight(text[:end], " "), strings.Repeat(" ", indent)+text[end+2:]
		if strings.TrimLeft(left, " ") != "" && shownWidth(left) <= width && shownWidth(right) <= width {
			return left, right, true
		}
	}
}

// cutWord returns the first word of a text, which is up to a space outside of backticks, and what follows.
func cutWord(text string) (word, rest string) {
	end := 0
	for end < len(text) && text[end] != ' ' {
		if text[end] == '`' {
			end += max(0, strings.IndexByte(text[end+1:], '`')+1)
		}
		end++
	}
	return text[:end], text[end:]
}

// shownWidth returns how many columns a text takes that may be coloured.
func shownWidth(text string) int { return uniseg.StringWidth(terminal.Strip(text)) }

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
