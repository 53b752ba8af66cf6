package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// declarations are what the steps of the manifest own, as far as their files tell.
type declarations map[schema.StepName]*schema.Identity

// declare reads what the steps of a plan own. It starts no process.
func (r *repository) declare(plan *schema.Plan) declarations {
	surveyor := r.surveyor()
	surveyor.Deploys = plan.Command == schema.CommandDeploy
	found := surveyor.DeclaredOf(plan)
	all := make(declarations, len(found))
	for i, id := range found {
		if id != nil {
			all[plan.Steps[i].Name] = id
		}
	}
	return all
}

// surveyor returns a lifecycle that looks at the steps of a plan and runs none.
func (r *repository) surveyor() *environments.Lifecycle {
	return &environments.Lifecycle{
		Repository: r.root, Store: r.store(), Default: r.defaultFolder(), Tools: r.Tools, Runner: r.Runner, Environ: r.Environ,
		Secrets: func(...string) {},
	}
}

// ownership returns what is known of what the steps of a plan own, for as long as the locks are held.
func (s *session) ownership(ctx context.Context, plan *schema.Plan) (*executor.Ownership, error) {
	if s.owners != nil && sameSteps(s.owners.Plan, plan) {
		return s.owners, nil
	}
	found, err := s.orphansOf(ctx, plan)
	if err != nil {
		return nil, err
	}
	s.owners = s.ownershipOf(ctx, s.lifecycle("", plan), s.store, plan)
	s.owners.Orphans, s.owners.Registry, s.owners.RenamedFrom = found, s.store, s.renames()
	s.owners.Hold = s.hold
	return s.owners, nil
}

// viewOwnership is ownership without locks, for looking at records.
func (r *repository) viewOwnership(ctx context.Context, plan *schema.Plan) (*executor.Ownership, error) {
	records, err := r.viewStore(ctx)
	if err != nil {
		return nil, err
	}
	r.declared = r.declare(plan)
	return r.ownershipOf(ctx, r.surveyor(), records, plan), nil
}

func (r *repository) ownershipOf(ctx context.Context, l *environments.Lifecycle, records *store.Store, plan *schema.Plan) *executor.Ownership {
	return &executor.Ownership{
		Plan: plan, Records: records, Declared: r.declared,
		Owns: l.Owns, Identify: l.Identify, Lineage: l.Lineage, SameSettings: l.SameSettings,
		RanWith: (history{records}).ranWith(ctx),
	}
}

// sameSteps reports whether one plan is the other with another command.
func sameSteps(a, b *schema.Plan) bool {
	return len(a.Steps) > 0 && len(a.Steps) == len(b.Steps) && &a.Steps[0] == &b.Steps[0]
}

// renames returns a function that returns the name that the manifest says a step had before, or "".
func (r *repository) renames() func(*schema.Step) schema.StepName {
	earlier := map[schema.EnvironmentName]string{}
	for i := range r.manifest.Environments {
		if env := &r.manifest.Environments[i]; env.RenamedFrom.Text != "" {
			earlier[env.Name] = env.RenamedFrom.Text
		}
	}
	return func(step *schema.Step) schema.StepName {
		if name := earlier[step.Environment]; name != "" {
			return schema.EnvironmentName(name).Step(step.Deployment)
		}
		return ""
	}
}

// survey is what is known of all steps of the manifest.
func (r *repository) survey(plan *schema.Plan, declared declarations) *executor.Survey {
	return &executor.Survey{Plan: plan, Declared: declared, RenamedFrom: r.renames(), Lineage: r.surveyor().Lineage}
}

// orphans returns the steps that are recorded as deployed and are not in the manifest.
func (r *repository) orphans(ctx context.Context, s *store.Store, plan *schema.Plan, declared declarations) ([]schema.Orphan, error) {
	records, err := s.Recorded(ctx, namesIn(plan))
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		if record.Stands() && record.Directory == "" {
			record.Directory = keptDirectory(ctx, s, record)
		}
	}
	v := r.survey(plan, declared)
	v.Identify = r.identifying(ctx)
	v.Records = func(name schema.StepName) []*schema.Record {
		own, _ := s.Records(ctx, name) // one that cannot be read is complained of when the step runs
		return own
	}
	return v.Orphans(records), nil
}

// identifying returns a function that asks the tool of a step what it owns, once each.
func (r *repository) identifying(ctx context.Context) func(*schema.Step) *schema.Identity {
	l, asked := r.surveyor(), map[schema.StepName]*schema.Identity{}
	return func(step *schema.Step) *schema.Identity {
		id, known := asked[step.Name]
		if !known {
			id, _ = l.Identify(ctx, step) // one that cannot be asked tells nothing
			if id != nil && id.Guessed {
				id = nil
			}
			asked[step.Name] = id
		}
		return id
	}
}

func namesIn(plan *schema.Plan) map[schema.StepName]bool {
	names := make(map[schema.StepName]bool, len(plan.Steps))
	for i := range plan.Steps {
		names[plan.Steps[i].Name] = true
	}
	return names
}

// keptDirectory returns the directory of a step of which an older record does not tell it, going by what is kept of its
// files; "" where nothing is.
func keptDirectory(ctx context.Context, s *store.Store, r *schema.Record) string {
	if r.Kept == "" {
		return ""
	}
	content, err := s.Kept(ctx, r.Step, r.Kept)
	if err != nil || content == nil {
		return ""
	}
	a, err := archive.ReadKept(content)
	if err != nil {
		return ""
	}
	return a.Step.Directory()
}

// renamed returns the record that says that what is named has another name now, or nil.
func renamed(ctx context.Context, s *store.Store, known map[schema.StepName]bool, names []string) (*schema.Record, error) {
	records, err := s.Recorded(ctx, known)
	for _, r := range records {
		if r.State == schema.StateRenamed && slices.ContainsFunc(names, func(name string) bool { return means(name, r) }) {
			return r, nil
		}
	}
	return nil, err
}

// orphansOf returns the orphans beside a plan. A run of bitops deploy knows one environment only.
func (s *session) orphansOf(ctx context.Context, plan *schema.Plan) ([]schema.Orphan, error) {
	if plan.Command == schema.CommandDeploy {
		return nil, nil
	}
	if s.orphaned != nil {
		return s.orphaned.selected, nil
	}
	return s.orphans(ctx, s.store, plan, s.declared)
}

// refuseRenamed refuses to take down what was renamed: it is deployed under another name.
func (r *repository) refuseRenamed(name string, to schema.StepName, id *schema.Identity) error {
	return r.placed(schema.Problems{schema.Errorf(schema.Position{File: r.manifest.File},
		"%s is not destroyed: it is %s now, which owns what it owned%s", name, to, owned(id)).
		WithHint("to take it down: bitops destroy %s; where only the old name is to be forgotten: bitops forget %s", shellWord(string(to)), shellWord(name))})
}

func owned(id *schema.Identity) string {
	if id == nil {
		return ""
	}
	return fmt.Sprintf(" (%s)", strings.TrimPrefix(id.Key, "terraform "))
}
