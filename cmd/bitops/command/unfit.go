package command

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// versionedProgram is a program of which a step's configuration asks for certain versions.
type versionedProgram struct {
	environments.Program
	dir string // where it runs, absolute
}

// versionedPrograms returns the programs of which the configuration asks for certain versions, in the order of the steps.
func (r *repository) versionedPrograms(plan *schema.Plan) []versionedProgram {
	byName := map[schema.ToolName]environments.Tool{}
	for _, tool := range r.Tools {
		byName[tool.Name()] = tool
	}
	var all []versionedProgram
	for i := range plan.Steps {
		step := &plan.Steps[i]
		for _, p := range byName[step.Tool].Programs(r.root, step.Directory()) {
			if p.Unfit != nil {
				all = append(all, versionedProgram{p, filepath.Join(r.root, filepath.FromSlash(step.Directory()))})
			}
		}
	}
	return all
}

// unfitFindings is unfit for doctor.
func (r *repository) unfitFindings(ctx context.Context, plan *schema.Plan) []finding {
	var findings []finding
	for _, p := range r.versionedPrograms(plan) {
		f := r.lookIn(ctx, p.Program, p.dir)
		if reason := p.Unfit(f.Version); f.Status != "missing" && reason != "" {
			f.Status, f.Advice = "other version", fmt.Sprintf(": %s (%s)", reason, p.At)
			findings = append(findings, f)
		}
	}
	return findings
}

// unfit returns an error for each program that is here in another version than the configuration asks for. One that is not
// here is not asked for its version.
func (r *repository) unfit(ctx context.Context, plan *schema.Plan) schema.Problems {
	var problems schema.Problems
	for _, p := range r.versionedPrograms(plan) {
		f := r.lookIn(ctx, p.Program, p.dir)
		if reason := p.Unfit(f.Version); f.Status != "missing" && reason != "" {
			problems = append(problems, schema.Errorf(p.At, "%s is version %s, and %s", p.Name, f.Version, reason).
				WithHint("use such a version, or change %s", p.At.File))
		}
	}
	return problems
}
