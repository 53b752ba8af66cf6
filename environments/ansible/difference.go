package ansible

import (
	"bytes"
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

// difference is what a task says that it changes, of a file most often: two sides, which are texts or objects, or a text that
// is a diff already. See diff_of in callback_plugins/bitops_report.py.
type difference struct {
	Header       string          `json:"header"` // the name of the file
	Item         string          `json:"item"`   // of a loop
	Before       json.RawMessage `json:"before"`
	After        json.RawMessage `json:"after"`
	Prepared     string          `json:"prepared"`
	BeforeLength int             `json:"before_length"` // in bytes, where it is cut
	AfterLength  int             `json:"after_length"`
	LeftOut      string          `json:"left_out"` // why there is no difference, or not all of it
}

// changedTask returns what a task changed on a host.
func changedTask(f fact) schema.ResourceChange {
	r := schema.ResourceChange{Address: f.Host + ": " + f.Task, Action: "update"}
	var leftOut []string
	for _, d := range f.Diffs {
		r.Attributes = append(r.Attributes, d.attributes()...)
		if d.LeftOut != "" && !slices.Contains(leftOut, d.LeftOut) {
			leftOut = append(leftOut, d.LeftOut)
		}
	}
	if len(leftOut) > 0 {
		r.Reason = "not shown: " + strings.Join(leftOut, "; ")
	}
	return r
}

// attributes returns what differs between the two sides: line by line, or in documents and objects part by part.
func (d *difference) attributes() []schema.AttributeChange {
	before, after := side(d.Before), side(d.After)
	if d.Prepared != "" {
		before, after = sidesOf(d.Prepared)
	}
	name := d.name()
	hidden := secret.NameIsSecret(strings.TrimSuffix(path.Base(name), path.Ext(name))) // it is a file with a secret
	all := schema.Attributes(diff.Compare(
		diff.Value{JSON: before, Sensitive: hidden}, diff.Value{JSON: after, Sensitive: hidden}, diff.Options{Secret: secret.NameIsSecret}))
	for i := range all {
		all[i].Path = below(name, all[i].Path)
		all[i].BeforeBytes, all[i].AfterBytes = d.BeforeLength, d.AfterLength
	}
	return all
}

// name returns the name of what differs: of a file, or else the item of a loop. Modules say in brackets what of a file it is.
func (d *difference) name() string {
	name := d.Header
	for _, what := range []string{" (content)", " (file attributes)"} {
		name = strings.TrimSuffix(name, what)
	}
	return cmp.Or(name, d.Item)
}

// below returns the path of a part of something that has a name, or has none.
func below(name, part string) string {
	switch {
	case name == "":
		return cmp.Or(part, "diff")
	case part == "" || part[0] == '[':
		return name + part
	}
	return name + "." + part
}

// side returns one side of a difference. An empty one is nothing.
func side(text json.RawMessage) any {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil || value == "" {
		return nil
	}
	return value
}

// sidesOf returns the two sides of which a text in diff's format tells. Of a text in no such format it is all new.
func sidesOf(prepared string) (before, after any) {
	var was, is strings.Builder
	lines := strings.SplitAfter(prepared, "\n")
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "@@") }) {
		return nil, prepared
	}
	for _, line := range lines {
		switch text := line[min(1, len(line)):]; {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, `\ `):
		case strings.HasPrefix(line, "-"):
			was.WriteString(text)
		case strings.HasPrefix(line, "+"):
			is.WriteString(text)
		case strings.HasPrefix(line, " "):
			was.WriteString(text)
			is.WriteString(text)
		default: // @@, and what git says of the file
			was.WriteString(line)
			is.WriteString(line)
		}
	}
	return was.String(), is.String()
}
