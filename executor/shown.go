package executor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// shownName is a file in the artifact of a step that was held and shown. Without it the artifact of a tool that keeps
// nothing could not be told from one that is lost, or of a step that was held for another reason.
const shownName = "shown"

// shown returns the plan of a step that a person could see last, in the run that this one resumes or in the plan file, and the
// directory with its artifact. It is nil where there is none, or its artifact is not here.
func (r *run) shown(step *schema.Step) (was *schema.StepReport, dir string) {
	before := r.before(step)
	if before != nil && before.Outcome == schema.Held && before.Digest != "" && !r.Signed {
		if dir := directoryOf(r.HeldArtifacts, step.Name); r.digestOf(before, dir) == before.Digest {
			return before, dir
		}
	}
	if r.Saved == nil {
		return nil, ""
	}
	saved := r.Saved.Plan.Report.Step(step.Name)
	if saved == nil || saved.Fingerprint == nil || before != nil && before.Started && (before.Digest == "" || before.Digest != saved.Digest) {
		return nil, ""
	}
	dir = directoryOf(r.Saved.Artifacts, step.Name)
	if !saved.Shown() || r.overtaken(step, saved) {
		return nil, ""
	}
	if waitsForNobody(saved.Changes) || saved.Digest != "" && r.digestOf(saved, dir) == saved.Digest {
		return saved, dir
	}
	return nil, ""
}

// directoryOf returns where a directory has the artifact of a step, if it has any.
func directoryOf(dir string, step schema.StepName) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, step.FileName())
}

// holdsArtifact reports whether a tool kept something in the directory that it can apply.
func holdsArtifact(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && (len(entries) > 1 || len(entries) == 1 && entries[0].Name() != shownName)
}

// planNow plans a step while its run is under way. The artifact is in the directory that it returns.
func (r *run) planNow(ctx context.Context, step *schema.Step, given given) (planned environments.StepResult, dir string) {
	dir = r.artifactOf(step)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r.broken(ctx, fmt.Errorf("keep the plan: %w", err)), dir
	}
	return r.lead(ctx, step, given, attempt{command: previewOf(r.plan.Command), artifact: dir}), dir
}

// hold holds a step that was planned just now, so that a person can look at its plan. It stays in the directory.
func (r *run) hold(ctx context.Context, dir string, planned environments.StepResult, reason string) environments.StepResult {
	if err := os.WriteFile(filepath.Join(dir, shownName), nil, 0o600); err != nil {
		return r.broken(ctx, fmt.Errorf("keep the plan: %w", err))
	}
	planned.Outcome, planned.Outputs, planned.Error, planned.Reason = schema.Held, nil, nil, reason
	return planned
}

// holdAgain holds a step whose plan was shown before and still fits.
func (r *run) holdAgain(ctx context.Context, step *schema.Step, shown *schema.StepReport, from string) environments.StepResult {
	dir := r.artifactOf(step)
	err := os.MkdirAll(dir, 0o700)
	if _, missing := os.Stat(from); err == nil && missing == nil {
		err = os.CopyFS(dir, os.DirFS(from))
	}
	_ = os.Remove(filepath.Join(dir, shownName)) // it is written again
	if err != nil {
		return r.broken(ctx, fmt.Errorf("keep the plan: %w", err))
	}
	return r.hold(ctx, dir, environments.StepResult{Changes: shown.Changes, Told: shown.Told, Fingerprint: shown.Fingerprint}, whyHeld(r.approved(step.Name)))
}

// digest returns the digest of the plan of a step that ended, if that plan was shown and waits for approval; else "".
func (r *run) digest(step *schema.Step, end ending) string {
	dir := r.artifactOf(step)
	if dir == "" || !step.Approval {
		return ""
	}
	_, err := os.Stat(filepath.Join(dir, shownName))
	shown := end.Outcome == schema.Held && err == nil || r.plan.Command == schema.CommandPlan && done(end.Outcome) && !waitsForNobody(end.Changes) && len(end.replannedAfter) == 0
	if !shown {
		return ""
	}
	changes := r.Emitter.clearChanges(end.Changes)
	digest := r.digestOf(&schema.StepReport{
		StepSummary: schema.StepSummary{Name: step.Name}, Changes: changes, Fingerprint: end.Fingerprint,
	}, dir)
	if r.Signed && digest != r.savedDigest(step) {
		return "" // what is not in the signed plan cannot be approved
	}
	return digest
}

// savedDigest returns the digest of a step's plan in the plan file, or "".
func (r *run) savedDigest(step *schema.Step) string {
	if r.Saved == nil {
		return ""
	}
	if saved := r.Saved.Plan.Report.Step(step.Name); saved != nil {
		return saved.Digest
	}
	return ""
}

// digestOf returns the digest of a step's plan: of its changes, of what it was made with, and of the artifact in a directory,
// which has their values: a journal need not hold all of them. It is "" where that cannot be read.
func (r *run) digestOf(planned *schema.StepReport, dir string) string {
	artifacts, err := hashFiles(dir)
	if err != nil {
		return ""
	}
	digest, err := schema.HashOf(map[string]any{
		"step": planned.Name, "changes": planned.Changes.WithoutAttributes(), "fingerprint": planned.Fingerprint, "artifacts": artifacts,
	})
	if err != nil {
		return ""
	}
	return digest
}

// hashFiles returns the hashes of the files of an artifact, by their paths. Without a directory there are none.
func hashFiles(dir string) (map[string]string, error) {
	all := map[string]string{}
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return all, nil
	}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || name == shownName {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		_, err = io.Copy(h, f)
		all[name] = hex.EncodeToString(h.Sum(nil))
		return err
	})
	return all, err
}
