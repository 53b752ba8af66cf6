package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

func newUnlock(g *global) *cobra.Command {
	approved := false
	cmd := &cobra.Command{
		Use:   "unlock ENV...",
		Short: "Take an environment's lock from a bitops that is gone",
		Long: `Take the locks of environments away from whoever holds them, after saying who that is. Make sure first that it is not
at work any more: two bitops in one environment can destroy its state.

It is seldom needed. On one machine the lock of a bitops that ended is gone with it, and with what it had started; the
lock of one that is alive there is not taken away, nor of one whose tool goes on: end that instead.`,
		Example: `  bitops unlock backend
  bitops unlock backend --auto-approve`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: g.completeEnvironments(0),
		RunE:              func(cmd *cobra.Command, args []string) error { return g.unlock(cmd, args, approved) },
	}
	cmd.Flags().BoolVar(&approved, "auto-approve", false, "do not ask")
	return cmd
}

func (g *global) unlock(cmd *cobra.Command, names []string, approved bool) error {
	if !approved && !g.interactive() {
		return usageError(cmd, errors.New("unlock asks before it takes a lock from somebody, and nobody can be asked here; add --auto-approve"))
	}
	r, _, err := g.open()
	if err != nil {
		return err
	}
	s, err := r.viewStore(cmd.Context())
	if err != nil {
		return err
	}
	for _, name := range names {
		holders, err := s.HoldersOf(cmd.Context(), schema.EnvironmentName(name))
		if err != nil {
			return err
		}
		if len(holders) == 0 {
			g.print("%s is not locked.", name)
		}
		for _, h := range holders {
			if err := r.takeFrom(cmd, s, name, h, approved); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeFrom takes one holder's lock away.
func (r *repository) takeFrom(cmd *cobra.Command, s *store.Store, name string, h store.Holder, approved bool) error {
	if !approved {
		r.print("%s is locked by %s.", name, h)
		answer, err := r.ask(cmd.Context(), "If that bitops is still at work, two would be. Take its lock? Only \"yes\" does: ")
		if err != nil {
			return err
		}
		if answer != "yes" {
			return &NotApprovedError{}
		}
	}
	if err := s.Take(cmd.Context(), h); err != nil {
		return fmt.Errorf("unlock %s: %w", name, err)
	}
	r.print("%s is unlocked. It was locked by %s.", name, h)
	return nil
}
