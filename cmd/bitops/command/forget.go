package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

func newForget(g *global) *cobra.Command {
	o := &forgetOptions{}
	cmd := &cobra.Command{
		Use:   "forget ENV[/TOOL]...",
		Short: "Forget that something is deployed",
		Long: `Forget what is remembered of environments or steps: that they are deployed, their outputs, and the files that are kept
of them. Nothing is destroyed. It is for what somebody took down without bitops, and for what cannot be taken down because
its state is lost. A step that is recorded for several things, such as the states of two stages, needs --only: the others
stay recorded.`,
		Example: `  bitops forget legacy
  bitops forget network --only key=old.tfstate
  bitops forget backend/ansible --auto-approve`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: g.complete(0, g.environmentsAndSteps, cobra.ShellCompDirectiveNoFileComp),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.forget(cmd, args, o) },
	}
	cmd.Flags().BoolVar(&o.approved, "auto-approve", false, "do not ask")
	cmd.Flags().StringVar(&o.only, "only", "", "forget only what this `TEXT` is part of the name of, as in: key=old.tfstate")
	o.addFlags(cmd)
	return cmd
}

type forgetOptions struct {
	lockOptions
	approved bool
	only     string
}

func (g *global) forget(cmd *cobra.Command, names []string, o *forgetOptions) error {
	if !o.approved && !g.interactive() {
		return usageError(cmd, errors.New("forget asks first, and nobody can be asked here; add --auto-approve"))
	}
	r, _, err := g.open()
	if err != nil {
		return err
	}
	s, err := r.openStore(cmd.Context())
	if err != nil {
		return err
	}
	records, err := recordsOf(cmd.Context(), s, names, o.only)
	if err != nil {
		return err
	}
	if several := ambiguous(records); several != nil && o.only == "" {
		return usageError(cmd, several)
	}
	if unknown := unremembered(names, records); unknown != "" {
		return usageError(cmd, fmt.Errorf("nothing is remembered of %s", unknown))
	}
	var environments []schema.EnvironmentName
	for _, record := range records {
		environments = append(environments, record.Environment)
	}
	lock, err := r.lock(cmd.Context(), &o.lockOptions, s, holder("forget", slices.Compact(environments)...))
	if err != nil {
		return err
	}
	defer lock.Release() //nolint:errcheck // at worst it goes with the process
	if err := unchangedSince(cmd.Context(), s, names, o.only, records); err != nil {
		return err
	}
	for _, record := range records {
		g.print("%s: %s, by run %s%s", record.Step, record.State, record.Run, owned(record.Identity))
	}
	if !o.approved {
		answer, err := r.ask(cmd.Context(), "Forget this? Nothing is destroyed. Only \"yes\" does: ")
		if err != nil {
			return err
		}
		if answer != "yes" {
			return &NotApprovedError{}
		}
	}
	for _, record := range records {
		if err := s.Forget(record); err != nil {
			return err
		}
	}
	g.print("Forgotten. Nothing was destroyed.")
	return nil
}

// recordsOf returns the records of what is named: environments or steps, and of these what only is part of the name of.
func recordsOf(ctx context.Context, s *store.Store, names []string, only string) ([]*schema.Record, error) {
	records, err := s.Recorded(ctx, nil)
	return slices.DeleteFunc(records, func(r *schema.Record) bool {
		return !strings.Contains(r.Identity.KeyOf(), only) || !slices.ContainsFunc(names, func(name string) bool { return means(name, r) })
	}), err
}

func means(name string, r *schema.Record) bool {
	return name == string(r.Step) || name == string(r.Environment)
}

// ambiguous returns an error that names what a step is recorded for, when that is several things, or nil: one of them may
// be what is deployed.
func ambiguous(records []*schema.Record) error {
	keys := map[schema.StepName][]string{}
	for _, r := range records {
		if r.Stands() && r.Identity != nil {
			keys[r.Step] = append(keys[r.Step], r.Identity.Key)
		}
	}
	for _, step := range slices.Sorted(maps.Keys(keys)) {
		if len(keys[step]) > 1 {
			return fmt.Errorf("%s is recorded for several things: %s; say which one is to be forgotten: bitops forget %s --only %s",
				step, strings.Join(keys[step], "; "), shellWord(string(step)), shellWord(keys[step][len(keys[step])-1]))
		}
	}
	return nil
}

// unremembered returns the first name that means none of the records, or "". Whoever misspells one of several is told.
func unremembered(names []string, records []*schema.Record) string {
	for _, name := range names {
		if !slices.ContainsFunc(records, func(r *schema.Record) bool { return means(name, r) }) {
			return name
		}
	}
	return ""
}

// unchangedSince fails when another bitops was at work while forget waited for it: what was to be forgotten is not what is
// there.
func unchangedSince(ctx context.Context, s *store.Store, names []string, only string, before []*schema.Record) error {
	now, err := recordsOf(ctx, s, names, only)
	if err != nil {
		return err
	}
	same := func(a, b *schema.Record) bool {
		return a.Step == b.Step && a.State == b.State && a.Run == b.Run && a.Time.Equal(b.Time)
	}
	if !slices.EqualFunc(before, now, same) {
		return fmt.Errorf("%s was changed by another bitops in the meantime, and nothing is forgotten; look at it again: bitops runs", names[0])
	}
	return nil
}
