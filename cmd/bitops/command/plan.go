package command

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/schema"
)

type planOptions struct {
	runOptions
	selectOptions
	destroy          bool
	out              string
	encryptTo        []string
	sign             string
	detailedExitCode bool
}

// ChangesExistError says that a plan found changes, for --detailed-exitcode.
type ChangesExistError struct{}

func (*ChangesExistError) Error() string { return "changes exist" }

func newPlan(g *global) *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan [SELECTOR...]",
		Short: "Preview all changes and make none",
		Long: `Preview what apply would change. Steps are planned with the values that earlier plans already tell; a step whose
inputs cannot be known before something upstream is applied is shown as deferred, with what it waits for.

A step whose preview fails below one that has changes to apply is deferred too: what it lacks may be there by then. Any
other step whose preview fails is a failure, and the exit code is 1.

-o saves the plan: one file that bitops apply takes, also in another checkout or on another machine. It is written even
when steps failed. It holds what the tools need to do just what was shown, and so it holds secrets: only its owner can
read it. An earlier plan of that name is removed before planning begins. The digest that is printed stands for all of it:
bitops apply FILE --digest DIGEST applies this plan, or nothing.`,
		Example: `  bitops plan                          preview everything
  bitops plan -o plan.bitops           and save it for bitops apply plan.bitops
  bitops plan -o plan.bitops --sign ~/.ssh/id_ed25519   and sign it, for an apply that demands that
  bitops plan --destroy                preview a destroy
  bitops plan --detailed-exitcode      exit with 2 when there are changes`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeSelectors(0, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !o.destroy {
				return g.preview(cmd, o, schema.CommandPlan, args)
			}
			if err := namesWhatToDestroy(args, &o.selectOptions); err != nil {
				return usageError(cmd, err)
			}
			return g.preview(cmd, o, schema.CommandPlanDestroy, args)
		},
	}
	o.runOptions.addFlags(cmd)
	o.selectOptions.addFlags(cmd)
	o.addWarnings(cmd)
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "save the plan to a `file`")
	cmd.Flags().StringArrayVar(&o.encryptTo, "encrypt-to", nil, "with -o, encrypt the plan for a `recipient`: an age or SSH public key, or a file of them; can be repeated")
	cmd.Flags().StringVar(&o.sign, "sign", "", "with -o, sign the plan with an SSH `KEY`: a private key, or the public key of one that ssh-agent has")
	cmd.Flags().BoolVar(&o.destroy, "destroy", false, "preview destroy instead of apply")
	cmd.Flags().BoolVar(&o.detailedExitCode, "detailed-exitcode", false, "exit with 2 when there are changes")
	return cmd
}

func (g *global) preview(cmd *cobra.Command, o *planOptions, command schema.Command, selectors []string) error {
	if err := o.checkOut(g); err != nil {
		return usageError(cmd, fmt.Errorf("--out: %w", err))
	}
	seal, err := o.seal(cmd.Context(), g)
	if err != nil {
		return usageError(cmd, err)
	}
	defer seal.end()
	options, err := g.planner(cmd, &o.runOptions, command, selectors)
	if err != nil {
		return err
	}
	if o.out == "" {
		_, err = g.previewed(cmd, o, options, seal)
		return err
	}
	if err := archive.Remove(g.at(o.out)); err != nil {
		return err
	}
	written, err := g.previewed(cmd, o, options, seal)
	g.tellSaved(o.out, written, err)
	return err
}

// planSeal is how a saved plan is closed.
type planSeal struct {
	recipients []age.Recipient // for whom it is encrypted; none means that it is not
	signer     ssh.Signer      // nil leaves it unsigned
	end        func()
}

// seal returns how the plan is to be closed. Who has to be asked for a passphrase is asked before the preview.
func (o *planOptions) seal(ctx context.Context, g *global) (seal planSeal, err error) {
	seal.end = func() {}
	switch {
	case o.out != "":
	case len(o.encryptTo) > 0:
		return seal, errors.New("--encrypt-to is for a plan that is saved: add -o FILE")
	case o.sign != "":
		return seal, errors.New("--sign is for a plan that is saved: add -o FILE")
	}
	if seal.recipients, err = archive.Recipients(o.encryptTo); err != nil {
		return seal, fmt.Errorf("--encrypt-to: %w", err)
	}
	if o.sign == "" {
		return seal, nil
	}
	if seal.signer, seal.end, err = g.signingKey(ctx, o.sign); err != nil {
		return seal, fmt.Errorf("--sign: %w", err)
	}
	return seal, nil
}

// checkOut reports why the plan could not be saved in the end.
func (o *planOptions) checkOut(g *global) error {
	if o.out == "" {
		return nil
	}
	return archive.Free(g.at(o.out))
}

// previewed makes the preview, and reports whether it was saved.
func (g *global) previewed(cmd *cobra.Command, o *planOptions, options planner.Options, seal planSeal) (saved bool, err error) {
	r, problems, err := g.open()
	if err != nil {
		return false, err
	}
	if err := r.choose(cmd, &o.selectOptions, &options); err != nil {
		return false, err
	}
	plan, err := r.target(cmd.Context(), problems, options)
	if err != nil {
		return false, asUsage(cmd.CommandPath(), err)
	}
	if o.out == "" && r.nothingChosen(plan, &options) {
		return false, nil
	}
	s, err := r.begin(cmd.Context(), &o.runOptions, plan)
	if err != nil {
		return false, err
	}
	defer s.end()
	if err := s.ready(cmd.Context(), plan); err != nil {
		return false, err
	}
	if plan.Command == schema.CommandPlanDestroy {
		if err := s.tellRefused(cmd.Context(), plan); err != nil {
			return false, err
		}
	}
	s.out, s.seal = o.out, seal
	report, err := s.run(cmd.Context(), plan, nil)
	if err == nil && o.detailedExitCode && (report.HasChanges() || plan.Command == schema.CommandDrift && report.HasDrifted()) {
		err = &ChangesExistError{}
	}
	return s.planSaved, err
}

// tellSaved says what became of the plan file: on standard output as the last line, but never among JSON.
func (g *global) tellSaved(name string, saved bool, err error) {
	failed, _ := errors.AsType[*RunError](err)
	switch {
	case !saved:
		g.say("bitops: %s is not written", name)
	case failed == nil && !g.json:
		g.print("Saved. Apply it with: %s", g.applies(name))
	case failed != nil:
		text := fmt.Sprintf("%s is written, although %s failed. Apply it with: %s (what failed is planned then, and held if it changes anything)",
			name, count(failed.Report.Count(schema.Failed), "step"), g.applies(name))
		if g.json {
			g.say("bitops: %s", text)
		} else {
			g.print("%s", text)
		}
	}
}
