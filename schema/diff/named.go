package diff

import (
	"regexp"
	"strings"
)

// Named hides, line by line, what a text says under names that are secret, as files of settings and scripts do:
//
//	password = correct horse          the rest of the line
//	export API_TOKEN=abc; run         in the middle of a line, one word or what is in quotation marks
//	db_password: |                    the lines below that are indented deeper
//	-----BEGIN PRIVATE KEY-----       what is a key until its end
//
// Use a new one for each text.
type Named struct {
	Secret func(name string) bool

	within bool // a block of lines under a name
	indent int  // of its name
	key    bool // a private key
}

// longestName is how far before its value a name is looked for, in bytes.
const longestName = 256

var (
	assigned  = regexp.MustCompile(`^(\s*(?:- +)?(?:export +|set +|setenv +|ENV +)?["']?)([A-Za-z_][\w.-]*)(["']?\s*(?:[:?+]?=>?|:)\s*)(\S.*?)(\s*)$`)
	here      = regexp.MustCompile(`([A-Za-z_][\w.-]*)["']?\s*[=:]\s*`)
	oneValue  = regexp.MustCompile(`^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;&|(){}\[\]]+)`)
	blockMark = regexp.MustCompile(`^[|>][-+0-9]*(\s+#.*)?$`)
	beginsKey = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	partOfKey = regexp.MustCompile(`^\W?\s*([A-Za-z0-9+/=]*|(Proc-Type|DEK-Info|Version|Comment): .*)\s*$`)
	endsKey   = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
)

// Text returns a text of several lines without what is secret, and whether something was.
func (n *Named) Text(text string) (without string, found bool) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		var hidden bool
		lines[i], hidden = n.Line(line)
		found = found || hidden
	}
	if !found {
		return text, false
	}
	return strings.Join(lines, "\n"), true
}

// Line returns the next line without what is secret, and whether something was.
func (n *Named) Line(line string) (without string, found bool) {
	if !n.key && !n.within && !n.mayHold(line) {
		return line, false
	}
	blank := strings.TrimLeft(line, " \t")
	if n.key && (endsKey.MatchString(line) || partOfKey.MatchString(line)) {
		n.key = !endsKey.MatchString(line)
		return Sensitive, true
	}
	n.key = false
	switch indent := len(line) - len(blank); {
	case n.within && blank == "":
		return line, false
	case n.within && indent > n.indent:
		return line[:indent] + Sensitive, true
	}
	n.within = false
	if at := beginsKey.FindStringIndex(line); at != nil {
		n.key = !endsKey.MatchString(line)
		return line[:at[0]] + Sensitive, true
	}
	if m := assigned.FindStringSubmatch(line); m != nil && n.secret(m[2]) {
		n.within, n.indent = blockMark.MatchString(m[4]), len(line)-len(blank)
		if n.within {
			return line, false
		}
		return m[1] + m[2] + m[3] + Sensitive + m[5], true
	}
	return n.inside(line)
}

// inside returns a line without the values that it gives to secret names in the middle of it.
func (n *Named) inside(line string) (without string, found bool) {
	var b strings.Builder
	for rest := line; ; {
		at := here.FindStringSubmatchIndex(rest)
		if at == nil {
			b.WriteString(rest)
			return b.String(), found
		}
		b.WriteString(rest[:at[1]])
		name := rest[at[2]:at[3]]
		rest = rest[at[1]:]
		if value := oneValue.FindString(rest); value != "" && n.secret(name) {
			b.WriteString(Sensitive)
			rest, found = rest[len(value):], true
		}
	}
}

// mayHold reports whether a line can hold something secret. It is quick, for most lines of a long text do not.
func (n *Named) mayHold(line string) bool {
	if strings.Contains(line, "-----BEGIN") {
		return true
	}
	for i := range len(line) {
		if line[i] != '=' && line[i] != ':' {
			continue
		}
		before := strings.TrimRight(line[max(0, i-longestName):i], "\"' \t?+:=")
		name := before[strings.LastIndexFunc(before, notInName)+1:]
		if name = strings.TrimLeft(name, "-.0123456789"); name != "" && n.secret(name) {
			return true
		}
	}
	return false
}

func notInName(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("_.-", r)
}

func (n *Named) secret(name string) bool {
	return n.Secret(strings.ReplaceAll(strings.TrimRight(name, ".-"), ".", "_"))
}
