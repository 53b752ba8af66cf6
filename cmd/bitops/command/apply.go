package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/schema"
)

// changeOptions are the flags of the commands that change the world.
type changeOptions struct {
	runOptions
	selectOptions
	resumeOptions
	approveOptions
	pinOptions
	deferral    string
	saved       string // the plan file that is applied, or "": its name as the user wrote it
	identity    string
	autoApprove bool
	input       bool
}

func (o *changeOptions) addFlags(cmd *cobra.Command) {
	o.runOptions.addFlags(cmd)
	o.selectOptions.addFlags(cmd)
	o.resumeOptions.addFlags(cmd)
	o.pinOptions.addFlags(cmd)
	cmd.Flags().BoolVar(&o.autoApprove, "auto-approve", false, "do not ask; do not show the plan first")
	cmd.Flags().BoolVar(&o.input, "input", true, "ask for approval; --input=false never asks")
	cmd.Flags().StringVar(&o.identity, "identity", "", "the `file` with the key that opens an encrypted plan: an age identity or an SSH key")
	cmd.Flags().StringVar(&o.deferral, "deferred", string(schema.DeferSafe),
		"with a saved plan, `which` steps go on that could not be planned before: safe (those of which all is known, and that delete and replace nothing), all, none")
}

func (o *changeOptions) checkDeferral(cmd *cobra.Command) error {
	switch schema.Deferral(o.deferral) {
	case schema.DeferSafe, schema.DeferAll, schema.DeferNone:
		return nil
	}
	return usageError(cmd, fmt.Errorf("--deferred cannot be %q; one of safe, all, none", o.deferral))
}

func newApply(g *global) *cobra.Command {
	o := &changeOptions{}
	cmd := &cobra.Command{
		Use:   "apply [PLAN] [SELECTOR...]",
		Short: "Deploy the environments, dependencies first",
		Long: `Deploy the environments: all of them, or those that the selectors select: names, patterns like 'prod/**', tag:NAME, NAME+ with
what depends on it, changed. In an environment's directory a command without selectors is about that environment. What is
not selected is not run; what the selected ones need of it is taken from what was left behind earlier.
"bitops list --why" shows a selection before anything runs; docs/selection.md tells everything about selectors.

Without --auto-approve the plan is shown first, and only "yes" goes on.

A PLAN is a file that bitops plan -o wrote; selectors narrow it. What was reviewed is what gets applied: when files, variables or versions
are not what they were, nothing is (exit code 66). A step that could not be planned then, or that other steps give another
value now, is planned now; --deferred says whether it goes on, or is held until a person has looked at it.

--resume goes on with a run that failed, was interrupted, or died with its machine. What it did is not done again, as
long as nothing of it changed: no file, no value it was given, no version of its program. Everything else runs.
--from starts in the middle, whatever ran before: at an environment or a step, and with all that depends on it. Of a
plan file, it applies that part. It does not go with --resume.

--digest and --signers say which plan file may be applied: the one with that digest, or one that an allowed signer signed.
The manifest can demand a signature; then nothing is applied without a signed plan file.

An environment with "approval: true" in the manifest is planned, shown and held. --approve ENV applies what a plan file,
or the run that is resumed, showed of it; with @DIGEST only if that is what was shown. Where that plan no longer fits, the
environment is planned again, and held again unless the list of changes is the same.`,
		Example: `  bitops apply                     deploy everything
  bitops apply backend 'web/*'     deploy some environments
  bitops apply changed             deploy what is not as it was applied last
  bitops apply plan.bitops         do what was reviewed
  bitops apply plan.bitops --signers allowed_signers   do it if one of them signed it
  bitops apply --auto-approve      deploy in CI
  bitops apply --resume            do what the last run left undone
  bitops apply plan.bitops --resume   the same, where another machine applied the plan
  bitops apply --from backend      deploy backend and what depends on it`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: g.completeSelectors(0, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && g.planArgument(args[0]) {
				if o.saved, args = args[0], args[1:]; o.resume == "" {
					return g.applyPlan(cmd, o, args)
				}
			}
			return g.change(cmd, o, args, schema.CommandPlan, schema.CommandApply)
		},
	}
	o.addFlags(cmd)
	o.addWarnings(cmd)
	o.approveOptions.addFlags(cmd)
	return cmd
}

// change previews, asks and acts.
func (g *global) change(cmd *cobra.Command, o *changeOptions, selectors []string, preview, act schema.Command) error {
	if err := cmp.Or(o.checkDeferral(cmd), o.checkPin(cmd)); err != nil {
		return err
	}
	if o.resume == "" && !o.approves(g) {
		return g.cannotAsk(cmd, o, selectors, act)
	}
	if o.resume != "" && len(selectors) > 0 {
		return usageError(cmd, fmt.Errorf("--resume goes on with the environments of its run and takes no selectors; for another run write --resume=%s", selectors[0]))
	}
	if o.resume != "" && o.selects() && len(o.from) == 0 {
		return usageError(cmd, errors.New("--resume goes on with the environments of its run; leave out what selects others"))
	}
	if o.resume != "" && len(o.from) > 0 { // the next --resume would go on with a part, and forget the rest
		return usageError(cmd, errors.New("--resume does all that its run left undone, and --from starts in the middle whatever ran before; leave one of them out"))
	}
	s, plan, err := g.toChange(cmd, o, selectors, act)
	if nothing, ok := errors.AsType[*notResumableError](err); ok {
		g.nothingToDo(act, nothing.Error())
		return nil
	}
	if errors.Is(err, errNothingChosen) {
		return nil
	}
	if err != nil {
		return err
	}
	defer s.end()
	if err := s.ready(cmd.Context(), plan); err != nil {
		return err
	}
	if act == schema.CommandDestroy {
		if err := s.mayDestroy(cmd.Context(), plan); err != nil {
			return err
		}
	}
	forget, goOn, err := s.goOn(cmd, o, plan, preview)
	if !goOn || err != nil {
		return err
	}
	defer forget()
	_, err = s.run(cmd.Context(), plan, g.next(cmd, selectors))
	return cmp.Or(err, s.forgetDestroyed(cmd.Context(), plan))
}

// goOn finds out whether the plan is to be executed. Whoever resumes the run of a saved plan has seen that plan; what
// nobody has seen will be held. Forget ends what that needs.
func (s *session) goOn(cmd *cobra.Command, o *changeOptions, plan *schema.Plan, preview schema.Command) (forget func(), yes bool, err error) {
	forget = func() {}
	if s.previous == nil || s.previous.Plan == "" {
		if s.approvals, err = o.approvals(s.previous, s.previous); err != nil {
			return forget, false, err
		}
	}
	switch {
	case s.previous != nil && s.previous.Plan != "":
		forget, err = s.resumeSaved(cmd.Context(), o)
		return forget, err == nil, err
	case o.saved != "":
		return forget, false, usageError(cmd, fmt.Errorf("run %s did not apply a plan file; leave %s out", s.previous.Run, o.saved))
	case o.digest != "", o.signers != "":
		return forget, false, usageError(cmd, fmt.Errorf("run %s did not apply a plan file; leave --digest and --signers out", s.previous.Run))
	case o.autoApprove:
		return forget, true, nil
	case !o.approves(s.global):
		return forget, false, nobodyToAsk(cmd, plan.Command)
	}
	yes, err = s.approved(cmd.Context(), plan, preview)
	return forget, yes, err
}

// approves reports whether the plan is approved beforehand, or somebody can be asked.
func (o *changeOptions) approves(g *global) bool {
	return o.autoApprove || o.input && g.interactive()
}

// cannotAsk returns why nothing is changed where nobody can be asked: what is wrong with the selection or the manifest comes first.
func (g *global) cannotAsk(cmd *cobra.Command, o *changeOptions, selectors []string, act schema.Command) error {
	options, err := g.planner(cmd, &o.runOptions, act, selectors)
	if err != nil {
		return err
	}
	r, problems, err := g.open()
	if err != nil {
		return err
	}
	if err := r.choose(cmd, &o.selectOptions, &options); err != nil {
		return err
	}
	if _, err := r.target(cmd.Context(), problems, options); err != nil {
		return asUsage(cmd.CommandPath(), err)
	}
	return nobodyToAsk(cmd, act)
}

func nobodyToAsk(cmd *cobra.Command, act schema.Command) error {
	return usageError(cmd, fmt.Errorf("%s asks before it changes anything, and nobody can be asked here; add --auto-approve", act))
}

// toChange opens the repository, finds the run to go on with, builds the plan, and takes the lock.
func (g *global) toChange(cmd *cobra.Command, o *changeOptions, selectors []string, act schema.Command) (*session, *schema.Plan, error) {
	options, err := g.planner(cmd, &o.runOptions, act, selectors)
	if err != nil {
		return nil, nil, err
	}
	r, problems, err := g.open()
	if err != nil {
		return nil, nil, err
	}
	previous, err := r.previous(cmd, &o.resumeOptions, act)
	if err == nil && (previous == nil || previous.Plan == "") {
		err = r.unplanned(act)
	}
	if err != nil {
		return nil, nil, err
	}
	if previous != nil {
		options.Only = stepsOf(previous)
	}
	if err := r.choose(cmd, &o.selectOptions, &options); err != nil {
		return nil, nil, err
	}
	plan, err := r.target(cmd.Context(), problems, options)
	if err != nil {
		return nil, nil, asUsage(cmd.CommandPath(), err)
	}
	if r.nothingChosen(plan, &options) {
		return nil, nil, errNothingChosen
	}
	g.gone(plan, previous)
	if err := o.checkApproved(plan); err != nil {
		return nil, nil, usageError(cmd, err)
	}
	s, err := r.begin(cmd.Context(), &o.runOptions, plan)
	if err != nil {
		return nil, nil, err
	}
	if err := s.beginAgain(cmd, o, previous); err != nil {
		s.end()
		return nil, nil, err
	}
	return s, plan, nil
}

// beginAgain reads the run that is resumed again, if there is one: it may have gone on until the lock was free.
func (s *session) beginAgain(cmd *cobra.Command, o *changeOptions, previous *schema.Report) (err error) {
	if previous != nil {
		if s.previous, err = (history{s.store}).chain(cmd.Context(), previous.Run); err != nil {
			return err
		}
		s.heldIn = filepath.Join(s.store.Run(previous.Run), "artifacts")
	}
	return s.pin(cmd, o)
}

// NotApprovedError says that a person was asked and did not say yes.
type NotApprovedError struct{}

func (*NotApprovedError) Error() string { return "not approved; nothing was changed" }

// approved shows what would change and asks. There is nothing to ask when nothing would change.
func (s *session) approved(ctx context.Context, plan *schema.Plan, preview schema.Command) (bool, error) {
	report, err := s.previewToAsk(ctx, plan, preview)
	if err != nil {
		return false, err
	}
	open, err := s.unfinished(ctx, plan, report)
	if err != nil || !report.HasChanges() && len(open) == 0 {
		return false, err
	}
	if len(open) > 0 {
		fmt.Fprintln(s.Out)
		s.print("Not known to be done here before, and run although nothing may change: %s", strings.Join(open, ", "))
	}
	answer, err := s.ask(ctx, question(report, preview))
	if err != nil {
		return false, err
	}
	if answer != "yes" {
		return false, &NotApprovedError{}
	}
	fmt.Fprintln(s.Out)
	return true, nil
}

// previewToAsk previews a plan and shows it. What was read in a pager is gone from the screen, so that its last line is said again.
func (s *session) previewToAsk(ctx context.Context, plan *schema.Plan, preview schema.Command) (*schema.Report, error) {
	previewed := *plan
	previewed.Command = preview
	s.asks = !s.json
	report, err := s.run(ctx, &previewed, nil)
	if !s.asks || report == nil {
		return report, err
	}
	s.asks = false
	options := s.viewOptions(s.options, view.Options{})
	read, showErr := s.paged(ctx, func(w io.Writer) error { return view.Summary(w, report, options) })
	if read && showErr == nil {
		fmt.Fprintln(s.Out)
		s.print("%s", view.Total(report))
	}
	return report, cmp.Or(err, showErr)
}

// unfinished returns the selected steps whose records say that something is left to do, whatever their plans say: an apply
// that did not end well or was never recorded, or for a destroy anything that is recorded as standing.
func (s *session) unfinished(ctx context.Context, plan *schema.Plan, report *schema.Report) ([]string, error) {
	owners, err := s.ownership(ctx, plan)
	if err != nil {
		return nil, err
	}
	var open []string
	for i := range plan.Steps {
		step := &plan.Steps[i]
		seen := report.Step(step.Name)
		if !step.Selected || seen == nil || seen.Outcome != schema.Unchanged {
			continue
		}
		record, err := owners.Record(ctx, step)
		if err != nil {
			return nil, err
		}
		if plan.Command.Destroys() && record.Stands() || !plan.Command.Destroys() && (record == nil || record.State != schema.StateDeployed) {
			open = append(open, string(step.Name))
		}
	}
	return open, nil
}

func question(report *schema.Report, preview schema.Command) string {
	what := "Apply these changes"
	if preview.Destroys() {
		what = "Destroy all this"
	}
	if n := report.Count(schema.Deferred); n > 0 {
		what += ", and what is deferred once it can be planned"
	}
	return "\n" + what + "? Only \"yes\" goes on: "
}

// ask prints a question and reads a line, or gives up when ctx is done.
func (g *global) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(g.Out, question)
	answers := make(chan string, 1)
	go func() { answers <- readLine(g.In) }()
	select {
	case answer := <-answers:
		return strings.TrimSpace(answer), nil
	case <-ctx.Done():
		fmt.Fprintln(g.Out)
		return "", context.Cause(ctx)
	}
}

// readLine reads up to a newline, byte by byte, so that nothing behind it is swallowed.
func readLine(in interface{ Read([]byte) (int, error) }) string {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := in.Read(b)
		if n == 1 && b[0] != '\n' {
			line = append(line, b[0])
		}
		if err != nil || n == 1 && b[0] == '\n' {
			return string(line)
		}
	}
}
