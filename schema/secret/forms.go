package secret

import (
	"slices"
	"strings"
)

const (
	// minEncoded is the length in bytes from which a value is looked for in encodings that turn it into other letters. In
	// hex or base64 a shorter one is too likely to be part of something else.
	minEncoded = 8
	// longestForm is the longest string that is looked for as a whole.
	longestForm = 64 << 10
	// pieceSize is the size of the pieces by which longer ones are found.
	pieceSize = 4 << 10
)

// formsOf returns the strings by which a value is recognised, or none if it is not to be masked.
func formsOf(value string) []string {
	value = strings.TrimSpace(value)
	switch strings.ToLower(value) {
	case "true", "false", "null":
		return nil
	}
	if len(value) < minValue {
		return nil
	}
	forms := []string{value}
	forms = append(forms, linesOf(value)...)
	forms = append(forms, quotedForms(value)...)
	forms = append(forms, urlForms(value)...)
	if len(value) >= minEncoded {
		forms = append(forms, encodedForms(value)...)
	}
	forms = append(forms, normalForms(forms)...)
	forms = inPieces(forms)
	forms = slices.DeleteFunc(forms, func(s string) bool { return len(s) < minValue })
	slices.Sort(forms)
	return slices.Compact(forms)
}

// linesOf returns the lines of a value that has several, since output is shown line by line.
func linesOf(value string) []string {
	if !strings.ContainsAny(value, "\r\n") {
		return nil
	}
	var lines []string
	for _, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.TrimSpace(line); len(line) >= minLine {
			lines = append(lines, line)
		}
	}
	return lines
}

// normalForms returns the normal forms of strings that are not normal themselves. Short ones are left out: they may have
// little in common with the value.
func normalForms(forms []string) []string {
	var others []string
	for _, form := range forms {
		if n := normalForm(form); n != form && len(n) >= minLine {
			others = append(others, n)
		}
	}
	return others
}

// inPieces replaces the strings that are too long to be held back by all their pieces, the last of which ends with them.
func inPieces(forms []string) []string {
	var short []string
	for _, form := range forms {
		if len(form) <= longestForm {
			short = append(short, form)
			continue
		}
		for begin := 0; begin < len(form); begin += pieceSize {
			begin := min(begin, len(form)-pieceSize)
			short = append(short, form[begin:begin+pieceSize])
		}
	}
	return short
}
