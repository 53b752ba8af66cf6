package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
)

// UnreadableRunError says that the run to go on with may be one that cannot be read.
type UnreadableRunError struct {
	Run schema.RunID
	Err error
}

func (e *UnreadableRunError) Error() string {
	return fmt.Sprintf("the last run cannot be resumed: %v. Give the command of that run again, or name an older run: --resume=RUN; `bitops runs` "+
		"lists them", e.Err)
}

func (e *UnreadableRunError) Unwrap() error { return e.Err }

// last returns the last run that was there to change something, or nil. A run that cannot be read may be that one, unless
// a preview began it, or it was to go on with another one and did not come so far as to have a journal.
func (h history) last(ctx context.Context) (*schema.Report, error) {
	ids, err := h.store.Runs(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		report, err := h.run(ctx, id)
		if err == nil && report.Command.Previews() {
			continue
		}
		if err == nil {
			return report, nil
		}
		began, resumes, beganErr := h.store.Begun(ctx, id)
		switch {
		case beganErr == nil && began.Previews():
		case beganErr == nil && resumes != "" && errors.Is(err, errNoJournal): // what it was to do, that one has left
			return h.chain(ctx, resumes)
		default:
			return nil, &UnreadableRunError{Run: id, Err: errors.Join(err, beganErr)}
		}
	}
	return nil, nil
}

// openRun is a run that can be resumed, and the steps that it left undone and that no later run was about.
type openRun struct {
	*schema.Report
	left []schema.StepSummary
}

// open returns the runs that can be resumed and that no later run has taken over, the last one first. A later run takes over
// each step that it is about: it has done the step, or has left it undone in turn. Behind are the runs that they went on with.
func (h history) open(ctx context.Context) (open []openRun, behind map[schema.RunID]bool, err error) {
	ids, err := h.store.Runs(ctx)
	if err != nil {
		return nil, nil, err
	}
	over := takenOver{steps: map[schema.StepName]bool{}, runs: map[schema.RunID]bool{}}
	resumes, behind := map[schema.RunID]schema.RunID{}, map[schema.RunID]bool{}
	for _, id := range slices.Backward(ids) {
		first, last, err := h.outline(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if first.Type == "" || first.Command.Previews() {
			continue
		}
		if mayGoOn(&first, &last) && !over.all(&first) {
			report, err := h.chain(ctx, id)
			if err != nil {
				return nil, nil, err
			}
			if left := over.left(report); len(left) > 0 {
				open = append(open, openRun{Report: report, left: left})
			}
		}
		resumes[id] = first.Resumes
		h.without(ctx, &first)
		over.add(&first)
	}
	for _, run := range open {
		for id := run.Resumes; id != "" && !behind[id]; id = resumes[id] {
			behind[id] = true
		}
	}
	return open, behind, nil
}

// mayGoOn reports whether a run can be resumed that began and ended so.
func mayGoOn(first, last *schema.Event) bool {
	return resumable(first.Command) && (last.Type != schema.EventRunFinished || last.Outcome != schema.Succeeded)
}

// outline returns the first and the last event of a run, nothing where it has no journal or a damaged one.
func (h history) outline(ctx context.Context, id schema.RunID) (first, last schema.Event, err error) {
	f, err := h.store.File(ctx, id, journal.FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return first, last, nil
	}
	if err != nil {
		return first, last, err
	}
	defer f.Close()
	if first, last, err = journal.Outline(f); err != nil {
		return schema.Event{}, schema.Event{}, nil // no command can go on with it
	}
	return first, last, nil
}

// without takes out of the first event of a run the steps that the run found to have no reason to run: it was about none of
// what an earlier run left undone of them. Of a run that cannot be read it is not known which these are, so it takes out all that
// can be.
func (h history) without(ctx context.Context, first *schema.Event) {
	if !slices.ContainsFunc(first.Steps, func(s schema.StepSummary) bool { return s.Maybe }) {
		return
	}
	report, err := h.run(ctx, first.Run)
	first.Steps = slices.DeleteFunc(slices.Clone(first.Steps), func(s schema.StepSummary) bool {
		if !s.Maybe || err != nil {
			return s.Maybe
		}
		step := report.Step(s.Name)
		return step != nil && step.Outcome == schema.Skipped && step.DoneIn == ""
	})
}

// takenOver are the steps that later runs are about, and the runs that they went on with.
type takenOver struct {
	steps map[schema.StepName]bool
	runs  map[schema.RunID]bool
}

// add takes note of a run by its first event.
func (t *takenOver) add(first *schema.Event) {
	t.runs[first.Resumes] = true
	for i := range first.Steps {
		t.steps[first.Steps[i].Name] = true
	}
}

// all reports whether nothing of a run is left, whatever it did.
func (t *takenOver) all(first *schema.Event) bool {
	return t.runs[first.Run] || !slices.ContainsFunc(first.Steps, func(s schema.StepSummary) bool { return !t.steps[s.Name] })
}

// left returns the steps that a run left undone and that no later run was about.
func (t *takenOver) left(report *schema.Report) []schema.StepSummary {
	var left []schema.StepSummary
	for i := range report.Steps {
		step := &report.Steps[i]
		if _, done := step.Done(report.Run); !done && step.Outcome != schema.Skipped && !t.steps[step.Name] {
			left = append(left, step.StepSummary)
		}
	}
	return left
}
