package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/executor/signing"
	"github.com/bitops-engine/bitops/schema"
)

// planEnding ends the names of plan files, so that a misspelled one is not taken for an environment.
const planEnding = ".bitops"

// PlanUnfitError says that a saved plan cannot be applied, and why, a line for each reason. Nothing was changed.
type PlanUnfitError struct {
	File    string
	Reasons []string
	Instead string // what to do; "" for a new plan
}

func (e *PlanUnfitError) Error() string {
	return fmt.Sprintf("%s cannot be applied, and nothing was changed:\n  %s\n%s",
		e.File, strings.Join(e.Reasons, "\n  "), cmp.Or(e.Instead, "Make a new plan: bitops plan -o "+shellWord(e.File)))
}

// keptPlan is the name of the copy of a plan file in the directory of the run that applies it.
const keptPlan = "plan.bitops"

// at returns the path of a file that the command line names: relative to --chdir, as if one had gone there.
func (g *global) at(name string) string {
	if filepath.IsAbs(name) || name == "" {
		return name
	}
	return filepath.Join(g.chdir, name)
}

// planArgument reports whether an argument names a plan file and not environments.
func (g *global) planArgument(arg string) bool {
	info, err := os.Stat(g.at(arg))
	if err == nil {
		return info.Mode().IsRegular()
	}
	return strings.HasSuffix(arg, planEnding)
}

// planFile is a plan file that was read.
type planFile struct {
	name     string
	file     string // its path
	identity string // the file with the key that opened it, "" where none was needed
	content  []byte // as it lies on the disk: it may be encrypted
	*archive.Archive
}

func (g *global) openPlan(name, identity string) (*planFile, error) {
	file := g.at(name)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UsageError{Command: "bitops apply", Err: fmt.Errorf("there is no plan file %s; make one with bitops plan -o %s", name, shellWord(name))}
	}
	if err == nil && info.Size() > archive.MostBytes {
		return nil, &PlanUnfitError{File: name, Reasons: []string{"it is too large for a plan file"}}
	}
	return readPlan(name, file, identity)
}

// readPlan reads a plan file. Its error is a *PlanUnfitError where what is in the file cannot be applied.
func readPlan(name, file, identity string) (*planFile, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	readable, err := decrypted(name, content, identity)
	if err != nil {
		return nil, unfit(name, err)
	}
	a, err := archive.Read(name, readable)
	if err != nil {
		return nil, unfit(name, err)
	}
	a.Plan.Report.PlanDigest, a.Plan.Signer = a.Digest, ""
	if a.Signature != nil {
		a.Plan.Signer = signing.Key(a.Signature.Armor)
	}
	if !archive.Encrypted(content) {
		identity = ""
	}
	return &planFile{name: name, file: file, identity: identity, content: content, Archive: a}, nil
}

// decrypted returns the content of a plan file that may be encrypted.
func decrypted(name string, content []byte, identity string) ([]byte, error) {
	if !archive.Encrypted(content) {
		return content, nil
	}
	if identity == "" {
		return nil, &UsageError{Command: "bitops apply", Err: fmt.Errorf("%s is encrypted; say with --identity which file holds the key", name)}
	}
	return archive.Decrypt(name, content, identity)
}

// unfit makes an error that says a plan file is damaged one of a plan that does not fit.
func unfit(name string, err error) error {
	if damaged, ok := errors.AsType[*archive.DamagedError](err); ok {
		return &PlanUnfitError{File: name, Reasons: []string{damaged.Reason}}
	}
	return err
}

// savePlan writes what a preview found out as a plan file, and returns its digest.
func (s *session) savePlan(ctx context.Context, name string, report *schema.Report, artifacts string) (digest string, err error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	saved := &schema.SavedPlan{
		Version: schema.SavedPlanVersion, ID: hex.EncodeToString(id), Bitops: s.Version, Revision: s.revision(ctx),
		Created: time.Now().UTC(), Command: schema.CommandApply, Report: report,
	}
	if report.Command.Destroys() {
		saved.Command = schema.CommandDestroy
	}
	var sign func(digest string) (*archive.Signature, error)
	if s.seal.signer != nil {
		sign = func(digest string) (*archive.Signature, error) { return s.sign(ctx, saved, digest) }
	}
	if err := os.MkdirAll(artifacts, 0o700); err != nil { // no step made it where none is selected
		return "", err
	}
	content, digest, err := archive.Bytes(saved, artifacts, sign)
	if err == nil && len(s.seal.recipients) > 0 {
		content, err = archive.Encrypt(content, s.seal.recipients)
	}
	if err != nil {
		return "", err
	}
	return digest, archive.Write(s.at(name), content)
}

// applies returns the command that applies a plan file.
func (g *global) applies(name string) string {
	command := "bitops apply"
	if g.chdir != "." {
		command += " -C " + shellWord(g.chdir)
	}
	return command + " " + shellWord(name)
}

// revision returns the commit that is checked out, "" where there is no git to say.
func (s *session) revision(ctx context.Context) string { return s.gitLine(ctx, "rev-parse", "HEAD") }

// unpack makes a saved plan ready for an executor. Forget removes what was unpacked: it holds secrets.
func (f *planFile) unpack(in string) (saved *executor.Saved, forget func(), err error) {
	dir, err := os.MkdirTemp(in, "plan-*~~private")
	if err != nil {
		return nil, nil, fmt.Errorf("unpack the plan: %w", err)
	}
	forget = func() { _ = os.RemoveAll(dir) }
	if err := f.Extract(dir); err != nil {
		forget()
		return nil, nil, err
	}
	return &executor.Saved{Plan: f.Plan, Digest: f.Digest, Artifacts: dir}, forget, nil
}

// promised checks, before anything is changed, what was promised when the plan was saved.
func (s *session) promised(ctx context.Context, f *planFile, plan *schema.Plan) error {
	x := &executor.Executor{Runner: s.lifecycle("", plan), Saved: s.saved}
	broken, err := x.BrokenPromises(ctx, plan)
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return &PlanUnfitError{File: f.name, Reasons: broken, Instead: s.planAgain(f)}
	}
	return nil
}

// applyPlan applies a saved plan: reviewing it was the approval.
func (g *global) applyPlan(cmd *cobra.Command, o *changeOptions, selectors []string) error {
	if err := o.checkDeferral(cmd); err != nil {
		return err
	}
	f, err := g.openPlan(o.saved, g.at(o.identity))
	if err != nil {
		return err
	}
	if err := f.pinned(o.digest); err != nil {
		return err
	}
	options, err := g.planner(cmd, &o.runOptions, f.Plan.Command, selectors)
	if err != nil {
		return err
	}
	options.Only = stepsOf(f.Plan.Report)
	r, problems, err := g.open()
	if err != nil {
		return err
	}
	if err := r.choose(cmd, &o.selectOptions, &options); err != nil {
		return err
	}
	plan, err := r.target(cmd.Context(), problems, options)
	if err != nil {
		return asUsage(cmd.CommandPath(), err)
	}
	if steps, _ := plan.Selected(); steps == 0 && (len(selectors) > 0 || o.selects()) && len(options.Only) > 0 {
		return usageError(cmd, fmt.Errorf("the selectors select nothing of %s", o.saved))
	}
	if err := r.trusted(cmd.Context(), &o.pinOptions, f); err != nil {
		return err
	}
	if err := o.checkApproved(plan); err != nil {
		return usageError(cmd, err)
	}
	s, err := r.begin(cmd.Context(), &o.runOptions, plan)
	if err != nil {
		return err
	}
	defer s.end()
	if s.approvals, err = o.approvals(nil, f.Plan.Report); err != nil {
		return err
	}
	if err := s.pin(cmd, o); err != nil {
		return err
	}
	return s.applySaved(cmd, f, plan)
}

// applySaved does so once the lock is held.
func (s *session) applySaved(cmd *cobra.Command, f *planFile, plan *schema.Plan) error {
	run, applied, err := s.store.Applied(f.Plan.ID)
	if err != nil {
		return err
	}
	if applied {
		return &PlanUnfitError{File: f.name, Reasons: []string{s.appliedIn(cmd.Context(), run, f.Plan.Command)}}
	}
	if err := s.ready(cmd.Context(), plan); err != nil {
		return err
	}
	if plan.Command == schema.CommandDestroy {
		if err := s.mayDestroy(cmd.Context(), plan); err != nil {
			return err
		}
	}
	var forget func()
	if s.saved, forget, err = f.unpack(s.privateDirectory()); err != nil {
		return err
	}
	defer forget()
	if err := s.promised(cmd.Context(), f, plan); err != nil {
		return err
	}
	s.kept, s.reviewed = f.content, f
	_, err = s.run(cmd.Context(), plan, s.next(cmd, nil))
	return cmp.Or(err, s.forgetDestroyed(cmd.Context(), plan))
}

// appliedIn says that a plan was applied, and what does the rest of it: a run that succeeded left none, though it may have been
// about a part of the plan.
func (s *session) appliedIn(ctx context.Context, run schema.RunID, command schema.Command) string {
	text := fmt.Sprintf("it was applied already, in run %s; ", run)
	if report, err := (history{s.store}).run(ctx, run); err == nil && report.Outcome == schema.Succeeded {
		return text + "anything else takes a new plan"
	}
	return text + fmt.Sprintf("what that left undone is done by: bitops %s --resume=%s", command, run)
}

// resumeSaved makes the plan ready that an earlier run applied, and what that run held for a person to look at. Without
// a copy of it here, everything is planned anew, and what nobody has seen is held.
func (s *session) resumeSaved(ctx context.Context, o *changeOptions) (forget func(), err error) {
	id := s.previous.Run
	f, err := s.planOf(s.previous, o)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.signed:
		return nil, &PlanUnfitError{
			File: "the plan of run " + string(id), Reasons: []string{"there is no copy of it here, and only signed plans may be applied"},
			Instead: fmt.Sprintf("Add the file: bitops apply plan.bitops --resume=%s", id),
		}
	case errors.Is(err, fs.ErrNotExist):
		s.say("bitops: run %s applied a plan file, of which there is no copy here: every step is planned anew, and --deferred says which "+
			"go on. To apply what was reviewed, add the file: bitops apply plan.bitops --resume=%s", id, id)
		s.approvals, err = o.approvals(s.previous, s.previous)
		return func() {}, err
	case err != nil:
		return nil, err
	}
	if err := s.trusted(ctx, &o.pinOptions, f); err != nil {
		return nil, err
	}
	if s.approvals, err = o.approvals(s.previous, s.previous, f.Plan.Report); err != nil {
		return nil, err
	}
	s.saved, forget, err = f.unpack(s.privateDirectory())
	s.kept, s.reviewed = f.content, f
	return forget, err
}

// planOf returns the plan file that a run applied: the one that is given, or the copy that the run kept.
func (s *session) planOf(r *schema.Report, o *changeOptions) (*planFile, error) {
	f, err := s.planFileOf(r, o)
	if err != nil {
		return nil, err
	}
	if f.Plan.ID != r.Plan || r.PlanDigest != "" && r.PlanDigest != f.Digest {
		return nil, &PlanUnfitError{File: f.name, Reasons: []string{fmt.Sprintf("run %s applied another plan", r.Run)}}
	}
	return f, f.pinned(o.digest)
}

func (s *session) planFileOf(r *schema.Report, o *changeOptions) (*planFile, error) {
	identity := s.at(o.identity)
	if o.saved != "" {
		return s.openPlan(o.saved, identity)
	}
	return readPlan("the plan of run "+string(r.Run), filepath.Join(s.store.Run(r.Run), keptPlan), identity)
}
