package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// orphanPlan puts a plan together from what is kept of steps: the orphans, and those whose outputs they take.
type orphanPlan struct {
	store  *store.Store
	chosen map[schema.StepName]bool
	kept   *keptFiles
	names  []schema.StepName // in the order of the plan
	steps  map[schema.StepName]*schema.Step
}

func (b *orphanPlan) build(ctx context.Context, all []schema.Orphan) error {
	for _, orphan := range all {
		var step *schema.Step
		if b.chosen[orphan.Step] {
			b.kept.selected = append(b.kept.selected, orphan)
		}
		if orphan.Kept || !b.chosen[orphan.Step] { // else what is there, if anything, is of an earlier apply
			var err error
			if step, err = b.load(ctx, orphan.Step); err != nil {
				return err
			}
		}
		if step == nil && b.chosen[orphan.Step] {
			return fmt.Errorf("%s cannot be taken down, because its files are not kept; bring them back into the manifest and the repository "+
				"as they were in run %s, and destroy it, or, if nothing of it exists any more: bitops forget %s",
				orphan.Step, orphan.Run, shellWord(string(orphan.Step)))
		}
	}
	for _, name := range slices.Clone(b.names) {
		for _, before := range takesFrom(b.steps[name]) {
			if err := b.upstream(ctx, before); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(b.kept.archives, func(x, y *archive.KeptArchive) int {
		return cmp.Compare(rank(b.chosen[x.Step.Name]), rank(b.chosen[y.Step.Name]))
	})
	return nil
}

func rank(chosen bool) int {
	if chosen {
		return 1
	}
	return 0
}

// load takes a step into the plan, or returns nil when nothing is kept of it.
func (b *orphanPlan) load(ctx context.Context, name schema.StepName) (*schema.Step, error) {
	content, err := b.store.Kept(ctx, name)
	if err != nil || content == nil {
		return nil, err
	}
	a, err := archive.ReadKept(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	recorded, err := b.verify(ctx, name, a)
	if err != nil || !recorded {
		return nil, err
	}
	if b.chosen[name] || b.kept.defaults == "" {
		b.kept.defaults = a.Default
	}
	b.kept.archives = append(b.kept.archives, a)
	step := &a.Step
	step.Selected = b.chosen[name]
	b.add(step)
	return step, nil
}

// verify compares an archive with what is recorded of it, before anything in it runs: whoever can write to the store could
// have put a hook into it. Of one that nothing is recorded of, it returns false.
func (b *orphanPlan) verify(ctx context.Context, name schema.StepName, a *archive.KeptArchive) (recorded bool, err error) {
	record, err := b.store.Record(ctx, name)
	if err != nil || record == nil || record.Kept == "" {
		return false, err
	}
	hash, err := a.Hash()
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	if hash != record.Kept {
		return false, fmt.Errorf("%s: its archived files are not those that run %s applied; somebody may have changed them, so nothing "+
			"of them runs. Bring them back into the manifest and the repository as they were, and destroy it, or, if nothing of it "+
			"exists any more: bitops forget %s", name, record.Run, shellWord(string(name)))
	}
	return true, nil
}

func (b *orphanPlan) add(step *schema.Step) {
	b.names = append(b.names, step.Name)
	b.steps[step.Name] = step
}

// upstream takes a step into the plan whose outputs another takes. Of one of which nothing is kept, what is recorded has
// to do.
func (b *orphanPlan) upstream(ctx context.Context, name schema.StepName) error {
	if b.steps[name] != nil {
		return nil
	}
	step, err := b.load(ctx, name)
	if err != nil {
		return err
	}
	if step != nil {
		step.DependsOn, step.Offers, step.Inputs = nil, nil, nil // it is not run
		return nil
	}
	record, err := b.store.Record(ctx, name)
	if err == nil && record != nil {
		b.add(&schema.Step{Name: name, Environment: record.Environment, EnvironmentPath: string(record.Environment), Tool: record.Tool})
	}
	return err
}

// takesFrom returns the steps that a step waits for or takes outputs from.
func takesFrom(step *schema.Step) []schema.StepName {
	all := slices.Clone(step.DependsOn)
	for _, offer := range step.Offers {
		all = append(all, offer.Steps...)
	}
	return all
}

// plan returns the steps, without what points to nothing.
func (b *orphanPlan) plan() []schema.Step {
	absent := func(name schema.StepName) bool { return b.steps[name] == nil }
	steps := make([]schema.Step, 0, len(b.names))
	for _, name := range b.names {
		step := *b.steps[name]
		step.DependsOn = slices.DeleteFunc(slices.Clone(step.DependsOn), absent)
		step.Offers = slices.Clone(step.Offers)
		for i := range step.Offers {
			step.Offers[i].Steps = slices.DeleteFunc(slices.Clone(step.Offers[i].Steps), absent)
		}
		steps = append(steps, step)
	}
	return steps
}
