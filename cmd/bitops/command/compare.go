package command

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// ComparedForms returns the names of all ways to show a comparison.
func ComparedForms() []string { return slices.Sorted(maps.Keys(comparedForms)) }

// comparedForms are the ways to show a comparison.
var comparedForms = map[string]func(io.Writer, *schema.Comparison, view.Options) error{
	"text": view.Comparison,
	"json": func(w io.Writer, c *schema.Comparison, _ view.Options) error { return view.ComparisonJSON(w, c) },
	"markdown": func(w io.Writer, c *schema.Comparison, _ view.Options) error {
		return view.ComparisonMarkdown(w, c, view.CommentLimit)
	},
}

// compare shows what differs between two plans: the one that was reviewed, and the one of now.
func (g *global) compare(cmd *cobra.Command, o *showOptions, reviewed, now string) error {
	if o.follow {
		return usageError(cmd, errors.New("--follow shows one run; two plans are compared as they are"))
	}
	form := comparedForms[o.format]
	if form == nil {
		return usageError(cmd, fmt.Errorf("two plans can be compared as text, json or markdown, not as %s", o.format))
	}
	a, err := g.compared(cmd, o, reviewed)
	if err != nil {
		return err
	}
	b, err := g.compared(cmd, o, now)
	if err != nil {
		return err
	}
	c := schema.ComparePlans(onlySteps(a.report, b), onlySteps(b.report, a))
	c.Reviewed, c.Now = a.ComparedPlan, b.ComparedPlan
	show := func(w io.Writer) error { return form(w, c, g.showing(o)) }
	if o.format == "text" {
		_, err = g.paged(cmd.Context(), show)
	} else {
		err = show(g.Out)
	}
	if err != nil {
		return err
	}
	if o.detailedExitCode && c.Result != schema.PlansAgree {
		return &ChangesExistError{}
	}
	return nil
}

// comparedPlan is one of two plans that are compared.
type comparedPlan struct {
	schema.ComparedPlan
	report *schema.Report
}

// compared reads a plan file, or a run that previewed something or held it.
func (g *global) compared(cmd *cobra.Command, o *showOptions, name string) (*comparedPlan, error) {
	if name == "" {
		return nil, usageError(cmd, errors.New("the name of a plan file or the id of a run is empty"))
	}
	if g.planArgument(name) {
		f, err := g.openPlan(name, g.at(o.identity))
		if err != nil {
			return nil, err
		}
		p := f.Plan
		return &comparedPlan{report: p.Report, ComparedPlan: schema.ComparedPlan{
			Name: name, Run: p.Report.Run, Bitops: p.Bitops, Revision: p.Revision, Created: p.Created, Digest: f.Digest,
		}}, nil
	}
	_, report, err := g.pastRun(cmd, name)
	if err != nil {
		return nil, err
	}
	p := &comparedPlan{report: report, ComparedPlan: schema.ComparedPlan{
		Name: string(report.Run), Run: report.Run, Created: report.Started, Digest: report.PlanDigest,
	}}
	if report.Command.Previews() {
		return p, nil
	}
	if p.report = held(report); len(p.report.Steps) == 0 {
		return nil, usageError(cmd, fmt.Errorf("run %s is of %s and holds no plan; name a plan file, or a run of plan or drift", report.Run, report.Command))
	}
	p.HeldOnly = true
	return p, nil
}

// held returns the plans that a run made and held, as a preview of its own.
func held(r *schema.Report) *schema.Report {
	preview := &schema.Report{Run: r.Run, Command: schema.CommandPlan, Started: r.Started, WithholdValues: r.WithholdValues}
	if r.Command.Destroys() {
		preview.Command = schema.CommandPlanDestroy
	}
	for _, step := range r.Steps {
		if step.Outcome == schema.Held && step.Started {
			step.Outcome, step.Reason = schema.Succeeded, ""
			preview.Steps = append(preview.Steps, step)
		}
	}
	return preview
}

// onlySteps returns a report without the steps that the other plan is not about because it was held.
func onlySteps(r *schema.Report, other *comparedPlan) *schema.Report {
	if !other.HeldOnly {
		return r
	}
	part := &schema.Report{Run: r.Run, Command: r.Command}
	for _, step := range r.Steps {
		if other.report.Step(step.Name) != nil {
			part.Steps = append(part.Steps, step)
		}
	}
	return part
}

// differsFromReviewed returns the command that shows how the plans that a run held differ from the plan file that it applied, "" where
// there is none or they do not.
func (s *session) differsFromReviewed(r *schema.Report) string {
	f := s.reviewed
	if f == nil {
		return ""
	}
	of := &comparedPlan{report: held(r), ComparedPlan: schema.ComparedPlan{HeldOnly: true}}
	if c := schema.ComparePlans(onlySteps(f.Plan.Report, of), of.report); len(of.report.Steps) == 0 || c.Result == schema.PlansAgree {
		return ""
	}
	return s.shows(f, string(r.Run))
}

// shows returns the command that compares a plan file with another plan.
func (g *global) shows(f *planFile, with string) string {
	words := []string{"bitops show"}
	if g.chdir != "." {
		words = append(words, "-C", shellWord(g.chdir))
	}
	if f.identity != "" {
		words = append(words, "--identity", shellWord(g.fromChdir(f.identity)))
	}
	return strings.Join(append(words, shellWord(g.fromChdir(f.file)), shellWord(with)), " ")
}

// fromChdir returns a path as the command line has it: from the directory of --chdir, where that is how it can be written.
func (g *global) fromChdir(file string) string {
	base, err := filepath.Abs(g.chdir)
	if err != nil {
		return file
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if relative, err := filepath.Rel(base, absolute); err == nil && len(relative) < len(absolute) {
		return relative
	}
	return absolute
}

// planAgain says how a plan is made in place of one that does not fit any more, beside it, and how both are compared.
func (g *global) planAgain(f *planFile) string {
	other := strings.TrimSuffix(f.name, planEnding) + "-new" + planEnding
	words := []string{"bitops plan"}
	if g.chdir != "." {
		words = append(words, "-C", shellWord(g.chdir))
	}
	if f.Plan.Command.Destroys() {
		words = append(words, "--destroy")
	}
	words = append(words, "-o", shellWord(other))
	return "Make a new plan: " + strings.Join(words, " ") + "\nSee what differs: " + g.shows(f, other)
}
