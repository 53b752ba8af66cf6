package ansible

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// extraVarsArguments returns the arguments that hand over cli.extra-vars. Whatever is not a file already is written into
// a private one, in ansible's order: everybody on the machine can see a command line.
func (s *session) extraVarsArguments() ([]string, error) {
	var args []string
	for i, text := range words(s.extraVars) {
		if !strings.HasPrefix(text, "@") {
			name, content, err := extraVarsFile(text)
			if err != nil {
				return nil, err
			}
			file, err := s.PrivateFile(fmt.Sprintf("extra-vars-%d%s", i+1, name), content)
			if err != nil {
				return nil, err
			}
			text = "@" + file
		}
		args = append(args, "--extra-vars="+text)
	}
	return args, nil
}

// extraVarsFile returns the content of a file that means what an argument does, and the ending of its name: a mapping
// stays as it is, and NAME=VALUE pairs become a mapping of texts. An error does not show the text.
func extraVarsFile(text string) (ending string, content []byte, err error) {
	if text[0] == '{' || text[0] == '[' {
		return ".yaml", []byte(text), nil
	}
	pairs, err := splitPairs(text)
	if err != nil {
		return "", nil, environments.Failuref("%s: %v", keyExtraVars, err)
	}
	content, err = json.Marshal(pairs)
	return ".json", content, err
}

// splitPairs reads `a=1 b="2 3"` as ansible does. A word without = sets nothing.
func splitPairs(text string) (map[string]string, error) {
	all, err := splitWords(text)
	if err != nil {
		return nil, err
	}
	pairs := map[string]string{}
	for _, word := range all {
		word = escapes.ReplaceAllStringFunc(word, unescape)
		for at := 1; at < len(word); at++ {
			if word[at] == '=' && word[at-1] != '\\' {
				pairs[strings.TrimSpace(word[:at])] = unquote(strings.TrimSpace(word[at+1:]))
				break
			}
		}
	}
	return pairs, nil
}

// splitWords cuts a text at blanks and line ends, but for those in quotes and in templates. As ansible does, it looks at
// what is between two blanks as a whole: more {{ than }} open a template.
func splitWords(text string) ([]string, error) {
	var all []string
	var quote byte
	closing := map[string]string{"{{": "}}", "{%": "%}", "{#": "#}"}
	depth := map[string]int{"{{": 0, "{%": 0, "{#": 0}
	begin, inside := 0, false
	for i := 0; i <= len(text); {
		end := i + len(upToBlank(text[i:]))
		quote = quoteAfter(text[i:end], quote)
		inside = quote != 0
		for opens, open := range depth {
			depth[opens] = max(0, open+strings.Count(text[i:end], opens)-strings.Count(text[i:end], closing[opens]))
			inside = inside || depth[opens] > 0
		}
		if !inside {
			all = append(all, text[begin:end])
			begin = end + 1
		}
		i = end + 1
	}
	if inside {
		return nil, errors.New("a quote or a template is not closed in it")
	}
	return words(all), nil
}

func upToBlank(text string) string {
	if at := strings.IndexAny(text, " \n"); at >= 0 {
		return text[:at]
	}
	return text
}

// quoteAfter returns the quote that is open behind a text, 0 for none; quote is the one before it.
func quoteAfter(text string, quote byte) byte {
	for i := range len(text) {
		c := text[i]
		switch {
		case c != '"' && c != '\'', i > 0 && text[i-1] == '\\':
		case quote == 0:
			quote = c
		case quote == c:
			quote = 0
		}
	}
	return quote
}

// escapes are those that ansible reads outside of YAML.
var escapes = regexp.MustCompile(`\\(?:U[0-9A-Fa-f]{8}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[\\'"abfnrtv])`)

func unescape(sequence string) string {
	if sequence == `\'` {
		return "'"
	}
	if code, ok := strings.CutPrefix(sequence, `\x`); ok { // a character, where Go means a byte
		sequence = `\u00` + code
	}
	text, err := strconv.Unquote(`"` + sequence + `"`)
	if err != nil {
		return sequence
	}
	return text
}

func unquote(text string) string {
	last := len(text) - 1
	if last > 0 && (text[0] == '"' || text[0] == '\'') && text[last] == text[0] && text[last-1] != '\\' {
		return text[1:last]
	}
	return text
}
