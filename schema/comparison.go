package schema

import (
	"slices"
	"time"
)

// ComparisonVersion is the version of the Comparison document that this program writes.
const ComparisonVersion = 1

// Comparison says what differs between two plans: the one that was reviewed, and the one of now. ComparePlans makes it.
type Comparison struct {
	Version   int               `json:"version"`
	Reviewed  ComparedPlan      `json:"reviewed"`
	Now       ComparedPlan      `json:"now"`
	Result    ComparisonResult  `json:"result"`
	SameSteps int               `json:"same_steps"`       // how many are in both plans and the same
	NewlyLost int               `json:"newly_lost"`       // how many resources only the plan of now destroys or replaces
	Fields    []FieldDifference `json:"fields,omitempty"` // of the plans as a whole
	Steps     []StepDifference  `json:"steps,omitempty"`  // those first that lose more now, those last that only may differ; else in the order of the plan of now

	WithholdValues bool `json:"withhold_values,omitempty"` // the manifest keeps values of attributes out of comments
}

// ComparisonResult is what a comparison comes to.
type ComparisonResult string

// The results.
const (
	PlansAgree    ComparisonResult = "same"
	PlansMay      ComparisonResult = "may-differ" // nothing differs that can be compared
	PlansDisagree ComparisonResult = "differs"
)

// WithoutValues returns the comparison without the values of attributes. Which of them differ can still be told.
func (c *Comparison) WithoutValues() *Comparison {
	all := *c
	all.Steps = slices.Clone(c.Steps)
	for i := range all.Steps {
		step := &all.Steps[i]
		for _, list := range []*[]ResourceDifference{&step.Resources, &step.Deferred, &step.Drift} {
			*list = slices.Clone(*list)
			for n := range *list {
				r := &(*list)[n]
				r.Reviewed, r.Now, r.Attributes = r.Reviewed.withoutValues(), r.Now.withoutValues(), withoutValues(r.Attributes)
			}
		}
		step.Outputs = withoutValues(step.Outputs)
		if step.Told != nil {
			step.Told = &ToldDifference{}
		}
	}
	return &all
}

func (r *ResourceChange) withoutValues() *ResourceChange {
	if r == nil {
		return nil
	}
	return &(&Changes{Resources: []ResourceChange{*r}}).WithoutValues().Resources[0]
}

func withoutValues(all []AttributeDifference) []AttributeDifference {
	all = slices.Clone(all)
	for i := range all {
		for _, side := range []**AttributeChange{&all[i].Reviewed, &all[i].Now} {
			if *side != nil {
				*side = &(&Changes{OutputChanges: []AttributeChange{**side}}).WithoutValues().OutputChanges[0]
			}
		}
	}
	return all
}

// ComparedPlan says which plan is compared. What is not known of it is empty.
type ComparedPlan struct {
	Name     string    `json:"name"` // of the file, or the id of the run
	Run      RunID     `json:"run"`  // that made it
	Bitops   string    `json:"bitops,omitempty"`
	Revision string    `json:"revision,omitempty"`
	Created  time.Time `json:"created"`
	Digest   string    `json:"digest,omitempty"`
	HeldOnly bool      `json:"held_only,omitempty"` // it is what a run held, so other steps are not compared
}

// FieldDifference is a word or a sentence that differs. It is empty where a plan has none.
type FieldDifference struct {
	Name     string `json:"name"`
	Reviewed string `json:"reviewed"`
	Now      string `json:"now"`
}

// The names of the fields of a step that say whether a plan is about it, how planning it ended, and how much changes.
const (
	FieldSelected = "selected"
	FieldOutcome  = "outcome"
	FieldChanges  = "changes"
)

// StepDifference is what differs of one step.
type StepDifference struct {
	Name        StepName               `json:"name"`
	Environment EnvironmentName        `json:"environment"`
	Tool        ToolName               `json:"tool"`
	Only        string                 `json:"only,omitempty"`       // "reviewed" or "now": the other plan leaves the step out
	NewlyLost   int                    `json:"newly_lost,omitempty"` // how many resources only the plan of now destroys or replaces
	RunsWith    []string               `json:"runs_with,omitempty"`  // sentences: what is not as it was when the reviewed plan was made
	Fields      []FieldDifference      `json:"fields,omitempty"`
	Told        *ToldDifference        `json:"told,omitempty"`
	Resources   []ResourceDifference   `json:"resources,omitempty"` // those first that only the plan of now destroys or replaces
	Outputs     []AttributeDifference  `json:"outputs,omitempty"`
	Invocations []InvocationDifference `json:"invocations,omitempty"`
	Deferred    []ResourceDifference   `json:"deferred,omitempty"`
	Drift       []ResourceDifference   `json:"drift,omitempty"`
	MayDiffer   []Undecided            `json:"may_differ,omitempty"` // what looks the same and cannot be compared
}

// Differs reports whether something is known to differ.
func (s *StepDifference) Differs() bool {
	return s.Only != "" || s.Told != nil || len(s.RunsWith)+len(s.Fields)+len(s.Resources)+len(s.Outputs)+len(s.Invocations)+len(s.Deferred)+len(s.Drift) > 0
}

// Field returns what the plans say of something, empty where that is the same in both.
func (s *StepDifference) Field(name string) FieldDifference {
	for _, f := range s.Fields {
		if f.Name == name {
			return f
		}
	}
	return FieldDifference{Name: name}
}

// rank sorts steps by how much a person has to look at them.
func (s *StepDifference) rank() int {
	switch {
	case s.NewlyLost > 0:
		return 0
	case s.Differs():
		return 1
	}
	return 2
}

// ResourceDifference is a resource of which the plans say different things. Where both have it, they are without the attributes
// that are the same: those that differ are in Attributes.
type ResourceDifference struct {
	Address    string                `json:"address"`
	Reviewed   *ResourceChange       `json:"reviewed,omitempty"` // absent where that plan does not have it
	Now        *ResourceChange       `json:"now,omitempty"`      // likewise
	Attributes []AttributeDifference `json:"attributes,omitempty"`
}

// NewlyLost reports whether only the plan of now destroys or replaces the resource.
func (r *ResourceDifference) NewlyLost() bool {
	return r.Now != nil && r.Now.Loses() && (r.Reviewed == nil || !r.Reviewed.Loses())
}

// AttributeDifference is an attribute, or an output, of which the plans say different things.
type AttributeDifference struct {
	Path     string           `json:"path"`
	Reviewed *AttributeChange `json:"reviewed,omitempty"` // absent where that plan does not change it
	Now      *AttributeChange `json:"now,omitempty"`      // likewise
}

// ToldDifference is what a tool printed as its plan, where that is not the same.
type ToldDifference struct {
	Reviewed []string `json:"reviewed,omitempty"`
	Now      []string `json:"now,omitempty"`
}

// InvocationDifference is an action that one of the plans invokes.
type InvocationDifference struct {
	Reviewed *Invocation `json:"reviewed,omitempty"`
	Now      *Invocation `json:"now,omitempty"`
}

// Undecided is a value that is told alike in both plans, and may differ all the same.
type Undecided struct {
	Address string `json:"address,omitempty"` // of a resource; "" for an output, an input, or what the tool printed
	Path    string `json:"path,omitempty"`    // "" for all attributes of the resource
	Why     string `json:"why"`               // sensitive, withheld, cut, or not told
}

// The reasons of an Undecided.
const (
	UndecidedSensitive = "sensitive" // the value is not shown
	UndecidedWithheld  = "withheld"  // the manifest keeps values out of one of the plans
	UndecidedCut       = "cut"       // a journal does not hold all of it
	UndecidedNotTold   = "not told"  // one of the plans does not say what changes of the resource
)
