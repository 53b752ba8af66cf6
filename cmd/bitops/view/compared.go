package view

import (
	"cmp"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
)

// undecidedShown is how many values are named that cannot be compared.
const undecidedShown = 10

// Labels in front of what the plans say, of the same width.
const (
	asReviewed = "reviewed: "
	asNow      = "now:      "
)

// twoLines returns what both plans say of something, below its name.
func twoLines(name, reviewed, now string) []diffLine {
	return []diffLine{
		{sign: '~', text: name},
		{sign: '-', depth: 1, text: asReviewed + reviewed},
		{sign: '+', depth: 1, text: asNow + now},
	}
}

// fields returns the lines of words and sentences that differ. How much changes stands behind the name of a step.
func (d differences) fields(all []schema.FieldDifference) []diffLine {
	var lines []diffLine
	for _, f := range all {
		if f.Name == schema.FieldChanges {
			continue
		}
		reviewed, now := firstLine(f.Reviewed), firstLine(f.Now)
		if f.Name == schema.FieldOutcome {
			reviewed, now = plannedWord(f.Reviewed), plannedWord(f.Now)
		}
		lines = append(lines, twoLines(f.Name, cmp.Or(reviewed, "(nothing)"), cmp.Or(now, "(nothing)"))...)
	}
	return lines
}

// plannedWord returns how planning a step ended.
func plannedWord(outcome string) string {
	if outcome == string(schema.Succeeded) {
		return "planned"
	}
	return outcomeWord(schema.Outcome(outcome))
}

// stepFields returns the lines of what differs of a step beside its changes.
func (d differences) stepFields(step *schema.StepDifference) []diffLine {
	if step.Only != "" {
		lines := d.comparedTold(step)
		if outcome := outcomeOfOnly(step); outcome != schema.Succeeded {
			lines = append([]diffLine{note(plannedWord(string(outcome)))}, lines...)
		}
		return lines
	}
	lines := append(d.fields(step.Fields), d.comparedTold(step)...)
	if len(step.RunsWith) == 0 {
		return lines
	}
	title := "planned with something else:"
	if len(lines)+len(step.Resources)+len(step.Outputs)+len(step.Invocations)+len(step.Deferred) == 0 {
		title = "would change the same, but is planned with something else:"
	}
	lines = append(lines, note(title))
	most := namesShown
	if d.verbose {
		most = len(step.RunsWith)
	}
	for _, sentence := range firstOf(step.RunsWith, most) {
		lines = append(lines, diffLine{sign: ' ', depth: 1, text: visible(sentence)})
	}
	return lines
}

// comparedTold returns the lines of what a tool printed as its plan, as far as they differ.
func (d differences) comparedTold(step *schema.StepDifference) []diffLine {
	if step.Told == nil {
		return nil
	}
	text := func(all []string) string {
		shown := make([]string, len(all))
		for i, line := range all {
			shown[i] = printable(line, false)
		}
		return strings.Join(shown, "\n")
	}
	lines := []diffLine{{sign: '~', text: "what its tool says"}}
	for _, l := range withContext(diff.Lines(text(step.Told.Reviewed), text(step.Told.Now))) {
		if l.Text != "" {
			lines = append(lines, diffLine{sign: l.Sign, depth: 1, text: l.Text})
		}
	}
	return d.folded(lines)
}

// comparedHead returns the sign of a resource, and its name with what there is to say behind it.
func comparedHead(r *schema.ResourceDifference) (mark, text string) {
	one, tag := r.Now, "only now"
	switch {
	case r.Reviewed != nil && r.Now != nil:
		mark, _, _ = sign(r.Now.Action)
		return mark, visible(r.Address)
	case r.Now == nil:
		one, tag = r.Reviewed, "only reviewed"
	}
	mark, _, _ = sign(one.Action)
	return mark, visible(r.Address) + "  " + tag + ": " + doneTo(one)
}

// doneTo says what happens to a resource, and why.
func doneTo(r *schema.ResourceChange) string {
	text := map[string]string{"create": "created", "update": "changed"}[r.Action]
	more := remark(r)
	if text == "" || more == "" {
		return text + more
	}
	return text + ", " + more
}

// nowWithCause returns what the plan of now does to a resource, with the attributes that are the cause where they differ.
func nowWithCause(r *schema.ResourceDifference) *schema.ResourceChange {
	if r.Reviewed == nil {
		return r.Now
	}
	now := *r.Now
	for _, a := range r.Attributes {
		if a.Now != nil && a.Now.ForcesReplacement {
			now.Attributes = append(now.Attributes, *a.Now)
		}
	}
	return &now
}

// comparedResource returns the lines of what differs of a resource.
func (d differences) comparedResource(r *schema.ResourceDifference) []diffLine {
	switch {
	case r.Now == nil && !d.verbose:
		return nil
	case r.Now == nil:
		return d.resource(r.Reviewed)
	case r.Reviewed == nil:
		return d.resource(r.Now)
	}
	var lines []diffLine
	if was, is := doneTo(r.Reviewed), doneTo(nowWithCause(r)); was != is {
		lines = twoLines("", was, is)[1:]
		for i := range lines {
			lines[i].depth = 0
		}
	}
	return append(lines, d.comparedAttributes(r.Attributes)...)
}

// comparedAttributes returns the lines of attributes of which the plans say different things. Those that only one of them does not know
// yet share a line.
func (d differences) comparedAttributes(all []schema.AttributeDifference) []diffLine {
	var lines []diffLine
	var unknownNow, unknownThen []string
	shown, rest := 0, 0
	for i := range all {
		a := &all[i]
		switch {
		case a.Reviewed == nil && onlyUnknown(a.Now):
			unknownNow = append(unknownNow, visible(a.Path))
		case a.Now == nil && onlyUnknown(a.Reviewed):
			unknownThen = append(unknownThen, visible(a.Path))
		case shown < attributesChanged || d.verbose:
			lines = append(lines, d.comparedAttribute(a)...)
			shown++
		default:
			rest++
		}
	}
	if rest > 0 {
		lines = append(lines, note("and "+amount(rest, "more attribute")+d.more()))
	}
	for _, folded := range []struct {
		what  string
		names []string
	}{{"known after apply, only now: ", unknownNow}, {"known after apply, only reviewed: ", unknownThen}} {
		if len(folded.names) > 0 {
			lines = append(lines, note(folded.what+strings.Join(firstOf(folded.names, attributesNew), ", ")))
		}
	}
	return lines
}

// comparedAttribute returns the lines of one attribute: what each plan says of it, or of two long values how they differ.
func (d differences) comparedAttribute(a *schema.AttributeDifference) []diffLine {
	switch {
	case a.Reviewed == nil:
		return d.oneSided("only now", a.Now)
	case a.Now == nil:
		return d.oneSided("only reviewed", a.Reviewed)
	}
	was, shortWas := d.side(a.Reviewed)
	is, shortIs := d.side(a.Now)
	name := visible(a.Path)
	switch {
	case shortWas && shortIs && was == is:
		return []diffLine{{sign: '~', text: name + ": its values differ, and are not shown"}}
	case shortWas && shortIs:
		return twoLines(name, was, is)
	case string(a.Reviewed.Before) == string(a.Now.Before) && len(a.Reviewed.After) > 0 && len(a.Now.After) > 0:
		head := diffLine{sign: '~', text: name + ", after apply, as reviewed (-) and now (+)", forces: a.Now.ForcesReplacement}
		return d.both(head, valueOf(a.Reviewed.After), valueOf(a.Now.After), "what differs is not shown")
	}
	lines := []diffLine{{sign: '~', text: name}, {sign: '-', depth: 1, text: strings.TrimRight(asReviewed, " ")}}
	lines = append(lines, deeper(d.attribute(a.Reviewed), 2)...)
	lines = append(lines, diffLine{sign: '+', depth: 1, text: strings.TrimRight(asNow, " ")})
	return append(lines, deeper(d.attribute(a.Now), 2)...)
}

// oneSided returns the lines of an attribute that only one of the plans changes.
func (d differences) oneSided(tag string, a *schema.AttributeChange) []diffLine {
	lines := d.attribute(a)
	name, rest, told := strings.Cut(lines[0].text, ": ")
	switch {
	case strings.HasSuffix(lines[0].text, ":"):
		lines[0].text = strings.TrimSuffix(lines[0].text, ":") + "  " + tag + ":"
	case told && name == visible(a.Path):
		lines[0].text = name + "  " + tag + ": " + rest
	default:
		lines[0].text += "  " + tag
	}
	return lines
}

func deeper(all []diffLine, by int) []diffLine {
	for i := range all {
		all[i].depth += by
	}
	return all
}

// side returns what a plan says of an attribute on one line, and whether that is all of it.
func (d differences) side(a *schema.AttributeChange) (text string, whole bool) {
	before, after := valueOf(a.Before), valueOf(a.After)
	switch {
	case before.there && after.there && before.shown == after.shown:
		text = before.shown
	case before.there && after.there:
		text = before.shown + " -> " + after.shown
	case after.there:
		text = "set to " + after.shown
	case before.there:
		text = "no longer set, was " + before.shown
	case a.Unknown:
		text = "known after apply"
	case a.Sensitive:
		text = "changed (sensitive)"
	default:
		text = "changed"
	}
	if a.ForcesReplacement {
		text += "  forces replacement"
	}
	return text, (before.line || !before.there) && (after.line || !after.there) && len(asReviewed)+len(text) <= d.width
}

// comparedBeside returns the lines of what differs beside resources and outputs, and of what cannot be compared.
func (d differences) comparedBeside(step *schema.StepDifference) []diffLine {
	var lines []diffLine
	for _, i := range step.Invocations {
		if i.Now != nil {
			lines = append(lines, diffLine{sign: '+', text: "only now: " + visible(i.Now.Address) + " is invoked"})
		} else {
			lines = append(lines, diffLine{sign: '-', text: "only reviewed: " + visible(i.Reviewed.Address) + " is invoked"})
		}
	}
	for _, list := range []struct {
		what string
		all  []schema.ResourceDifference
	}{{"deferred until more is applied", step.Deferred}, {"changed outside", step.Drift}} {
		for i := range list.all {
			lines = append(lines, besideLine(list.what, &list.all[i]))
		}
	}
	return append(lines, d.undecided(step.MayDiffer)...)
}

func besideLine(what string, r *schema.ResourceDifference) diffLine {
	switch {
	case r.Reviewed == nil:
		return diffLine{sign: '+', text: "only now: " + what + ": " + visible(r.Address)}
	case r.Now == nil:
		return diffLine{sign: '-', text: "only reviewed: " + what + ": " + visible(r.Address)}
	}
	names := make([]string, len(r.Attributes))
	for i := range names {
		names[i] = visible(r.Attributes[i].Path)
	}
	return diffLine{sign: '~', text: what + ", in another way than reviewed: " + visible(r.Address) + joined(": ", strings.Join(firstOf(names, 5), ", "))}
}

// undecided returns the lines of what looks the same and may differ.
func (d differences) undecided(all []schema.Undecided) []diffLine {
	shown := all
	if !d.verbose {
		shown = all[:min(undecidedShown, len(all))]
	}
	var lines []diffLine
	for _, u := range shown {
		names := visible(u.Address) + joined(" ", visible(u.Path))
		if names == "" {
			lines = append(lines, note("may differ: what its tool says, which one of the plans does not have"))
			continue
		}
		lines = append(lines, note("may differ: "+strings.TrimSpace(names)+" ("+whyUndecided[u.Why]+")"))
	}
	if rest := len(all) - len(shown); rest > 0 {
		lines = append(lines, note("and "+amount(rest, "more value")+" that may differ"+d.more()))
	}
	return lines
}

var whyUndecided = map[string]string{
	schema.UndecidedSensitive: "sensitive",
	schema.UndecidedWithheld:  "the manifest keeps its values out of one of the plans",
	schema.UndecidedCut:       "the journal does not hold all of it",
	schema.UndecidedNotTold:   "one of the plans does not say what changes of it",
}
