package view

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
)

// How much of a resource is shown, unless the person asked for everything.
const (
	attributesChanged = 40 // attributes of one that is changed or replaced
	attributesNew     = 25 // of one that is new
	attributesGone    = 4  // of one that goes
	valueLines        = 12 // lines of one value
	drifted           = 10 // resources that changed outside of the tool
)

// A line of a difference belongs to what was ('-'), to what will be ('+'), to both ('~'), or tells something else (' ').
type diffLine struct {
	sign   byte
	depth  int // how deep it is indented, in steps of two columns
	text   string
	forces bool // it says what forces a replacement
	may    bool // or what may force one
}

// remark returns what to say behind a line.
func (l diffLine) remark() string {
	switch {
	case l.forces:
		return "forces replacement"
	case l.may:
		return "may force replacement"
	}
	return ""
}

// differences makes the lines that tell what changes of a resource, the same for every form.
type differences struct {
	width   int    // how many columns a value may take before it is told on lines of its own
	verbose bool   // leave nothing out
	all     string // where all of it is shown
}

// more says where the rest of something is.
func (d differences) more() string {
	return joined(" (", d.all) + strings.Repeat(")", min(1, len(d.all)))
}

// resource returns the lines of one resource.
func (d differences) resource(r *schema.ResourceChange) []diffLine {
	most, attributes := attributesChanged, r.Attributes
	switch r.Action {
	case "create", "read":
		most = attributesNew
	case "delete":
		most = attributesGone
		if !d.verbose {
			attributes = namesFirst(attributes)
		}
	}
	all := d.attributes(attributes, most)
	if r.AttributesOmitted > 0 {
		all = append(all, note("and "+amount(r.AttributesOmitted, "more attribute")+" that the journal does not hold; the plan file has them"))
	}
	return all
}

// namesFirst returns the attributes of what goes, with those first by which a person knows it.
func namesFirst(attributes []schema.AttributeChange) []schema.AttributeChange {
	names := []string{"id", "arn", "name", "tags.Name", "metadata.name"}
	rank := func(a schema.AttributeChange) int {
		if at := slices.Index(names, a.Path); at >= 0 {
			return at
		}
		return len(names)
	}
	return slices.SortedStableFunc(slices.Values(attributes), func(a, b schema.AttributeChange) int { return rank(a) - rank(b) })
}

func note(text string) diffLine { return diffLine{sign: ' ', text: text} }

// attributes returns the lines of some attributes, so many at most. Those that are not known yet share one.
func (d differences) attributes(attributes []schema.AttributeChange, most int) []diffLine {
	var all []diffLine
	var unknown, emptied []string
	shown, rest := 0, 0
	for i := range attributes {
		a := &attributes[i]
		switch {
		case onlyUnknown(a):
			unknown = append(unknown, visible(a.Path))
		case len(a.After) == 0 && !decides(a) && !d.verbose && most > attributesGone && slices.Contains(emptyValues, string(a.Before)):
			emptied = append(emptied, visible(a.Path))
		case shown < most || d.verbose || decides(a):
			all = append(all, d.attribute(a)...)
			if a.BeforeBytes > 0 || a.AfterBytes > 0 {
				all = append(all, diffLine{sign: ' ', depth: 1, text: "(" + lengths(a) + "; not all of it is here)"})
			}
			shown++
		default:
			rest++
		}
	}
	if rest > 0 {
		all = append(all, note("and "+amount(rest, "more attribute")+d.more()))
	}
	for _, folded := range []struct {
		what  string
		names []string
	}{{"empty, and no longer set: ", emptied}, {"known after apply: ", unknown}} {
		if d.verbose {
			most = len(folded.names)
		}
		if len(folded.names) > 0 {
			all = append(all, note(folded.what+strings.Join(firstOf(folded.names, most), ", ")))
		}
	}
	return all
}

// lengths says how long the values of an attribute are that is cut.
func lengths(a *schema.AttributeChange) string {
	before, after := max(a.BeforeBytes, len(a.Before)), max(a.AfterBytes, len(a.After))
	switch {
	case before == 0:
		return amount(after, "byte")
	case after == 0:
		return amount(before, "byte")
	}
	return amount(before, "byte") + " before, " + number(after) + " after"
}

// emptyValues are those of which little is lost.
var emptyValues = []string{`""`, "{}", "[]"}

// onlyUnknown reports whether nothing else is to be said of an attribute than that it is not known yet.
func onlyUnknown(a *schema.AttributeChange) bool {
	whole := len(a.After) == 0 || bytes.Equal(a.After, unknownValue)
	return a.Unknown && whole && !decides(a)
}

// decides reports whether it depends on an attribute whether the resource is replaced.
func decides(a *schema.AttributeChange) bool { return a.ForcesReplacement || a.MayForceReplacement }

var unknownValue = schema.TextValue(diff.Unknown)

// attribute returns the lines of one attribute: one, if its values fit.
func (d differences) attribute(a *schema.AttributeChange) []diffLine {
	head := diffLine{sign: '~', text: visible(a.Path), forces: a.ForcesReplacement, may: a.MayForceReplacement}
	before, after := valueOf(a.Before), valueOf(a.After)
	switch {
	case !before.there && !after.there:
		if a.Sensitive {
			head.text += ": " + diff.Sensitive
		}
		return []diffLine{head}
	case !before.there:
		head.sign = '+'
		return d.one(head, after, '+')
	case !after.there:
		head.sign = '-'
		return d.one(head, before, '-')
	}
	if before.line && after.line && before.shown == after.shown { // it is not shown what differs
		head.text += ": " + before.shown
		return []diffLine{head}
	}
	if text := head.text + ": " + before.shown + " -> " + after.shown; before.line && after.line && len(text) <= d.width {
		head.text = text
		return []diffLine{head}
	}
	unseen := "the same values, written differently"
	if a.Sensitive {
		unseen = "what differs is " + diff.Sensitive
	}
	return d.both(head, before, after, unseen)
}

// one returns the lines of a value that is there on one side only.
func (d differences) one(head diffLine, v value, sign byte) []diffLine {
	if text := head.text + ": " + v.shown; v.line && len(text) <= d.width {
		head.text = text
		return []diffLine{head}
	}
	all := []diffLine{head}
	all[0].text += ":"
	for _, line := range v.lines(d.width) {
		all = append(all, diffLine{sign: sign, depth: 1, text: line})
	}
	return d.folded(all)
}

// both returns the lines of two values that do not fit on one; unseen is what to say where nothing that is shown differs.
func (d differences) both(head diffLine, before, after value, unseen string) []diffLine {
	was, is := before.lines(d.width), after.lines(d.width)
	if slices.Equal(was, is) {
		head.text += ": " + unseen
		return []diffLine{head}
	}
	if !d.verbose && len(was) == 1 && len(is) == 1 {
		was[0], is[0] = apart(was[0], is[0], d.width)
	}
	head.text += ":"
	all := []diffLine{head}
	for _, l := range withContext(diff.Lines(strings.Join(was, "\n"), strings.Join(is, "\n"))) {
		all = append(all, diffLine{sign: l.Sign, depth: 1, text: l.Text})
	}
	return d.folded(all)
}

// folded leaves out the end of what is too long. The first line is not one of the value.
func (d differences) folded(all []diffLine) []diffLine {
	most := valueLines + 1
	if slices.ContainsFunc(all, func(l diffLine) bool { return l.sign == '-' }) && slices.ContainsFunc(all, func(l diffLine) bool { return l.sign == '+' && l.depth > 0 }) {
		most += valueLines
	}
	if d.verbose || len(all) <= most+1 {
		return all
	}
	return append(all[:most:most], diffLine{sign: ' ', depth: 1, text: "and " + amount(len(all)-most, "more line") + d.more()})
}

// withContext leaves out what did not change, but for a line next to what did.
func withContext(all []diff.Line) []diff.Line {
	changed := func(i int) bool { return i >= 0 && i < len(all) && all[i].Sign != ' ' }
	var kept []diff.Line
	skipped := 0
	skip := func() {
		if skipped > 0 {
			kept = append(kept, diff.Line{Sign: ' ', Text: "(" + amount(skipped, "line") + " as before)"})
		}
		skipped = 0
	}
	for i, l := range all {
		if changed(i-1) || changed(i) || changed(i+1) {
			skip()
			kept = append(kept, l)
		} else {
			skipped++
		}
	}
	skip()
	return kept
}

// apart returns two long lines, as far as they differ.
func apart(was, is string, width int) (string, string) {
	a, b := []rune(was), []rune(is)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	const near = 20
	part := func(all []rune) string {
		from, to := max(0, head-near), min(len(all), len(all)-tail+near)
		text := string(all[from:to])
		if len(text) > width {
			text = shortened(text, width)
		}
		if from > 0 {
			text = "…" + text
		}
		if to < len(all) && !strings.HasSuffix(text, "…") {
			text += "…"
		}
		return text
	}
	return part(a), part(b)
}

// value is one side of an attribute, made ready to be shown.
type value struct {
	there bool
	line  bool // it is told on one line
	shown string
	text  string // of a text of several lines, or of a document
}

// valueOf returns a value as it can be shown. Texts keep their quotation marks, but for those of several lines; what stands for
// a value that is not shown has none.
func valueOf(raw json.RawMessage) value {
	if len(raw) == 0 {
		return value{}
	}
	v := value{there: true, line: true, shown: visible(string(raw))}
	var text string
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		v.text = string(raw)
		if all, ok := pretty(v.text, len(raw)*2); ok && len(all) == 1 {
			v.shown = all[0]
		}
		return v
	}
	switch {
	case text == diff.Sensitive || text == diff.Unknown:
		v.shown = text
	case strings.IndexAny(text, "{[") == 0 && json.Valid([]byte(text)):
		v.text = text
	case strings.Contains(strings.TrimSuffix(text, "\n"), "\n"):
		v.line = false
		v.text = text
	}
	return v
}

// lines returns the value on as many lines as it needs: a document with a part on each.
func (v value) lines(width int) []string {
	if v.text == "" {
		return []string{v.shown}
	}
	if document, ok := pretty(v.text, width); ok {
		return document
	}
	all := strings.Split(strings.TrimSuffix(v.text, "\n"), "\n")
	for i := range all {
		all[i] = visible(strings.TrimSuffix(all[i], "\r"))
	}
	return all
}

// pretty returns a JSON document with what is short on one line.
func pretty(text string, width int) ([]string, bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil || decoder.More() {
		return nil, false
	}
	return prettyLines(v, "", "", "", width), true
}

func prettyLines(v any, indent, before, behind string, width int) []string {
	compact := indent + before + visible(spaced(v)) + behind
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	if len(compact) <= min(width, 100) || !isObject && !isList {
		return []string{compact}
	}
	comma := func(i, n int) string {
		if i < n-1 {
			return ","
		}
		return ""
	}
	if isList {
		all := []string{indent + before + "["}
		for i, e := range list {
			all = append(all, prettyLines(e, indent+"  ", "", comma(i, len(list)), width)...)
		}
		return append(all, indent+"]"+behind)
	}
	all := []string{indent + before + "{"}
	for i, name := range sortedNames(object) {
		key := visible(string(schema.TextValue(name))) + ": "
		all = append(all, prettyLines(object[name], indent+"  ", key, comma(i, len(object)), width)...)
	}
	return append(all, indent+"}"+behind)
}

// spaced returns a JSON value on one line, with space behind commas and colons.
func spaced(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = spaced(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, name := range sortedNames(v) {
			parts = append(parts, string(schema.TextValue(name))+": "+spaced(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return string(schema.JSONValue(v))
}

func sortedNames(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
