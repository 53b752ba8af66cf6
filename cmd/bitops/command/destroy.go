package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

func newDestroy(g *global) *cobra.Command {
	o := &changeOptions{}
	cmd := &cobra.Command{
		Use:   "destroy [SELECTOR...]",
		Short: "Take the environments down, dependents first",
		Long: `Take the environments down: all of them, or those that the selectors name, each after everything that depends on
it. The values that an environment needs come from what its dependencies left behind, so a destroy can be run
again after one that stopped half-way.

An environment with "protect: true" in the manifest is refused, and so is one that something still deployed and not
selected depends on.

An environment that is no longer in the manifest is taken down only when it is named, with the files that were kept
when it was applied last.

--resume goes on with a destroy that did not end well: what it took down is not looked at again.`,
		Example: `  bitops destroy                   take everything down
  bitops destroy --resume          do what the last destroy left undone
  bitops destroy frontend          take one environment down`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeSelectors(0, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := namesWhatToDestroy(args, &o.selectOptions); err != nil {
				return usageError(cmd, err)
			}
			return g.change(cmd, o, args, schema.CommandPlanDestroy, schema.CommandDestroy)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// namesWhatToDestroy refuses selectors that take things down which nobody has named: what happens to differ at the moment,
// or all but something.
func namesWhatToDestroy(selectors []string, o *selectOptions) error {
	switch {
	case o.affected:
		return errors.New("destroy does not take --affected; look at what it selects with bitops list, and name that")
	case o.changed != "":
		return errors.New("destroy does not take --changed; look at what it selects with bitops list, and name that")
	}
	without := 0
	for _, text := range selectors {
		selector, _ := selection.Parse(text) // what is wrong with it is said when it is used
		for _, state := range selector.States() {
			if state == selection.Changed || state == selection.Drifted {
				return fmt.Errorf("destroy does not take %q; look at what it selects with bitops list, and name that", state)
			}
		}
		if selector.Without {
			without++
		}
	}
	if without > 0 && without == len(selectors) {
		return fmt.Errorf("destroy takes no selection that only leaves out; to take down everything else write '**' %s", shellWords(selectors))
	}
	return nil
}

// mayDestroy refuses to take down what is protected, and what others stand on.
func (s *session) mayDestroy(ctx context.Context, plan *schema.Plan) error {
	var problems schema.Problems
	at := schema.Position{File: s.manifest.File}
	seen := map[schema.EnvironmentName]bool{}
	for i := range plan.Steps {
		step := &plan.Steps[i]
		if step.Selected && step.Protect && !seen[step.Environment] {
			seen[step.Environment] = true
			problems = append(problems, schema.Errorf(at, "environment %q is protected and is not destroyed", step.Environment).
				WithHint("%s", s.unprotect()))
		}
	}
	standing, err := s.standing(ctx, plan)
	if err != nil {
		return err
	}
	problems = append(problems, standing...)
	if s.orphaned == nil {
		gone, err := s.orphansOn(ctx, plan)
		if err != nil {
			return err
		}
		problems = append(problems, gone...)
	}
	if s.orphaned != nil {
		applied, err := s.appliedWith(ctx, plan)
		if err != nil {
			return err
		}
		moved, err := s.movedOn(ctx)
		if err != nil {
			return err
		}
		problems = slices.Concat(problems, applied, moved)
	}
	return s.placed(problems).Err()
}

// tellRefused says of a preview which of it destroy would refuse as things are.
func (s *session) tellRefused(ctx context.Context, plan *schema.Plan) error {
	err := s.mayDestroy(ctx, plan)
	refused, ok := errors.AsType[schema.Problems](err)
	if !ok {
		return err
	}
	for _, p := range refused {
		s.say("bitops: warning: destroy refuses this: %s", p)
	}
	return nil
}

// unprotect says how a protected environment can be destroyed after all.
func (s *session) unprotect() string {
	if s.orphaned != nil {
		return "it was when it was applied last; put it back into the manifest without `protect`, and apply it"
	}
	return "take `protect` out of the manifest, or select the others by name"
}

// standing finds the deployed steps outside the selection that depend on something in it.
func (s *session) standing(ctx context.Context, plan *schema.Plan) (schema.Problems, error) {
	selected := make(map[schema.StepName]schema.EnvironmentName, len(plan.Steps))
	for i := range plan.Steps {
		if plan.Steps[i].Selected {
			selected[plan.Steps[i].Name] = plan.Steps[i].Environment
		}
	}
	var problems schema.Problems
	for i := range plan.Steps {
		step := &plan.Steps[i]
		who, on := string(step.Environment), []string(nil)
		for _, dependency := range step.DependsOn {
			switch env, ok := selected[dependency]; {
			case !ok:
			case env == step.Environment:
				who, on = string(step.Name), append(on, string(dependency))
			default:
				on = append(on, string(env))
			}
		}
		if step.Selected || len(on) == 0 {
			continue
		}
		stands, err := s.stands(ctx, plan, step)
		if err != nil {
			return nil, err
		}
		if stands {
			problems = append(problems, schema.Errorf(schema.Position{},
				"%s is still deployed and depends on %s", who, strings.Join(on, ", ")).
				WithHint("destroy it too: bitops destroy %s", who))
		}
	}
	return problems, nil
}

// orphansOn finds what the manifest no longer has, is still deployed, and was applied with something in the selection: without
// that, it could not be taken down any more.
func (s *session) orphansOn(ctx context.Context, plan *schema.Plan) (schema.Problems, error) {
	owners, err := s.ownership(ctx, plan)
	if err != nil {
		return nil, err
	}
	var problems schema.Problems
	for _, orphan := range owners.Orphans {
		if orphan.RenamedTo != "" {
			continue
		}
		records, err := s.store.Records(ctx, orphan.Step)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			for _, on := range r.DependsOn {
				if step := plan.Step(on); r.Stands() && step != nil && step.Selected {
					problems = append(problems, schema.Errorf(schema.Position{},
						"%s is still deployed, is no longer in the manifest, and depends on %s", r.Environment, step.Environment).
						WithHint("destroy it first: bitops destroy %s", r.Environment))
				}
			}
		}
	}
	return problems, nil
}

// stands reports whether something of a step is deployed. Without a record its tool is asked; what nobody can tell counts
// as deployed.
func (s *session) stands(ctx context.Context, plan *schema.Plan, step *schema.Step) (bool, error) {
	owners, err := s.ownership(ctx, plan)
	if err != nil {
		return false, err
	}
	record, err := owners.Record(ctx, step)
	if _, ambiguous := errors.AsType[*executor.AmbiguousError](err); ambiguous {
		return true, nil // one of them stands, and it may be the one
	}
	if err != nil || record != nil {
		return record.Stands(), err
	}
	deployed, err := s.runner("", plan).Deployed(ctx, step, func(schema.Event) {})
	return err != nil || deployed, nil //nolint:nilerr // a tool that fails to answer has not said no
}
