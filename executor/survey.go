package executor

import (
	"os"
	"path"
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

// Survey is what is known of all steps of the manifest before anything runs: it tells which of them own the same, and what
// is deployed and no longer in the manifest.
type Survey struct {
	Plan     *schema.Plan
	Declared map[schema.StepName]*schema.Identity

	// RenamedFrom returns the name that the manifest says a step had before, or "".
	RenamedFrom func(*schema.Step) schema.StepName

	// Identify asks the tool of a step what it owns, nil where it cannot tell. Nil: none can.
	Identify func(*schema.Step) *schema.Identity

	// Records returns what is recorded of a step of the manifest. Nil: nothing is.
	Records func(schema.StepName) []*schema.Record

	// Lineage returns the lineage of what a step owns, "" where that is not known.
	Lineage func(*schema.Step, *schema.Identity) string
}

// Conflicts finds the steps that own the same: each would destroy what the other made. Steps of which only some of what
// they own is known, such as the name of a release but not the cluster, count when both are about to run.
func (v *Survey) Conflicts() schema.Problems {
	first := map[string]*schema.Step{}
	var problems schema.Problems
	for i := range v.Plan.Steps {
		step := &v.Plan.Steps[i]
		id := v.Declared[step.Name]
		if id == nil || id.Guessed && !step.Selected {
			continue
		}
		other := first[id.Key]
		if other == nil {
			first[id.Key] = step
			continue
		}
		p := schema.Errorf(schema.Position{File: step.Directory()}, "%s and %s own the same: %s", other.Name, step.Name, id.Key).
			WithHint("each would destroy what the other made; give each its own")
		if id.Guessed {
			p = p.WithHint("each would destroy what the other made; give each its own, or, where they are deployed to different places, say so with `target` in the manifest")
		}
		problems = append(problems, p)
	}
	return problems
}

// Orphans returns what records say is deployed and is not in the manifest. What a step of the manifest owns now was
// renamed.
func (v *Survey) Orphans(records []*schema.Record) []schema.Orphan {
	var all []schema.Orphan
	for _, r := range records {
		if v.Plan.Step(r.Step) != nil || !r.Stands() {
			continue
		}
		successor := v.successor(r)
		all = append(all, schema.Orphan{
			Step: r.Step, Environment: r.Environment, Tool: r.Tool, State: r.State, Run: r.Run, Time: r.Time,
			Kept: r.Kept != "", Archive: r.Kept, Identity: r.Identity, RenamedTo: successor, Contested: v.contested(r, successor),
		})
	}
	return all
}

// successor returns the step of the manifest that owns what a record is of, or "": one that the manifest says was renamed,
// one whose files or whose tool say so, or, where what it owns is not known, the one that has the
// record's directory.
func (v *Survey) successor(r *schema.Record) schema.StepName {
	for i := range v.Plan.Steps {
		step := &v.Plan.Steps[i]
		id := v.Declared[step.Name]
		certain := id != nil && !id.Guessed
		switch {
		case step.Tool != r.Tool:
		case v.RenamedFrom(step) == r.Step, certain && (r.Identity.Same(id) || v.moved(r.Identity, step, id)):
			return step.Name
		case !certain && r.Identity != nil && v.identified(r.Identity, step, id):
			return step.Name
		case certain && r.Identity != nil, r.Directory == "":
		case path.Clean(r.Directory) == step.Directory():
			return step.Name
		}
	}
	return ""
}

// identified reports whether a step owns what a record is of, where its files say no more than a guess, or nothing. A step that
// may own it and cannot be asked counts: what it owns must not be taken down under another name.
func (v *Survey) identified(recorded *schema.Identity, step *schema.Step, guess *schema.Identity) bool {
	if guess != nil && !guess.MayBe(recorded) {
		return false
	}
	var id *schema.Identity
	if v.Identify != nil {
		id = v.Identify(step)
	}
	if id == nil {
		return guess != nil
	}
	return id.Same(recorded)
}

// contested reports whether what a record is of was moved there from its successor, which has the earlier name.
func (v *Survey) contested(r *schema.Record, successor schema.StepName) bool {
	step := v.Plan.Step(successor)
	if step == nil || v.Records == nil || v.RenamedFrom(step) == r.Step {
		return false
	}
	return slices.ContainsFunc(v.Records(successor), func(own *schema.Record) bool {
		return own.State == schema.StateRenamed && own.RenamedTo == r.Step && own.Identity.KeyOf() == r.Identity.KeyOf()
	})
}

// moved reports whether a local state was moved to the file of a step.
func (v *Survey) moved(from *schema.Identity, step *schema.Step, to *schema.Identity) bool {
	if from == nil || from.Lineage == "" || from.File == "" || to.File == "" {
		return false
	}
	if _, err := os.Stat(from.File); err == nil {
		return false // it is where it was
	}
	return v.Lineage(step, to) == from.Lineage
}
