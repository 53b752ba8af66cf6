package helm

import (
	"regexp"
	"strings"
)

const errorPrefix = "Error: "

// severalErrors ends the first line of a list of errors, one a line.
var severalErrors = regexp.MustCompile(`\d+ errors? occurred:$`)

// summary makes one line of helm's last error. Where that is a list, the first line alone says nothing.
func summary(lines []string) string {
	first := strings.TrimPrefix(lines[0], errorPrefix)
	head := strings.TrimRight(severalErrors.ReplaceAllString(first, ""), " ")
	if head == strings.TrimRight(first, " ") {
		return first
	}
	var items []string
	for _, line := range lines[1:] {
		line = strings.TrimSpace(line)
		if item, begins := strings.CutPrefix(line, "* "); begins {
			items = append(items, item)
		} else if line != "" && len(items) > 0 {
			items[len(items)-1] += " " + line
		}
	}
	if len(items) == 0 {
		return first
	}
	return strings.TrimSpace(head + " " + strings.Join(items, "; "))
}

// dumped begins a value that the API server prints whole, in Go's notation or as JSON: of an object that cannot be changed
// so, for example, where the reason comes last.
var dumped = regexp.MustCompile(`Invalid value: [\w.*&]*\{`)

// longestDump is the length in bytes up to which such a value is shown.
const longestDump = 80

// withoutDumps returns lines without the long values that the API server prints.
func withoutDumps(lines []string) []string {
	short := make([]string, len(lines))
	for i, line := range lines {
		short[i] = withoutDump(line)
	}
	return short
}

func withoutDump(line string) string {
	at := dumped.FindStringIndex(line)
	if at == nil {
		return line
	}
	end := at[1] + closing(line[at[1]:])
	if end-at[1] <= longestDump {
		return line[:end] + withoutDump(line[end:])
	}
	return line[:at[1]] + "…}" + withoutDump(line[min(end+1, len(line)):])
}

// closing returns where the brace is that closes the one before a text, or the text's length.
func closing(text string) int {
	depth, quoted := 1, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}
