package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// Orphans are steps that are deployed and that the manifest no longer has. Every run says so; destroy takes them down
// when they are named, from the files that are kept of them.

// keepFiles keeps what a step is made of, unless it is kept already.
func (s *session) keepFiles(l *environments.Lifecycle) func(context.Context, *schema.Step, string) (string, error) {
	return func(ctx context.Context, step *schema.Step, was string) (string, error) {
		files, err := l.Files(step)
		if err != nil {
			return "", err
		}
		files, omitted, err := archive.WithoutSecrets(l.Repository, files)
		if err != nil {
			return "", err
		}
		kept := &schema.Kept{
			Version: schema.KeptVersion, Step: *step, Default: s.defaultFolder(),
			Omitted: omitted[:min(len(omitted), archive.MostOmitted)],
		}
		kept.Step.Selected, kept.Step.Why, kept.Step.Env = false, "", maps.Clone(step.Env)
		maps.DeleteFunc(kept.Step.Env, func(name, _ string) bool { return secret.NameIsSecret(name) })
		hash, err := archive.KeptHash(kept, l.Repository, files)
		if err != nil {
			return "", err
		}
		if hash == was {
			return hash, nil
		}
		content, err := archive.KeptBytes(kept, l.Repository, files)
		if err != nil {
			return "", err
		}
		if err := s.store.SaveKept(ctx, step.Name, hash, content); err != nil {
			return "", err
		}
		return hash, nil
	}
}

// keptFiles are the files of orphans, once they are restored.
type keptFiles struct {
	archives []*archive.KeptArchive // those of the selected steps last
	selected []schema.Orphan        // as they were when their files were read
	defaults string
	dir      string // "" until then
}

// restore writes the files into a directory of their own, for as long as the locks are held. Of those that are not
// archived, it takes what is in the checkout, and returns a note for each step that may lack some.
func (k *keptFiles) restore(in, checkout string) (notes []string, err error) {
	dir, err := os.MkdirTemp(in, "orphans-*~~private")
	if err != nil {
		return nil, err
	}
	k.dir = dir
	for _, a := range k.archives {
		missing, err := a.Restore(dir, checkout)
		if err != nil {
			return nil, err
		}
		if len(missing) > 0 && a.Step.Selected {
			notes = append(notes, fmt.Sprintf("%s may lack %s: files that git ignores and keys are not archived; "+
				"if it needs them, put them back in their places", a.Step.Name, strings.Join(missing, ", ")))
		}
	}
	return notes, nil
}

// restoreOrphans puts the files of orphans in their place.
func (s *session) restoreOrphans() error {
	notes, err := s.orphaned.restore(s.privateDirectory(), s.root)
	for _, note := range notes {
		s.say("bitops: warning: %s", note)
	}
	return err
}

// target builds the plan that the options ask for: one of orphans where they name orphans that are to be destroyed, and
// of the manifest otherwise.
func (r *repository) target(ctx context.Context, problems schema.Problems, o planner.Options) (*schema.Plan, error) {
	if o.Command.Destroys() && !problems.HasErrors() && (len(o.Select.Selectors) > 0 || o.Only != nil) {
		whole := o
		whole.Select, whole.Only, whole.From = selection.Query{}, nil, nil
		manifest, found := planner.Build(r.manifest, r.inspector(), whole)
		if !found.HasErrors() {
			plan, err := r.ofOrphans(ctx, manifest, o)
			if plan != nil || err != nil {
				return plan, err
			}
		}
	}
	return r.build(problems, o)
}

// ofOrphans returns the plan of the orphans that are named, or nil when none is.
func (r *repository) ofOrphans(ctx context.Context, manifest *schema.Plan, o planner.Options) (*schema.Plan, error) {
	s, err := r.viewStore(ctx)
	if err != nil {
		return nil, err
	}
	owned := r.declare(manifest)
	all, err := r.orphans(ctx, s, manifest, owned)
	if err != nil {
		return nil, err
	}
	if pointer, err := renamed(ctx, s, namesIn(manifest), o.Select.Selectors); pointer != nil || err != nil {
		if err == nil {
			err = r.refuseRenamed(string(pointer.Step), pointer.RenamedTo, pointer.Identity)
		}
		return nil, err
	}
	chosen, others := chosenOrphans(all, o, manifest)
	switch {
	case len(chosen) == 0:
		return nil, nil
	case len(others) > 0:
		return nil, r.mixedNames(manifest, all, o, others)
	}
	if err := onlyNamed(o); err != nil {
		return nil, err
	}
	for _, orphan := range all {
		if chosen[orphan.Step] && orphan.RenamedTo != "" {
			return nil, r.refuseRenamed(string(orphan.Step), orphan.RenamedTo, orphan.Identity)
		}
	}
	r.declared = owned
	b := &orphanPlan{store: s, chosen: chosen, steps: map[schema.StepName]*schema.Step{}, kept: &keptFiles{}}
	if err := b.build(ctx, all); err != nil {
		return nil, err
	}
	if err := r.refuseUnsure(ctx, b, manifest, owned); err != nil {
		return nil, err
	}
	r.orphaned = b.kept
	plan := *manifest
	plan.Steps = b.plan()
	for i := range plan.Steps {
		withOptions(&plan.Steps[i], o)
	}
	return &plan, nil
}

// refuseUnsure refuses to take down what a step of the manifest may own now: one of which nothing is recorded, and of which it
// is known only while it runs what it owns, because a hook or a plugin decides that.
func (r *repository) refuseUnsure(ctx context.Context, b *orphanPlan, manifest *schema.Plan, owned declarations) error {
	l := r.surveyor()
	for i := range manifest.Steps {
		step := &manifest.Steps[i]
		if owned[step.Name] != nil || !l.Owns(step) {
			continue
		}
		records, err := b.store.Records(ctx, step.Name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(records, (*schema.Record).Stands) {
			continue
		}
		for _, orphan := range b.kept.selected {
			if b.steps[orphan.Step].Tool == step.Tool && orphan.Identity != nil {
				return r.placed(schema.Problems{schema.Errorf(schema.Position{File: r.manifest.File},
					"%s is not destroyed: %s may be its new name, and what that owns is known when it was applied", orphan.Step, step.Name).
					WithHint("apply it first: bitops apply %s", shellWord(string(step.Environment)))})
			}
		}
	}
	return nil
}

// mixedNames says what is wrong with names of which some are of orphans and others are not: those are known to nothing, or
// they are in the manifest.
func (r *repository) mixedNames(manifest *schema.Plan, all []schema.Orphan, o planner.Options, others []string) error {
	var known []string
	for i := range manifest.Steps {
		known = append(known, string(manifest.Steps[i].Environment))
	}
	for _, orphan := range all {
		if orphan.RenamedTo == "" {
			known = append(known, string(orphan.Environment))
		}
	}
	var problems schema.Problems
	for _, name := range others {
		alone := o
		alone.Select.Selectors = []string{name}
		if _, found := planner.Build(r.manifest, r.inspector(), alone); found.HasErrors() {
			problems = append(problems, schema.Errorf(schema.Position{}, "%q is not in the manifest, and nothing of that name is recorded as deployed", name).
				WithHint("%s", schema.DidYouMean(name, slices.Compact(known))))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	orphaned := slices.DeleteFunc(slices.Clone(o.Select.Selectors), func(name string) bool { return slices.Contains(others, name) })
	return schema.Problems{schema.Errorf(schema.Position{}, "%s is in the manifest, and %s is not any more: they cannot be destroyed together",
		others[0], orphaned[0]).WithHint("use two commands: bitops destroy %s, and bitops destroy %s", shellWords(orphaned), shellWords(others))}
}

func shellWords(words []string) string { return strings.Join(shellWordsOf(words), " ") }

func shellWordsOf(words []string) []string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = shellWord(word)
	}
	return quoted
}

// chosenOrphans returns the orphans that the options choose, and the selectors that name none. Of the steps of a plan file or
// an earlier run, selectors choose a part.
func chosenOrphans(all []schema.Orphan, o planner.Options, manifest *schema.Plan) (chosen map[schema.StepName]bool, others []string) {
	if o.Only == nil {
		return namedOrphans(all, o.Select.Selectors, manifest)
	}
	chosen = map[schema.StepName]bool{}
	for _, orphan := range all {
		if slices.Contains(o.Only, orphan.Step) {
			chosen[orphan.Step] = true
		}
	}
	if len(chosen) == 0 || len(o.Select.Selectors) == 0 {
		return chosen, nil
	}
	named, others := namedOrphans(all, o.Select.Selectors, manifest)
	maps.DeleteFunc(chosen, func(step schema.StepName, _ bool) bool { return !named[step] })
	return chosen, others
}

// namedOrphans returns the orphans that are named, by their own name or that of an environment that the manifest no longer
// has, and the names that none has.
func namedOrphans(all []schema.Orphan, names []string, manifest *schema.Plan) (named map[schema.StepName]bool, others []string) {
	named = map[schema.StepName]bool{}
	for _, name := range names {
		found := false
		environment, step := selection.Named(name)
		for _, orphan := range all {
			if namesOrphans(name, manifest) || step == string(orphan.Step) ||
				environment == string(orphan.Environment) && !declared(manifest, orphan.Environment) {
				named[orphan.Step], found = true, true
			}
		}
		if !found {
			others = append(others, name)
		}
	}
	return named, others
}

// onlyNamed refuses flags that select, where orphans are taken down: these are taken by their names alone.
func onlyNamed(o planner.Options) error {
	if len(o.From) == 0 && len(o.Select.Exclude) == 0 && !o.Select.Dependencies && !o.Select.Dependents {
		return nil
	}
	return schema.Problems{schema.Errorf(schema.Position{},
		"what is no longer in the manifest is not chosen by --exclude, --from, --with-dependencies or --with-dependents").
		WithHint("name what is to be destroyed; bitops list orphaned lists it")}
}

// namesOrphans reports whether a selector names all orphans. Where the manifest has an environment called orphaned, the word
// alone does not.
func namesOrphans(selector string, manifest *schema.Plan) bool {
	parsed, _ := selection.Parse(selector)
	return !parsed.Without && slices.Equal(parsed.States(), []string{selection.Orphaned}) && len(parsed.Factors) == 1 &&
		(parsed.Factors[0].Kind != "" || !declared(manifest, selection.Orphaned))
}

// withOptions gives a step of orphans what the options say for all steps.
func withOptions(step *schema.Step, o planner.Options) {
	env := map[string]string{}
	maps.Copy(env, step.Env)
	maps.Copy(env, o.Env)
	step.Env = env
	step.Timeout = cmp.Or(o.Timeout, step.Timeout)
}

func declared(plan *schema.Plan, name schema.EnvironmentName) bool {
	return slices.ContainsFunc(plan.Steps, func(s schema.Step) bool { return s.Environment == name })
}

// appliedWith finds the deployed steps that were applied with something that is about to be taken down although the
// manifest no longer has it.
func (s *session) appliedWith(ctx context.Context, plan *schema.Plan) (schema.Problems, error) {
	here := make(map[schema.StepName]bool, len(plan.Steps))
	for i := range plan.Steps {
		here[plan.Steps[i].Name] = true
	}
	records, err := s.store.Recorded(ctx, here)
	var problems schema.Problems
	for _, r := range records {
		for _, on := range r.DependsOn {
			if step := plan.Step(on); r.Stands() && step != nil && step.Selected && step.Environment != r.Environment {
				problems = append(problems, schema.Errorf(schema.Position{}, "%s still stands on %s: it was not applied since the manifest changed",
					r.Environment, step.Environment).WithHint("apply it first: bitops apply %s", r.Environment))
			}
		}
	}
	return problems, err
}

// movedOn finds the orphans that another run changed after their files were read, before the locks were held.
func (s *session) movedOn(ctx context.Context) (problems schema.Problems, err error) {
	for _, was := range s.orphaned.selected {
		records, err := s.store.Records(ctx, was.Step)
		if err != nil {
			return nil, err
		}
		same := func(r *schema.Record) bool {
			return r.Identity.KeyOf() == was.Identity.KeyOf() && r.Run == was.Run && r.State == was.State && r.Time.Equal(was.Time)
		}
		if !slices.ContainsFunc(records, same) {
			problems = append(problems, schema.Errorf(schema.Position{}, "%s: another run changed it meanwhile", was.Step).
				WithHint("look at it, and run the command again"))
		}
	}
	return problems, nil
}

// forgetDestroyed forgets the orphans that were taken down: nothing refers to them any more.
func (s *session) forgetDestroyed(ctx context.Context, plan *schema.Plan) error {
	if s.orphaned == nil || plan.Command.Previews() {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // the run may have been stopped
	var errs []error
	for i := range plan.Steps {
		if !plan.Steps[i].Selected {
			continue
		}
		records, err := s.store.Records(ctx, plan.Steps[i].Name)
		errs = append(errs, err)
		for _, r := range records {
			if r.State == schema.StateDestroyed {
				errs = append(errs, s.store.Forget(r))
			}
		}
	}
	return errors.Join(errs...)
}

// privateDirectory is where directories are whose names end in ~~private: the next bitops removes those of a killed one.
func (r *repository) privateDirectory() string { return filepath.Join(r.store(), "work") }
