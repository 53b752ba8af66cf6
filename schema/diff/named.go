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

var (
	assigned     = regexp.MustCompile(`^(\s*(?:- +)?(?:export +|set +|setenv +|ENV +)?["']?)([A-Za-z_][\w.-]*)(["']?\s*(?:[:?+]?=>?|:)\s*)(\S.*?)(\s*)$`)
	assignedHere = regexp.MustCompile(`([A-Za-z_][\w.-]*)(["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;&|(){}\[\]]+)`)
	blockMark    = regexp.MustCompile(`^[|>][-+0-9]*(\s+#.*)?$`)
	beginsKey    = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	partOfKey    = regexp.MustCompile(`^\W?\s*([A-Za-z0-9+/=]*|(Proc-Type|DEK-Info|Version|Comment): .*)\s*$`)
	endsKey      = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
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
	without = assignedHere.ReplaceAllStringFunc(line, func(part string) string {
		m := assignedHere.FindStringSubmatch(part)
		if !n.secret(m[1]) {
			return part
		}
		return m[1] + m[2] + Sensitive
	})
	return without, without != line
}

func (n *Named) secret(name string) bool {
	return n.Secret(strings.ReplaceAll(strings.TrimRight(name, ".-"), ".", "_"))
}
