package secret

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// A MaskRule is an entry of the manifest's logging.masks: a regular expression, and what replaces its matches.
type MaskRule struct {
	Search string
	// Replace may refer to groups in Python's notation: \1, \g<1>, \g<name>. Empty means ***.
	Replace string
}

// Masks replaces what an operator's regular expressions match. A nil *Masks replaces nothing. It is immutable.
type Masks struct {
	masks []compiledMask
}

type compiledMask struct {
	search    *regexp.Regexp
	replace   string // in the notation of regexp.Expand
	wholeLine bool   // the expression speaks of the line end
}

// MaskError means that a rule cannot be used. Index is its place in the list, from 0.
type MaskError struct {
	Index  int
	Search string
	Err    error
}

func (e *MaskError) Error() string {
	return fmt.Sprintf("mask %d, search %q: %v", e.Index+1, e.Search, e.Err)
}

func (e *MaskError) Unwrap() error { return e.Err }

// CompileMasks returns the Masks of the rules, applied in their order. An error is a *MaskError.
//
// Expressions are Go's (RE2), which are Python's without backreferences and lookaround in the search.
func CompileMasks(rules []MaskRule) (*Masks, error) {
	m := new(Masks)
	for i, rule := range rules {
		search, err := regexp.Compile(rule.Search)
		if err != nil {
			return nil, &MaskError{i, rule.Search, fmt.Errorf("%w (Go's regular expressions, RE2, have no lookaround and no backreferences)", err)}
		}
		if rule.Replace == "" {
			rule.Replace = Mask
		}
		replace, err := convertReplacement(rule.Replace, search)
		if err != nil {
			return nil, &MaskError{i, rule.Search, err}
		}
		m.masks = append(m.masks, compiledMask{search, replace, speaksOfLineEnd(rule.Search)})
	}
	return m, nil
}

func speaksOfLineEnd(search string) bool {
	return strings.Contains(search, `\n`) || strings.Contains(search, "\n")
}

// Empty reports whether nothing is ever replaced.
func (m *Masks) Empty() bool { return m == nil || len(m.masks) == 0 }

// Line returns a line of text, without its line end, with all matches replaced. Expressions that contain \n see the
// line with one, as masks written for older versions expect. What they match only once the line's control sequences are
// gone is replaced too, and the line is without them then. Redact secrets first: a mask that replaces a part of a secret
// keeps a Redactor from recognising the rest.
func (m *Masks) Line(line string) string {
	if m.Empty() {
		return line
	}
	line = m.replace(line)
	plain := terminal.Strip(line)
	if plain == line {
		return line
	}
	if masked := m.replace(plain); masked != plain {
		return masked
	}
	return line
}

func (m *Masks) replace(line string) string {
	for _, mask := range m.masks {
		if !mask.wholeLine {
			line = mask.search.ReplaceAllString(line, mask.replace)
			continue
		}
		line = strings.TrimSuffix(mask.search.ReplaceAllString(line+"\n", mask.replace), "\n")
	}
	return line
}
