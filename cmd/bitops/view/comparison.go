package view

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// comparedShown is how many steps a comparison shows one by one.
const comparedShown = 50

// Comparison shows what differs between two plans: the answer on the first line, then each step that differs.
func Comparison(w io.Writer, c *schema.Comparison, o Options) error {
	s := &summary{screen: &screen{w: w, width: o.Width}, ink: ink{o.Color}, options: o}
	s.line(s.paintAnswer(c, answer(c)))
	s.line("  reviewed: " + madeAs(&c.Reviewed))
	s.line("  now:      " + madeAs(&c.Now))
	for _, note := range comparisonNotes(c) {
		s.line("  " + note)
	}
	if fields := s.differences("").fields(c.Fields); len(fields) > 0 {
		s.blank()
		s.difference("", fields)
	}
	steps, idle := stepsToTell(c)
	shown := steps[:o.limit(comparedShown, len(steps))]
	for i := range shown {
		s.comparedStep(&shown[i])
	}
	if rest := steps[len(shown):]; len(rest) > 0 {
		s.blank()
		s.linef("and %s (-v shows them all)", moreSteps(rest))
	}
	for _, g := range idle {
		s.blank()
		s.line(g.key + ":")
		s.list("  ", g.names, namesShown)
	}
	s.flush()
	return s.err
}

// ComparisonJSON shows a comparison to a program: the document as it is.
func ComparisonJSON(w io.Writer, c *schema.Comparison) error { return WriteJSON(w, c) }

// answer says in one line whether two plans differ, and whether that is for the worse.
func answer(c *schema.Comparison) string {
	differ, undecided := 0, 0
	for i := range c.Steps {
		if c.Steps[i].Differs() {
			differ++
		}
		undecided += len(c.Steps[i].MayDiffer)
	}
	all := amount(len(c.Steps)+c.SameSteps, "step")
	may := ""
	if undecided > 0 {
		may = "; " + amount(undecided, "value") + " cannot be compared and may differ"
	}
	switch {
	case c.Result == schema.PlansMay:
		return "The plans are the same in " + all + ", as far as can be told" + may
	case c.Result == schema.PlansAgree:
		return "The plans are the same in " + all
	case differ == 0:
		return "The plans differ" + may
	}
	return fmt.Sprintf("The plans differ in %s of %s%s%s", number(differ), all, worse(c.NewlyLost), may)
}

// worse says how many resources only the plan of now destroys or replaces, "" for none.
func worse(lost int) string {
	if lost == 0 {
		return ""
	}
	return ": only the one of now destroys or replaces " + amount(lost, "resource")
}

func (s *summary) paintAnswer(c *schema.Comparison, text string) string {
	switch {
	case c.NewlyLost > 0:
		return s.ink.alarm(text)
	case c.Result == schema.PlansAgree:
		return s.ink.green(text)
	}
	return s.ink.amber(text)
}

// madeAs says which plan it is, and where it is from.
func madeAs(p *schema.ComparedPlan) string {
	text := visible(p.Name)
	if p.HeldOnly {
		text = "what run " + text + " held"
	}
	if !p.Created.IsZero() {
		text += ", made " + p.Created.Local().Format(time.DateTime)
	}
	if p.Revision != "" {
		text += " at commit " + visible(p.Revision)
	}
	return text
}

// comparisonNotes says what a person has to know of a comparison as a whole.
func comparisonNotes(c *schema.Comparison) []string {
	var notes []string
	apart := func(s schema.StepDifference) bool { return s.Only != "" }
	if c.SameSteps == 0 && slices.ContainsFunc(c.Steps, func(s schema.StepDifference) bool { return s.Only == "now" }) &&
		slices.ContainsFunc(c.Steps, func(s schema.StepDifference) bool { return s.Only == "reviewed" }) &&
		!slices.ContainsFunc(c.Steps, func(s schema.StepDifference) bool { return !apart(s) }) {
		notes = append(notes, "They have no step in common: they may be of different repositories.")
	}
	if c.Now.HeldOnly || c.Reviewed.HeldOnly {
		notes = append(notes, "Other steps are not compared.")
	}
	return notes
}

// stepsToTell divides the steps into those of which there is something to show, and the names of those that one of the plans only
// selects without changing anything.
func stepsToTell(c *schema.Comparison) (steps []schema.StepDifference, idle []group) {
	idle = []group{{key: "Only the plan of now selects, and would change nothing"}, {key: "Only the reviewed plan selects, and would change nothing"}}
	for _, step := range c.Steps {
		quiet := step.Only != "" && step.Told == nil && len(step.Resources)+len(step.Outputs)+len(step.Invocations)+len(step.Deferred) == 0 && outcomeOfOnly(&step) == schema.Unchanged
		switch {
		case quiet && step.Only == "now":
			idle[0].names = append(idle[0].names, visible(step.Name))
		case quiet:
			idle[1].names = append(idle[1].names, visible(step.Name))
		default:
			steps = append(steps, step)
		}
	}
	return steps, slices.DeleteFunc(idle, func(g group) bool { return len(g.names) == 0 })
}

// moreSteps counts steps that are not shown.
func moreSteps(rest []schema.StepDifference) string {
	lost := 0
	for i := range rest {
		lost += rest[i].NewlyLost
	}
	return amount(len(rest), "more step") + worse(lost)
}

// comparedStep shows what differs of a step.
func (s *summary) comparedStep(step *schema.StepDifference) {
	s.blank()
	paint := s.ink.bold
	if step.NewlyLost > 0 {
		paint = s.ink.alarm
	}
	s.line(paint(visible(step.Name)) + joined("  ", behindStep(step)))
	d := s.differences("  ")
	s.difference("  ", d.stepFields(step))
	shown := step.Resources[:s.options.limit(resourcesShown, len(step.Resources))]
	for i := range shown {
		s.comparedResource(d, &shown[i])
	}
	if rest := len(step.Resources) - len(shown); rest > 0 {
		s.line("  and " + amount(rest, "more resource"))
	}
	if outputs := d.comparedAttributes(step.Outputs); len(outputs) > 0 {
		s.line("  outputs")
		s.difference("      ", outputs)
	}
	s.difference("  ", d.comparedBeside(step))
}

func (s *summary) comparedResource(d differences, r *schema.ResourceDifference) {
	mark, text := comparedHead(r)
	for i, part := range wrapped(text, s.options.width()-len("      ")) {
		if i > 0 {
			mark = ""
		}
		s.line("  " + s.paintMark(pad(mark, 3)+" "+part, mark, r.NewlyLost()))
	}
	if !s.options.Summary {
		s.difference("      ", d.comparedResource(r))
	}
}

// behindStep says which plan leaves the step out, or how much changes in each.
func behindStep(step *schema.StepDifference) string {
	switch changes := step.Field(schema.FieldChanges); {
	case step.Only == "now":
		return "only now: it is not in the reviewed plan"
	case step.Only == "reviewed":
		return "only reviewed: it is not in the plan of now"
	case changes.Reviewed != changes.Now:
		return "reviewed " + changes.Reviewed + ", now " + changes.Now
	}
	return ""
}

// outcomeOfOnly returns how planning a step ended in the one plan that is about it.
func outcomeOfOnly(step *schema.StepDifference) schema.Outcome {
	f := step.Field(schema.FieldOutcome)
	return schema.Outcome(f.Reviewed + f.Now) // one of them is empty
}
