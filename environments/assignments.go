package environments

import (
	"fmt"
	"slices"
	"strings"
)

// assignment is one `name=value`.
type assignment struct {
	name, value string
	line        int // where it begins
}

// parseAssignments reads lines of `name=value`, and values of several lines between `name<<WORD` and a line that is
// WORD alone. Lines may end in CR LF. Empty lines and lines that begin with # are passed over. Errors name the line and
// never its text, which can be secret.
func parseAssignments(text string, firstLine int) ([]assignment, error) {
	var all []assignment
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	for i := 0; i < len(lines); i++ {
		if trimmed := strings.TrimSpace(lines[i]); trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		a := assignment{line: firstLine + i}
		name, value, equals := strings.Cut(lines[i], "=")
		heredoc, word, here := strings.Cut(lines[i], "<<")
		switch {
		case here && len(heredoc) < len(name):
			end := endOf(lines, i+1, word)
			if end < 0 {
				return nil, fmt.Errorf("line %d: the value is never ended by its closing word", a.line)
			}
			a.name, a.value = heredoc, strings.Join(lines[i+1:end], "\n")
			i = end
		case equals:
			a.name, a.value = name, value
		default:
			return nil, fmt.Errorf("line %d is not name=value", a.line)
		}
		switch {
		case !validName(a.name):
			return nil, fmt.Errorf("line %d: the name before the value is not one of letters, digits, _ and -", a.line)
		case strings.Contains(a.value, "\x00"):
			return nil, fmt.Errorf("line %d: the value holds a NUL byte", a.line)
		}
		all = append(all, a)
	}
	return all, nil
}

// endOf returns the index of the line that is the word alone, or -1.
func endOf(lines []string, from int, word string) int {
	word = strings.TrimSpace(word)
	if word == "" {
		return -1
	}
	if at := slices.Index(lines[from:], word); at >= 0 {
		return from + at
	}
	return -1
}

func validName(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return name != ""
}
