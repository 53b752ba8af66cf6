package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ComparePlans returns what differs between two previews, step by step. It is pure: the same plans give the same comparison. Who
// calls it says which plans they are.
func ComparePlans(reviewed, now *Report) *Comparison {
	c := &Comparison{Version: ComparisonVersion, Result: PlansAgree, WithholdValues: reviewed.WithholdValues || now.WithholdValues}
	c.Fields = fieldDifferences(fieldOf{"command", previewed(reviewed.Command), previewed(now.Command)})
	identical := reviewed.Run != "" && reviewed.Run == now.Run
	for _, name := range stepsOfBoth(reviewed, now) {
		was, is := reviewed.Step(name), now.Step(name)
		if !was.inPlan() && !is.inPlan() {
			continue
		}
		d := compareSteps(was, is)
		if identical {
			d.MayDiffer = nil
		}
		c.add(d)
	}
	slices.SortStableFunc(c.Steps, func(a, b StepDifference) int { return cmp.Compare(a.rank(), b.rank()) })
	if len(c.Fields) > 0 {
		c.Result = PlansDisagree
	}
	return c
}

// add counts a step, and keeps it unless it is the same.
func (c *Comparison) add(d StepDifference) {
	switch {
	case d.Differs():
		c.Result = PlansDisagree
	case len(d.MayDiffer) == 0:
		c.SameSteps++
		return
	case c.Result == PlansAgree:
		c.Result = PlansMay
	}
	c.NewlyLost += d.NewlyLost
	c.Steps = append(c.Steps, d)
}

// previewed returns what a preview is for.
func previewed(c Command) string {
	switch c {
	case CommandPlan:
		return string(CommandApply)
	case CommandPlanDestroy:
		return string(CommandDestroy)
	default:
		return string(c)
	}
}

// stepsOfBoth returns the names of all steps: those of now in their order, then the others.
func stepsOfBoth(reviewed, now *Report) []StepName {
	var names []StepName
	for i := range now.Steps {
		names = append(names, now.Steps[i].Name)
	}
	for i := range reviewed.Steps {
		if name := reviewed.Steps[i].Name; now.Step(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// inPlan reports whether a plan is about the step: it has it, and selects it.
func (s *StepReport) inPlan() bool {
	return s != nil && (s.Outcome != Skipped || s.Reason != "")
}

// compareSteps compares a step of two plans, at least one of which is about it. Nil is not there.
func compareSteps(was, is *StepReport) StepDifference {
	known := is
	if known == nil {
		known = was
	}
	d := StepDifference{Name: known.Name, Environment: known.Environment, Tool: known.Tool}
	selected := fieldOf{FieldSelected, yesNo(was.inPlan()), yesNo(is.inPlan())}
	switch {
	case !was.inPlan():
		d.Only, was = "now", &StepReport{}
	case !is.inPlan():
		d.Only, is = "reviewed", &StepReport{}
	}
	d.Fields = fieldDifferences(append([]fieldOf{selected}, comparedFields(was, is, d.Only != "")...)...)
	if d.Only == "" {
		d.runsWith(was, is)
	}
	d.compareTold(was.Told, is.Told)
	d.compareChanges(was.Changes, is.Changes)
	d.NewlyLost = newlyLost(is, d.Resources)
	return d
}

// compareTold compares what a tool printed as its plan. Older plans and journals without values do not have it.
func (d *StepDifference) compareTold(was, is []string) {
	switch {
	case slices.Equal(was, is):
	case d.Only == "" && (len(was) == 0 || len(is) == 0):
		d.MayDiffer = append(d.MayDiffer, Undecided{Why: UndecidedNotTold})
	default:
		d.Told = &ToldDifference{Reviewed: was, Now: is}
	}
}

// newlyLost counts the resources that only the plan of now destroys or replaces. What is previewed with made-up values is no plan.
func newlyLost(is *StepReport, resources []ResourceDifference) int {
	if is.Outcome == Deferred && !is.ShownFirst() {
		return 0
	}
	n := 0
	for i := range resources {
		if resources[i].NewlyLost() {
			n++
		}
	}
	return n
}

// fieldOf is what both plans say of something.
type fieldOf struct{ name, reviewed, now string }

func fieldDifferences(fields ...fieldOf) []FieldDifference {
	var all []FieldDifference
	for _, f := range fields {
		if f.reviewed != f.now {
			all = append(all, FieldDifference{Name: f.name, Reviewed: f.reviewed, Now: f.now})
		}
	}
	return all
}

// comparedFields returns what can differ of a step beside what changes. Of one that is in one plan only, it is how planning ended.
func comparedFields(was, is *StepReport, one bool) []fieldOf {
	fields := []fieldOf{
		{FieldOutcome, string(was.Outcome), string(is.Outcome)},
		{FieldChanges, was.Changes.told(), is.Changes.told()},
	}
	if one {
		return fields
	}
	return append(fields,
		fieldOf{"tool", string(was.Tool), string(is.Tool)},
		fieldOf{"waits for approval", yesNo(was.Approval), yesNo(is.Approval)},
		fieldOf{"depends on", listed(was.DependsOn), listed(is.DependsOn)},
		fieldOf{"owns", was.Identity.KeyOf(), is.Identity.KeyOf()},
		fieldOf{"deployed to", was.Identity.Where(), is.Identity.Where()},
		fieldOf{"reason", was.Reason, is.Reason},
		fieldOf{"error", was.Error.message(), is.Error.message()},
		fieldOf{"waits for", waitingFor(was.Deferred), waitingFor(is.Deferred)},
		fieldOf{"runs only if one changes of", listed(was.OnlyIf), listed(is.OnlyIf)},
		fieldOf{"planned again after", listed(was.ReplannedAfter), listed(is.ReplannedAfter)},
	)
}

// told says how much changes.
func (c *Changes) told() string {
	if c == nil {
		return "not known"
	}
	text := fmt.Sprintf("+%d ~%d -%d", c.Add, c.Change, c.Remove)
	if c.Open {
		text += " and perhaps more"
	}
	if c.First {
		text += " first, then the rest"
	}
	return text
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func listed[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

func (e *StepError) message() string {
	if e == nil {
		return ""
	}
	return e.Message
}

func waitingFor(all []Waiting) string {
	texts := make([]string, len(all))
	for i, w := range all {
		texts[i] = w.Input + " for " + strings.Join(w.For, ", ")
	}
	return strings.Join(texts, "; ")
}
