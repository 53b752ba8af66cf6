package selection

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Whole is a reach without end.
const Whole = -1

// The kinds of factors. A word is the name of an environment or a step, a pattern of environments' names, or a state.
const (
	kindWord  = ""
	kindHere  = "."
	kindEnv   = "env"
	kindStep  = "step"
	kindTag   = "tag"
	kindTool  = "tool"
	kindPath  = "path"
	kindState = "is"
	kindReads = "reads"
	kindSince = Changed // with a commit behind it
)

// properties are the kinds that a selector names.
var properties = []string{kindEnv, kindStep, kindTag, kindTool, kindPath, kindState, kindReads, kindSince}

// The states by which steps are selected.
const (
	Changed  = "changed"  // it differs from what was applied last
	Failed   = "failed"   // it did not end well when something was done to it last
	Held     = "held"     // the last run held it
	Drifted  = "drifted"  // the last look at it found that the real world differs
	Orphaned = "orphaned" // it is deployed and no longer in the manifest, so only destroy has a use for it
)

// States are all of them.
var States = []string{Changed, Failed, Held, Drifted, Orphaned}

// Selector is one argument of a command: the steps that all its factors select. Without takes them away.
type Selector struct {
	Text    string
	Without bool
	Factors []Factor
}

// Factor selects steps by one property, with what they depend on or what depends on them.
type Factor struct {
	Not   bool // selects all others
	Kind  string
	Value string

	// Commit is the whole of what is behind changed: where that ends in a plus, which can be a part of the name of a commit.
	Commit string

	// Dependencies and Dependents say how many environments further it goes: 0 for none, Whole for all.
	Dependencies, Dependents int
}

// Parse reads one selector, and says all that is wrong with it.
func Parse(text string) (Selector, schema.Problems) {
	s := Selector{Text: text}
	if text == "" {
		return s, refuse(wrong("the selector is empty").WithHint("leave it out to select every environment"))
	}
	rest := strings.TrimSpace(text)
	if s.Without = strings.HasPrefix(rest, "!"); s.Without {
		rest = rest[1:]
	}
	if s.Without && strings.Contains(rest, "&") {
		return s, refuse(wrong("%q can mean two things", text).
			WithHint("put what begins with ! last, as in 'a & !b', or in a selector of its own, as in 'a' '!b'"))
	}
	var problems schema.Problems
	for _, part := range splitFactors(rest) {
		factor, wrong := parseFactor(strings.TrimSpace(part), text)
		problems = append(problems, wrong...)
		s.Factors = append(s.Factors, factor)
	}
	return s, problems
}

// States returns the states that a selector names.
func (s Selector) States() []string {
	var all []string
	for _, f := range s.Factors {
		switch {
		case f.Kind == kindSince:
			all = append(all, Changed)
		case (f.Kind == kindState || f.Kind == kindWord) && slices.Contains(States, f.Value):
			all = append(all, f.Value)
		}
	}
	return all
}

// reaching takes a factor apart: digits and a plus in front, the factor itself, a plus and digits behind.
var reaching = regexp.MustCompile(`(?s)^(?:([0-9]*)(\+))?(.*?)(?:(\+)([0-9]*))?$`)

func parseFactor(text, selector string) (f Factor, problems schema.Problems) {
	if f.Not = strings.HasPrefix(text, "!"); f.Not {
		text = strings.TrimSpace(text[1:])
	}
	parts := reaching.FindStringSubmatch(text)
	up, core, down := parts[1], parts[3], parts[5]
	f.Dependencies, f.Dependents = reach(parts[2], up), reach(parts[4], down)
	switch {
	case core == "" && up != "": // 2+ is an environment called 2 and what depends on it
		f.Dependencies, f.Dependents, core = 0, Whole, up
	case isNumber(up) && isNumber(core):
		return f, refuse(wrong("%q: either %s or %s is a name", selector, up, core).
			WithHint("write `env:` before the name, as in %s+env:%s", up, core))
	}
	switch kind, value, property := strings.Cut(core, ":"); {
	case core == "":
		return f, refuse(wrong("%q lacks a name", selector))
	case isRelative(core):
		f.Kind, f.Value = kindHere, core
	case !property:
		f.Value = core
	case !slices.Contains(properties, kind):
		return f, refuse(wrong("%q: nothing is selected by %q", selector, kind+":").
			WithHint("%s", cmp.Or(schema.DidYouMean(kind, properties), "known: "+strings.Join(properties, ", "))))
	case value == "", kind == kindSince && value == "()":
		return f, refuse(wrong("%q lacks something after %q", selector, kind+":"))
	case kind == kindState && !slices.Contains(States, value):
		return f, refuse(wrong("%q: no state is called %q", selector, value).WithHint("%s", schema.DidYouMean(value, States)))
	case kind == kindSince:
		f.Kind, f.Value = kind, value
		if inside, ok := strings.CutPrefix(value, "("); ok && strings.HasSuffix(inside, ")") {
			f.Value = strings.TrimSuffix(inside, ")")
		} else if parts[4] != "" {
			f.Commit = value + parts[4] + down
		}
	default:
		f.Kind, f.Value = kind, value
	}
	return f, nil
}

// exactly finds the commits that are written in parentheses, as in changed:(REF)+, where they may hold anything.
var exactly = regexp.MustCompile(`(?s)^changed:\(.*?\)(?:\+[0-9]*)?\s*(?:&|$)`)

// splitFactors takes a selector apart at each & that is not in parentheses behind changed:.
func splitFactors(text string) []string {
	var all []string
	begin := 0
	for at := 0; at < len(text); at++ {
		if within := exactly.FindStringIndex(text[at:]); within != nil {
			at += within[1] - 1
			if text[at] != '&' {
				continue
			}
		}
		if text[at] == '&' {
			all = append(all, text[begin:at])
			begin = at + 1
		}
	}
	return append(all, text[begin:])
}

// ComparesCommits reports whether a selector is about what differs from a commit.
func ComparesCommits(text string) bool {
	s, _ := Parse(text)
	return slices.ContainsFunc(s.Factors, func(f Factor) bool { return f.Kind == kindSince })
}

// IsChanged reports whether a selector is about nothing but what changed, and may be what depends on it.
func IsChanged(text string) bool {
	s, problems := Parse(text)
	return len(problems) == 0 && !s.Without && len(s.Factors) == 1 && !s.Factors[0].Not && slices.Equal(s.States(), []string{Changed})
}

// IsWord reports whether a selector is one word, which can be a name.
func IsWord(text string) bool {
	s, problems := Parse(text)
	return len(problems) == 0 && len(s.Factors) == 1 && !s.Without && s.Factors[0].Kind == kindWord && s.Factors[0].Value == text
}

// begins finds the signs that come before what a factor names.
var begins = regexp.MustCompile(`^\s*!?\s*(?:[0-9]*\+)?`)

// LastPart takes a selector that a person has begun to write apart: what the last factor names so far, and all before it.
func LastPart(begun string) (head, part string) {
	parts := splitFactors(begun)
	part = parts[len(parts)-1]
	part = part[len(begins.FindString(part)):]
	return begun[:len(begun)-len(part)], part
}

// IsPath reports whether what a person has begun to write is a path from where they stand.
func IsPath(begun string) bool {
	head, part := LastPart(begun)
	return head == "" && strings.Contains(part, "/") && isRelative(part)
}

// Named returns which environment and which step a selector names and nothing else: "" where it names none, and twice the same
// where it does not say which.
func Named(text string) (environment, step string) {
	s, problems := Parse(text)
	if len(problems) > 0 || len(s.Factors) != 1 || s.Without {
		return "", ""
	}
	f := s.Factors[0]
	switch {
	case f.Not || f.Dependencies != 0 || f.Dependents != 0:
		return "", ""
	case f.Kind == kindEnv:
		return f.Value, ""
	case f.Kind == kindStep:
		return "", f.Value
	case f.Kind == kindWord:
		return f.Value, f.Value
	}
	return "", ""
}

// Since returns the selector of what differs from a commit, and with dependents of what depends on that.
func Since(commit string, dependents bool) string {
	if dependents {
		return kindSince + ":(" + commit + ")+"
	}
	return kindSince + ":(" + commit + ")"
}

// reach returns how far a plus goes: all the way without a depth.
func reach(plus, depth string) int {
	if plus == "" {
		return 0
	}
	if n, err := strconv.Atoi(depth); err == nil {
		return n
	}
	return Whole // or a depth that no graph has
}

// isRelative reports whether a word is a path from where the person stands: ., .., or one that begins so.
func isRelative(word string) bool {
	first, _, _ := strings.Cut(word, "/")
	return first == "." || first == ".."
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// wrong is a problem of the command line: it has no place in a file.
func wrong(format string, args ...any) schema.Problem {
	return schema.Errorf(schema.Position{}, format, args...)
}

func refuse(p schema.Problem) schema.Problems { return schema.Problems{p} }
