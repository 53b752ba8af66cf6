package executor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
)

// office is a site where some steps want approval, and the person who approves plans there.
type office struct {
	*site
	shown    map[string]intent            // what plans that wait for approval say, by their digests
	approved map[schema.StepName][]intent // what a person approved
	previous *schema.Report               // the run that is resumed next
	saved    *executor.Saved              // the plan file that is applied, or nil
	signed   map[schema.StepName]intent   // where only signed plans may be applied: what the plan file says
	dir      string
}

// mayChange complains about a change of a step that wants approval which is in no plan that was shown and approved. Only the values
// that the step is given may be others.
func (o *office) mayChange(step *schema.Step, in intent) {
	if was, known := o.signed[step.Name]; o.signed != nil && in.Action != "none" {
		if !known || was.Makes != in.Makes || o.frozen[step.Name] && was.Action != in.Action {
			o.problems = append(o.problems, fmt.Sprintf("%s does %+v, and what was signed is %+v", step.Name, in, was))
		}
	}
	if !step.Approval || in.Action == "none" {
		return
	}
	if in.Version != o.version[step.Name] {
		o.problems = append(o.problems, fmt.Sprintf("%s does %+v, and its files changed since that was planned", step.Name, in))
	}
	same := func(a intent) bool { return a.Action == in.Action && a.Version == in.Version }
	if !slices.ContainsFunc(o.approved[step.Name], same) {
		o.problems = append(o.problems, fmt.Sprintf("%s does %+v, and what was approved is %+v", step.Name, in, o.approved[step.Name]))
	}
	o.approved[step.Name] = nil // once
}

// look lets a person read what a report shows, and checks that there is something to read wherever a step waits for approval.
func (o *office) look(t *rapid.T, report *schema.Report) {
	for i := range report.Steps {
		step := &report.Steps[i]
		in, planned := o.planned[step.Name]
		switch {
		case step.Digest != "" && planned:
			o.shown[step.Digest] = in
		case step.Digest != "":
			if _, known := o.shown[step.Digest]; !known {
				t.Errorf("%s waits for approval of a plan that was never shown", step.Name)
			}
		case step.Outcome == schema.Held && step.Approval && o.signed == nil && step.Reason != "it moved on":
			t.Errorf("%s is held, and there is nothing to approve: %+v", step.Name, step)
		}
	}
}

// approvals draws what a person approves of what is shown, beside what was approved before.
func (o *office) approvals(t *rapid.T, reports []*schema.Report, all bool) []schema.Approval {
	var given []schema.Approval
	if o.previous != nil {
		given = o.previous.OpenApprovals()
	}
	for _, report := range reports {
		for i := range report.Steps {
			plans, digest := report.Approvable(report.Steps[i].Environment)
			if digest == "" || !all && rapid.Bool().Draw(t, "approve "+string(report.Steps[i].Name)) {
				continue
			}
			for _, plan := range plans {
				given = slices.DeleteFunc(given, func(a schema.Approval) bool { return a.Step == plan.Step })
				given = append(given, plan)
				o.approved[plan.Step] = append(o.approved[plan.Step], o.shown[plan.Digest])
			}
		}
	}
	return given
}

// apply runs once: a new run, or the one that resumes the run before.
func (o *office) apply(t *rapid.T, all bool) {
	reports := []*schema.Report{}
	if o.saved != nil {
		reports = append(reports, o.saved.Plan.Report)
	}
	if o.previous != nil {
		reports = append(reports, o.previous)
	}
	given := o.approvals(t, reports, all)
	before := fmt.Sprint(o.world)
	held := filepath.Join(o.dir, fmt.Sprint(o.runs))
	report := o.run(t, schema.CommandApply, func(x *executor.Executor) {
		x.Saved, x.Previous, x.Approvals = o.saved, o.previous, given
		if o.signed != nil {
			x.Signed, x.Deferral = true, schema.DeferNone
		}
		x.Artifacts, x.HeldArtifacts = filepath.Join(o.dir, fmt.Sprint(o.runs)), held
	})
	o.look(t, report)
	if len(o.problems) > 0 {
		t.Fatalf("%s\nbefore: %s\nthe run is %+v", strings.Join(o.problems, "\n"), before, report.Steps)
	}
	o.previous = report
}

// meanwhile lets files, the world and artifacts change between two runs.
func (o *office) meanwhile(t *rapid.T) {
	for i := range o.plan.Steps {
		name := o.plan.Steps[i].Name
		kept := filepath.Join(o.dir, fmt.Sprint(o.runs), name.FileName())
		switch rapid.IntRange(0, 15).Draw(t, "meanwhile") {
		case 0:
			o.version[name]++
		case 1:
			o.somebodyElse(name, "update")
		case 2:
			o.somebodyElse(name, "replace")
		case 3: // another machine goes on
			_ = os.RemoveAll(kept)
		case 4: // somebody swaps the plan
			if _, err := os.Stat(filepath.Join(kept, intentFile)); err == nil {
				_ = os.WriteFile(filepath.Join(kept, intentFile), []byte(`{"action":"replace","version":99,"from":`+
					fmt.Sprintf(`{"id":%d,"makes":%q,"moves":%d}}`, o.world[name].ID, o.world[name].Makes, o.world[name].Moves)), 0o600)
			}
		}
	}
}

// planFile makes a plan file of everything, as a person saw it.
func (o *office) planFile(t *rapid.T) {
	artifacts := filepath.Join(o.dir, "saved")
	report := o.run(t, schema.CommandPlan, func(x *executor.Executor) { x.Artifacts = artifacts })
	o.look(t, report)
	if o.signed != nil {
		o.signed = map[schema.StepName]intent{}
		for i := range report.Steps {
			if step := &report.Steps[i]; step.Shown() {
				o.signed[step.Name] = o.planned[step.Name]
			}
		}
	}
	o.saved = &executor.Saved{Plan: &schema.SavedPlan{ID: "plan", Report: report}, Artifacts: artifacts}
}

// Approval is of a plan: whatever changes between plan, approval, apply and resume, a step that wants approval does nothing that
// was not in a plan which was shown and approved. When everything that is shown is approved, and nothing changes any more, in
// the end everything is as the files say.
func TestOnlyWhatWasApprovedIsApplied(t *testing.T) {
	for range 5 {
		rapid.Check(t, onlyApproved)
	}
}

func onlyApproved(t *rapid.T) {
	o := &office{site: drawSite(t), shown: map[string]intent{}, approved: map[schema.StepName][]intent{}, dir: tempDir(t)}
	defer os.RemoveAll(o.dir)
	o.judge = o.mayChange
	if rapid.Bool().Draw(t, "deployed before") {
		o.run(t, schema.CommandApply, func(*executor.Executor) {})
		for _, name := range o.some(t, "changed files") {
			o.version[name]++
		}
	}
	for i := range o.plan.Steps {
		o.plan.Steps[i].Approval = rapid.Bool().Draw(t, "wants approval")
	}
	if rapid.Bool().Draw(t, "plan file") {
		if rapid.Bool().Draw(t, "signed") {
			o.signed = map[schema.StepName]intent{}
		}
		o.planFile(t)
	}
	for range rapid.IntRange(0, 4).Draw(t, "runs") {
		o.meanwhile(t)
		o.fails = map[schema.StepName]bool{}
		for _, name := range o.some(t, "fails") {
			o.fails[name] = rapid.Bool().Draw(t, "really")
		}
		o.apply(t, false)
		if o.previous.Outcome == schema.Succeeded {
			o.begin(t)
		}
	}
	o.untilDone(t)
	for range o.plan.Steps { // what others changed of a step that was done, or a step reads by itself, is for new runs
		o.begin(t)
		o.untilDone(t)
	}
	if again := o.run(t, schema.CommandPlan, func(*executor.Executor) {}); again.HasChanges() {
		t.Errorf("a new plan still has changes: %+v\nthe world is %+v", again.Steps, o.world)
	}
}

// begin makes the next run a new one. Where only signed plans may be applied, that takes another one.
func (o *office) begin(t *rapid.T) {
	if o.previous, o.saved = nil, nil; o.signed != nil {
		o.planFile(t)
	}
}

// untilDone approves all that is shown until nothing is left.
func (o *office) untilDone(t *rapid.T) {
	o.fails = nil
	for n := 0; o.previous == nil || o.previous.Outcome != schema.Succeeded; n++ {
		if n > 3*len(o.plan.Steps)+1 {
			t.Fatalf("it is never done: %+v", o.previous.Steps)
		}
		if o.signed != nil && o.previous != nil && n%2 == 0 { // what the signed plan does not show is held for good
			o.begin(t)
		}
		o.apply(t, true)
	}
}
