package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
)

// The differential test: for each recorded plan, the attributes that `terraform show` prints as changed are those that bitops
// knows, with the same values, and no others.
//
// Both are taken apart into parts: the address of a resource, the names that lead to a value (without positions: terraform shows
// none), and the value before or after. Of a set's element terraform prints all, once as removed and once as added; what is in both
// did not change, and does not count.
func TestPlansSayWhatTerraformSays(t *testing.T) {
	recorded := readPlans(t)
	counts := map[bool]int{}
	for i := 0; i+1 < len(recorded.Files); i += 2 {
		name := strings.TrimSuffix(recorded.Files[i].Name, ".txt")
		counts[strings.HasPrefix(name, "aws-")]++
		t.Run(name, func(t *testing.T) {
			text := string(recorded.Files[i].Data)
			plan, err := readPlan(recorded.Files[i+1].Data)
			check(t, err)
			theirs, ours := partsOfText(text), partsOfChanges(plan.changes)
			onlyTheirs, onlyOurs := theirs.minus(ours), ours.minus(theirs)
			onlyOurs.hide(onlyTheirs)
			for part := range onlyTheirs {
				t.Errorf("only terraform says %s", part)
			}
			for part := range onlyOurs {
				t.Errorf("only bitops says %s", part)
			}
			if t.Failed() {
				t.Logf("%s\n%s", text, strings.Join(lines(plan.changes), "\n"))
			}
			if len(theirs) == 0 && !strings.Contains(text, "no longer be managed") && !strings.Contains(name, "request") {
				t.Error("nothing is compared")
			}
		})
	}
	if counts[true] < 15 || counts[true]+counts[false] < 40 {
		t.Errorf("%d plans of the AWS provider and %d others; there should be at least 15 and 40 in all", counts[true], counts[false])
	}
}

// parts are how often something is said of a part of a resource.
type parts map[string]int

func (p parts) add(address string, path []string, side string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, v := range value {
			p.add(address, append(slices.Clone(path), name), side, v)
		}
		return
	case []any:
		for _, v := range value {
			p.add(address, path, side, v)
		}
		return
	case nil:
		return
	case string:
		if value == "" && side == "before" {
			return // terraform does not show it: for older providers, that is nothing
		}
		if document, ok := documentIn(value); ok {
			p.add(address, path, side, document)
			return
		}
		if strings.Contains(value, "\n") {
			for line := range strings.Lines(value) {
				p[fmt.Sprintf("%s %s %s line %q", address, strings.Join(path, "."), side, strings.TrimRight(line, "\n"))]++
			}
			return
		}
	}
	p[fmt.Sprintf("%s %s %s %v", address, strings.Join(path, "."), side, value)]++
}

func documentIn(text string) (document any, ok bool) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil, false
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return document, decoder.Decode(&document) == nil
}

// cancelled returns the parts without what is said of before and after alike. What is sensitive can differ all the same.
func (p parts) cancelled() parts {
	left := maps.Clone(p)
	for part, n := range p {
		before, value, ok := strings.Cut(part, " before ")
		if other := before + " after " + value; ok && value != diff.Sensitive {
			both := min(n, p[other])
			left[part] -= both
			left[other] -= both
		}
	}
	maps.DeleteFunc(left, func(_ string, n int) bool { return n == 0 })
	return left
}

// hide takes out what is sensitive here, and is not there.
func (p parts) hide(o parts) {
	for part := range p {
		of, hidden := strings.CutSuffix(part, " "+diff.Sensitive)
		for shown := range o {
			if hidden && strings.HasPrefix(shown, of+" ") {
				delete(p, part)
				delete(o, shown)
				break
			}
		}
	}
}

func (p parts) minus(o parts) parts {
	left := parts{}
	for part, n := range p {
		if n > o[part] {
			left[part] = n - o[part]
		}
	}
	return left
}

func partsOfChanges(c *schema.Changes) parts {
	p := parts{}
	attributes := func(address string, all []schema.AttributeChange) {
		for _, a := range all {
			for side, value := range map[string]json.RawMessage{"before": a.Before, "after": a.After} {
				decoder := json.NewDecoder(bytes.NewReader(value))
				decoder.UseNumber()
				var v any
				if decoder.Decode(&v) == nil {
					p.add(address, namesIn(a.Path), side, v)
				}
			}
		}
	}
	for _, r := range c.Resources {
		attributes(r.Address, r.Attributes)
	}
	attributes("output", c.OutputChanges)
	return p.cancelled()
}

// pathPart matches a name in brackets, a position or identity, or a name.
var pathPart = regexp.MustCompile(`\["((?:[^"\\]|\\.)*)"\]|\[[^]]*\]|[^.[]+`)

// namesIn returns the names in a path, without positions and identities.
func namesIn(path string) []string {
	var names []string
	for _, m := range pathPart.FindAllStringSubmatch(path, -1) {
		switch {
		case strings.HasPrefix(m[0], `["`):
			names = append(names, m[1])
		case !strings.HasPrefix(m[0], "["):
			names = append(names, m[0])
		}
	}
	return names
}

var (
	resourceHeader = regexp.MustCompile(`^  # (\S+)( \(deposed object [^)]*\))? (will|must|has)`)
	attributeLine  = regexp.MustCompile(`^((?:"(?:[^"\\]|\\.)*"|[\w.-]+)\s*)= (.*)$`)
	unknownBlock   = regexp.MustCompile(`^([\w-]+) \(known after apply\)$`)
	blockLine      = regexp.MustCompile(`^([\w-]+) \{$`)
)

// reading is how far terraform's text was read.
type reading struct {
	parts   parts
	address string
	stack   []level // what is open
	heredoc *level
	same    []string // lines of a text that have no sign
}

// level is something open: a block, a map, a list or a text.
type level struct{ name, sign string }

// partsOfText reads what `terraform show` prints of a plan.
func partsOfText(text string) parts {
	r := &reading{parts: parts{}}
	for line := range strings.Lines(text) {
		r.line(strings.TrimRight(line, "\n"))
	}
	return r.parts.cancelled()
}

func (r *reading) line(line string) {
	if m := resourceHeader.FindStringSubmatch(line); m != nil {
		r.address, r.stack = m[1], nil
		return
	}
	if line == "Changes to Outputs:" {
		r.address, r.stack = "output", []level{{}}
		return
	}
	if r.address == "" {
		return
	}
	body := strings.TrimSuffix(strings.TrimLeft(line, " "), " # forces replacement")
	if r.heredoc != nil && r.heredocLine(line) {
		return
	}
	sign := ""
	for _, s := range []string{"-/+ ", "+/- ", "<= ", "+ ", "- ", "~ "} {
		if rest, ok := strings.CutPrefix(body, s); ok {
			sign, body = strings.TrimSpace(s), rest
			break
		}
	}
	switch {
	case body == "" || strings.HasPrefix(body, "#"):
	case strings.HasPrefix(body, "resource ") || strings.HasPrefix(body, "data "):
		r.stack = []level{{sign: sign}}
	case strings.TrimRight(body, ",") == "}" || strings.TrimRight(body, ",") == "]" || body == ")" || strings.HasPrefix(body, "} ->") || strings.HasPrefix(body, "] ->") || strings.HasPrefix(body, ") ->"):
		r.close(body)
	default:
		r.part(body, sign)
	}
}

// close ends what was opened last. Something else can come after it.
func (r *reading) close(body string) {
	if _, after, ok := strings.Cut(body, " -> "); ok {
		r.value(r.path(), "after", after)
	}
	r.stack = r.stack[:len(r.stack)-1]
	if len(r.stack) == 0 {
		r.address = ""
	}
}

func (r *reading) path() []string {
	var names []string
	for _, l := range r.stack {
		if l.name != "" {
			names = append(names, l.name)
		}
	}
	return names
}

// part reads an attribute, a block, or an element of a list.
func (r *reading) part(body, sign string) {
	name := ""
	if m := blockLine.FindStringSubmatch(body); m != nil {
		r.stack = append(r.stack, level{name: m[1], sign: sign})
		return
	}
	if m := unknownBlock.FindStringSubmatch(body); m != nil {
		name, body = m[1], diff.Unknown
	} else if m := attributeLine.FindStringSubmatch(body); m != nil {
		name, body = strings.TrimSpace(m[1]), m[2]
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
	}
	body = strings.TrimSuffix(body, " # forces replacement")
	body = strings.TrimSuffix(strings.TrimSuffix(body, " # whitespace changes"), ",")
	switch {
	case body == "{" || body == "[" || body == "jsonencode(":
		r.stack = append(r.stack, level{name: name, sign: sign})
		return
	case strings.HasPrefix(body, "<<-EOT"):
		r.heredoc = &level{name: name, sign: sign}
		return
	case sign == "":
		return
	}
	path := r.path()
	if name != "" {
		path = append(path, name)
	}
	before, after, both := strings.Cut(body, " -> ")
	switch {
	case both && after == "null":
		r.value(path, "before", before)
	case both && (after == "{" || after == "[" || after == "jsonencode("):
		r.value(path, "before", before)
		r.stack = append(r.stack, level{name: name, sign: "+"})
	case both:
		r.value(path, "before", before)
		r.value(path, "after", after)
	case body == "(sensitive value)" && sign == "~":
		r.value(path, "before", before)
		r.value(path, "after", before)
	case sign == "-":
		r.value(path, "before", before)
	default:
		r.value(path, "after", before)
	}
}

// value adds a value that terraform prints.
func (r *reading) value(path []string, side, text string) {
	text = strings.TrimSuffix(strings.TrimSpace(text), " # forces replacement")
	text = strings.TrimSuffix(text, ",")
	switch text {
	case "(sensitive value)":
		r.parts.add(r.address, path, side, diff.Sensitive)
		return
	case diff.Unknown:
		r.parts.add(r.address, path, side, diff.Unknown)
		return
	case "[]", "{}", "jsonencode([])", "jsonencode({})":
		return
	}
	decoder := json.NewDecoder(strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(text, "$${", "${"), "%%{", "%{")))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		v = "unreadable: " + text
	}
	r.parts.add(r.address, path, side, v)
}

// heredocLine reads a line of a text of several lines, and reports whether it was one.
func (r *reading) heredocLine(line string) bool {
	path := append(r.path(), r.heredoc.name)
	add := func(side, content string) {
		r.parts[fmt.Sprintf("%s %s %s line %q", r.address, strings.Join(path, "."), side, strings.TrimSpace(content))]++
	}
	if rest, ends := strings.CutPrefix(strings.TrimSpace(line), "EOT"); ends {
		if after, another := strings.CutPrefix(rest, " -> "); another { // all of it was before
			for _, content := range r.same {
				add("before", content)
			}
			if after != "null" {
				r.value(path, "after", after)
			}
		}
		r.heredoc, r.same = nil, nil
		return true
	}
	sign := r.heredoc.sign
	content := strings.TrimLeft(line, " ")
	if sign == "~" {
		switch {
		case strings.HasPrefix(content, "- "), strings.HasPrefix(content, "+ "):
			sign, content = content[:1], content[2:]
		default:
			r.same = append(r.same, content)
			return true
		}
	}
	if sign == "-" {
		add("before", content)
	} else {
		add("after", content)
	}
	return true
}

// Of a policy of 60 lines in which one action changes, that action is told and nothing else.
func TestOneActionOfAPolicyIsOneAttribute(t *testing.T) {
	for _, f := range readPlans(t).Files {
		if f.Name != "aws-iam-policy-one-action.json" {
			continue
		}
		plan, err := readPlan(f.Data)
		check(t, err)
		equal(t, "attributes", lines(plan.changes), []string{
			"update | aws_iam_policy.it", `  policy.Statement[Sid="S3"].Action[4]: "s3:PutObject" -> "s3:*"`, "+0 ~1 -0, 0 outputs",
		})
		return
	}
	t.Error("the plan is not recorded")
}
