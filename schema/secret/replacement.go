package secret

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pythonReference matches what a backslash begins in a replacement of Python's re.sub.
var pythonReference = regexp.MustCompile(`\\(?:g<(\w+)>|([1-9][0-9]?)|(\\)|(n)|(t))`)

// convertReplacement translates a replacement of Python's re.sub for regexp.Expand. It is an error to refer to a
// group that search does not have.
func convertReplacement(replace string, search *regexp.Regexp) (string, error) {
	var out strings.Builder
	at := 0
	for _, m := range pythonReference.FindAllStringSubmatchIndex(replace, -1) {
		out.WriteString(literal(replace[at:m[0]]))
		at = m[1]
		switch {
		case m[2] >= 0 || m[4] >= 0:
			group := replace[max(m[2], m[4]):max(m[3], m[5])]
			if !hasGroup(search, group) {
				return "", fmt.Errorf("the replacement %q refers to the group %s, which the search does not have", replace, group)
			}
			out.WriteString("${" + group + "}")
		case m[6] >= 0:
			out.WriteString(`\`)
		case m[8] >= 0:
			out.WriteString("\n")
		default:
			out.WriteString("\t")
		}
	}
	out.WriteString(literal(replace[at:]))
	return out.String(), nil
}

// literal keeps regexp.Expand from seeing references of its own.
func literal(s string) string { return strings.ReplaceAll(s, "$", "$$") }

func hasGroup(search *regexp.Regexp, group string) bool {
	if n, err := strconv.Atoi(group); err == nil {
		return n <= search.NumSubexp()
	}
	return slices.Contains(search.SubexpNames(), group)
}
