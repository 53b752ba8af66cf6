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
		if b.chosen[orphan.Step] {
			b.kept.selected = append(b.kept.selected, orphan)
		}
		if b.steps[orphan.Step] != nil { // it is deployed more than once; the variables choose which of them is meant
			continue
		}
		step, err := b.load(ctx, orphan.Step)
		if err != nil {
			return err
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

// load takes a step into the plan, or returns nil when nothing is kept of it: with the files that it was applied with last.
func (b *orphanPlan) load(ctx context.Context, name schema.StepName) (*schema.Step, error) {
	records, err := b.store.Records(ctx, name)
	at := slices.IndexFunc(records, (*schema.Record).Stands)
	if err != nil || at < 0 || records[at].Kept == "" { // what is there, if anything, is of an earlier apply
		return nil, err
	}
	content, err := b.store.Kept(ctx, name, records[at].Kept)
	if err != nil || content == nil {
		return nil, err
	}
	a, err := archive.ReadKept(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := verify(a, records[at]); err != nil {
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
// have put a hook into it.
func verify(a *archive.KeptArchive, record *schema.Record) error {
	hash, err := a.Hash()
	if err != nil {
		return fmt.Errorf("%s: %w", record.Step, err)
	}
	if hash != record.Kept {
		return fmt.Errorf("%s: its archived files are not those that run %s applied; somebody may have changed them, so nothing "+
			"of them runs. Bring them back into the manifest and the repository as they were, and destroy it, or, if nothing of it "+
			"exists any more: bitops forget %s", record.Step, record.Run, shellWord(string(record.Step)))
	}
	return nil
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
	records, err := b.store.Records(ctx, name)
	if err == nil && len(records) > 0 {
		b.add(&schema.Step{Name: name, Environment: records[0].Environment, EnvironmentPath: string(records[0].Environment), Tool: records[0].Tool})
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
