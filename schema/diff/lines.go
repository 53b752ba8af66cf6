package diff

import "strings"

// Line is one line of a text that was compared: of both texts, of the one before alone, or of the one after alone.
type Line struct {
	Sign byte // ' ', '-' or '+'
	Text string
}

// Lines compares two texts line by line. The lines have no line ends.
func Lines(before, after string) []Line {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	var all []Line
	i, j := 0, 0
	upTo := func(p pair) {
		for ; i < p.was; i++ {
			all = append(all, Line{'-', was[i]})
		}
		for ; j < p.is; j++ {
			all = append(all, Line{'+', is[j]})
		}
	}
	for _, p := range align(was, is) {
		upTo(p)
		all = append(all, Line{' ', was[p.was]})
		i, j = i+1, j+1
	}
	upTo(pair{len(was), len(is)})
	return all
}
