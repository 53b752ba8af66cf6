package command

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/term"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
	"github.com/bitops-engine/bitops/schema/terminal"
)

// RunError says that a run did not succeed. What happened was shown.
type RunError struct {
	Report   *schema.Report
	Followed bool // another process executed it
}

func (e *RunError) Error() string {
	return "run " + string(e.Report.Run) + " " + string(e.Report.Outcome)
}

// session is one command's work in the run store: it holds the lock, and can run several plans.
type session struct {
	*repository
	options *runOptions
	store   *store.Store
	redact  *secret.Redactor
	masks   *secret.Masks
	lock    *sessionLock
	owners  *executor.Ownership // of the plan that was run last; see ownership

	previous  *schema.Report    // the run to go on with, or nil
	approvals []schema.Approval // the plans that a person approved
	deferral  schema.Deferral
	pinned    bool            // only what the plan file shows may be applied
	saved     *executor.Saved // the plan that is applied, or nil
	kept      []byte          // its file, of which the run keeps a copy
	reviewed  *planFile       // the same, as it was read; nil for none
	asks      bool            // a question follows the run, which shows its last screen
	heldIn    string          // where the run before kept the plans that it held
	out       string          // where a preview is saved, "" for nowhere
	planSaved bool            // it was
	signed    bool            // only what a signed plan file shows may be applied
	seal      planSeal        // how that is closed
}

// begin opens the run store and takes the locks of the environments that the plan selects.
func (r *repository) begin(ctx context.Context, o *runOptions, plan *schema.Plan) (*session, error) {
	s := &session{repository: r, options: o, redact: &secret.Redactor{}}
	var err error
	if s.masks, err = r.masks(plan); err != nil {
		return nil, err
	}
	if s.store, err = r.openStore(ctx); err != nil {
		return nil, err
	}
	names := selectedEnvironments(plan)
	first, err := r.lock(ctx, &o.lockOptions, s.store, holder(plan.Command, names...))
	if err != nil {
		return nil, err
	}
	s.lock = newSessionLock(plan.Command, first, names)
	err = s.catchUp()
	if err == nil && s.orphaned != nil {
		err = s.restoreOrphans()
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// end gives the locks back.
func (s *session) end() {
	if s.orphaned != nil && s.orphaned.dir != "" {
		_ = os.RemoveAll(s.orphaned.dir)
	}
	if err := s.lock.Release(); err != nil {
		s.say("bitops: warning: %v", err)
	}
}

// run executes a plan and shows it. The report is returned even when steps failed, together with a *RunError.
func (s *session) run(ctx context.Context, plan *schema.Plan, next func(*schema.Report) string) (report *schema.Report, err error) {
	owners, err := s.ownership(ctx, plan)
	if err != nil {
		return nil, err
	}
	expected := history{s.store}.durations(ctx, plan, plan.Command)
	id, err := s.newRun(ctx, plan.Command)
	if err != nil {
		return nil, err
	}
	dir := s.store.Run(id)
	log, err := journal.Create(dir)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	up, err := s.store.Upload(id)
	if err != nil {
		return nil, err
	}
	defer func() { err = s.settle(id, up, err) }()
	ctx, release := s.whileLocked(ctx)
	defer release()
	log.Redact = func() func(string) string { return s.redact.Stream().Line }
	log.Plain = terminal.Strip
	s.hide(plan)
	if err := log.WriteDocument("plan.json", plan, s.withoutSecrets); err != nil {
		return nil, err
	}
	if err := s.beginApplying(id); err != nil {
		return nil, err
	}
	kept, closeKept := s.logFile(dir)
	defer closeKept()
	shown := s.view(s.options, plan, view.Options{Usual: expected, Next: next, Differs: s.differsFromReviewed})
	x := s.executor(id, plan, log, up, shown, kept)
	x.Ownership, x.Expected = owners, expected
	report, err = x.Run(ctx, plan)
	if err == nil && s.out != "" && report.Outcome != schema.Interrupted {
		report.PlanDigest, err = s.savePlan(ctx, s.out, report, x.Artifacts)
		s.planSaved = err == nil
	}
	if s.asks { // it is shown with the question
		shown.Close(nil)
	} else {
		shown.Close(report)
	}
	if s.heldIn != "" { // applied, or planned anew in this run
		_ = os.RemoveAll(s.heldIn)
	}
	if x.Artifacts != "" {
		defer s.forgetArtifacts(x.Artifacts, report)
	}
	if err != nil {
		return report, err
	}
	return report, cmp.Or(s.conclude(report, log), s.judgeWarnings(report))
}

// judgeWarnings returns a *WarningsError when warnings count as errors and there are some.
func (s *session) judgeWarnings(report *schema.Report) error {
	if all, _ := report.Warnings(); all > 0 && s.options.warningsAreErrors {
		return &WarningsError{all}
	}
	return nil
}

// newRun tells others that a run begins, makes room for it, and returns its id.
func (s *session) newRun(ctx context.Context, command schema.Command) (schema.RunID, error) {
	var resumes schema.RunID
	if s.previous != nil && !command.Previews() {
		resumes = s.previous.Run
	}
	id, err := s.store.Begin(ctx, command, resumes, time.Now())
	if err == nil {
		err = s.lock.Working(id)
	}
	if err == nil {
		err = s.prune(ctx)
	}
	return id, err
}

// conclude writes what is to be read of a run that has ended. Its error is a *RunError when the run did not succeed.
func (s *session) conclude(report *schema.Report, log *journal.Journal) error {
	dir := s.store.Run(report.Run)
	s.reportElsewhere(report, dir)
	if err := log.WriteDocument("outputs.json", outputsOf(report), s.redact.String); err != nil {
		return err
	}
	if report.Outcome != schema.Succeeded {
		return &RunError{Report: report}
	}
	if s.kept != nil { // nobody will resume it, and it holds secrets
		_ = os.Remove(filepath.Join(dir, keptPlan))
	}
	return nil
}

// beginApplying remembers that a saved plan is applied, before anything is, and keeps a copy of it for whoever resumes.
func (s *session) beginApplying(id schema.RunID) error {
	if s.saved == nil || s.kept == nil {
		return nil
	}
	if err := archive.Write(filepath.Join(s.store.Run(id), keptPlan), s.kept); err != nil {
		return err
	}
	return s.store.MarkApplied(s.saved.Plan.ID, id)
}

// forgetArtifacts removes what previews left, which holds secrets, but for that of steps that are held: it is what goes
// on when a person says so.
func (s *session) forgetArtifacts(dir string, report *schema.Report) {
	entries, _ := os.ReadDir(dir)
	held := map[string]bool{}
	if report != nil && !report.Command.Previews() {
		for i := range report.Steps {
			held[report.Steps[i].Name.FileName()] = report.Steps[i].Outcome == schema.Held
		}
	}
	for _, entry := range entries {
		if !held[entry.Name()] {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
	_ = os.Remove(dir) // unless something is held
}

// executor wires everything that a run needs.
func (s *session) executor(id schema.RunID, plan *schema.Plan, log *journal.Journal, up *store.Upload, shown ...view.Run) *executor.Executor {
	dir := s.store.Run(id)
	emitter := &executor.Emitter{
		Run: id, Now: time.Now, Redact: s.redact, Masks: s.masks,
		Origin:   func(text string) string { return s.secretIn(plan, text) },
		Required: []executor.Sink{log.Write, s.locked},
		Optional: []executor.Sink{
			func(e schema.Event) error {
				if s.Observe != nil {
					s.Observe(e)
				}
				for _, v := range shown {
					v.Event(e)
				}
				return nil
			},
			func(e schema.Event) error {
				up.Event(e)
				return nil
			},
		},
	}
	runner := s.runner(id, plan)
	return &executor.Executor{
		Runner:  runner,
		Records: s.store,
		Emitter: emitter,
		Now:     time.Now,

		Previous: s.previous, Approvals: s.approvals, Saved: s.saved, Deferral: s.deferral, Pinned: s.pinned, Signed: s.signed, HeldArtifacts: s.heldIn,
		Artifacts: s.artifacts(dir, plan), Keep: s.keepFiles(runner.Lifecycle),
		LogOf: func(step schema.StepName) string {
			file, err := filepath.Rel(s.root, journal.LogFile(dir, step))
			if err != nil {
				return journal.LogFile(dir, step)
			}
			return filepath.Join(s.shown, file)
		},
	}
}

// artifacts returns where previews of a run leave what applying them needs, or "" where nobody will apply them.
func (s *session) artifacts(dir string, plan *schema.Plan) string {
	reviewed := s.saved != nil || s.previous != nil && s.previous.Plan != "" || wantsApproval(plan)
	if s.out == "" && (!reviewed || plan.Command.Previews()) {
		return ""
	}
	if plan.Command.Previews() { // nobody goes on with it
		return filepath.Join(s.privateDirectory(), filepath.Base(dir)+"~~private")
	}
	return filepath.Join(dir, "artifacts")
}

// wantsApproval reports whether a step of the plan changes only what a person approved.
func wantsApproval(plan *schema.Plan) bool {
	return slices.ContainsFunc(plan.Steps, func(s schema.Step) bool { return s.Selected && s.Approval })
}

// lifecycle takes the steps of a plan through a run.
func (s *session) lifecycle(id schema.RunID, plan *schema.Plan) *environments.Lifecycle {
	l := s.reader(plan)
	l.Run, l.Secrets, l.Locators = id, s.redact.Add, s.Locators
	l.Deploys = plan.Command == schema.CommandDeploy
	if s.orphaned != nil {
		l.Repository, l.Checkout, l.Default = s.orphaned.dir, s.root, s.orphaned.defaults
	}
	return l
}

// reader returns a lifecycle that tells what the steps of a plan are made of.
func (r *repository) reader(plan *schema.Plan) *environments.Lifecycle {
	l := r.surveyor()
	l.FailFast, l.Deployments = plan.FailFast, map[schema.EnvironmentName][]string{}
	paths := make(map[string]bool, len(plan.Steps))
	l.Paths = paths
	for i := range plan.Steps {
		step := &plan.Steps[i]
		paths[step.EnvironmentPath] = true
		l.Deployments[step.Environment] = append(l.Deployments[step.Environment], step.Deployment)
	}
	return l
}

// masks compiles the patterns of the manifest and of the environments' own configurations.
func (r *repository) masks(plan *schema.Plan) (*secret.Masks, error) {
	var rules []secret.MaskRule
	for _, m := range plan.Masks {
		rules = append(rules, secret.MaskRule{Search: m.Search, Replace: m.Replace})
	}
	masks, err := secret.CompileMasks(rules)
	if err != nil {
		at := schema.Position{File: r.manifest.File}
		return nil, r.placed(schema.Problems{schema.Errorf(at, "logging.masks: %v", err)})
	}
	return masks, nil
}

// view returns what shows a run of a plan. What only the run knows is filled in in the options. The view has to be closed.
func (r *repository) view(o *runOptions, plan *schema.Plan, options view.Options) view.Run {
	if r.json {
		return view.NewJSON(r.Out)
	}
	options = r.viewOptions(o, options)
	tty := r.redrawable()
	if tty != nil {
		options.Live = true
		if _, height, err := term.GetSize(int(tty.Fd())); err == nil {
			options.Height = height
		}
		if left, err := executor.Left(plan, options.Usual); err == nil { // without, no estimate is shown
			options.Estimate = left
		}
	}
	return r.startTicking(view.NewHuman(r.Out, options), tty)
}

// viewOptions fills in what the person wants, and what the terminal can do.
func (r *repository) viewOptions(o *runOptions, options view.Options) view.Options {
	wanted := !r.noColor
	if enabled := r.manifest.Settings.Logging.Color.Enabled; enabled != nil {
		wanted = wanted && *enabled
	}
	options.Color, options.Width = view.ColorAllowed(r.Out, r.Environ, wanted), view.Width(r.Out)
	options.Verbose, options.Summary, options.CI, options.ASCII = o.verbose, o.summary, r.ci(), r.ascii()
	return options
}

func (g *global) ci() view.CI {
	switch {
	case g.variable("GITHUB_ACTIONS") == "true":
		return view.GitHub
	case g.variable("GITLAB_CI") == "true":
		return view.GitLab
	}
	return view.NoCI
}

// outputsOf returns the outputs of every step, without the values of sensitive ones.
func outputsOf(report *schema.Report) map[schema.StepName]schema.Values {
	all := map[schema.StepName]schema.Values{}
	for i := range report.Steps {
		if s := &report.Steps[i]; len(s.Outputs) > 0 {
			all[s.Name] = s.Outputs
		}
	}
	return all
}
