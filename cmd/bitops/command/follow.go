package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
)

// KilledRunError says that a run that was followed ended without a result.
type KilledRunError struct {
	Run    schema.RunID
	Resume string // the command that resumes it, or ""
}

func (e *KilledRunError) Error() string {
	text := fmt.Sprintf("run %s ended without a result: it was killed, or its machine went away", e.Run)
	if e.Resume != "" {
		text += "; `" + e.Resume + "` resumes it"
	}
	return text
}

// followRun shows a run from its first event until it ends, and then its last screen.
func (g *global) followRun(cmd *cobra.Command, o *showOptions, beginning string) error {
	r, h, err := g.lookBack(cmd)
	if err != nil {
		return err
	}
	found, err := h.find(cmd.Context(), beginning, anyRun)
	if err = g.asFound(cmd, found, err); err != nil || found == nil {
		return err
	}
	plan := h.planOf(cmd.Context(), found.Run)
	usual := h.durations(cmd.Context(), plan, found.Command)
	shown := r.view(&runOptions{verbose: o.verbose, summary: o.summary}, plan, view.Options{Usual: usual, Next: g.goOnWith})
	report, err := r.follow(cmd.Context(), &follower{h: h, run: found.Run}, shown.Event, func(*schema.Report) bool { return false })
	if cmd.Context().Err() != nil {
		shown.Close(nil)
		g.say("bitops: run %s is no longer followed; it is still running", found.Run)
		return err
	}
	shown.Close(report)
	if err != nil {
		return err
	}
	return followed(report, report.Outcome)
}

// planOf returns the plan that a run executes, or an empty one where it cannot be read.
func (h history) planOf(ctx context.Context, id schema.RunID) *schema.Plan {
	plan := &schema.Plan{}
	f, err := h.store.File(ctx, id, "plan.json")
	if err != nil {
		return plan
	}
	defer f.Close()
	if json.NewDecoder(f).Decode(plan) != nil {
		return &schema.Plan{}
	}
	return plan
}

// followed returns the error of a command that followed a run, or steps of it, to an end with this outcome.
func followed(report *schema.Report, outcome schema.Outcome) error {
	if outcome == schema.Succeeded {
		return nil
	}
	end := *report
	end.Outcome = outcome
	return &RunError{Report: &end, Followed: true}
}

// follower reads the events of a run while they are written, on this machine or by way of a shared store.
type follower struct {
	h       history
	run     schema.RunID
	journal journal.Follower
	offset  int64
	here    bool // the journal is in this checkout

	between func(context.Context, *schema.Report) error // is called whenever events were read; may be nil

	looked  time.Time // when the locks were read last
	missing int       // how often they said in a row that nothing executes the run
}

// How often a run is looked at that is executed in this checkout, and one that is executed elsewhere.
const (
	followedHere      = 250 * time.Millisecond
	followedElsewhere = 2 * time.Second
)

// follow calls each with every event of a run, from the first, until the run ends, until stop says that enough is known, or
// until nothing executes the run any more, which is a *KilledRunError. The report holds what is known by then.
func (r *repository) follow(ctx context.Context, f *follower, each func(schema.Event), stop func(*schema.Report) bool) (*schema.Report, error) {
	report := &schema.Report{Run: f.run}
	for {
		gone, text, err := f.look(ctx)
		if err != nil {
			return report, err
		}
		events, err := f.journal.Add(text)
		for _, e := range events {
			report.Add(e)
			each(e)
		}
		if err == nil && f.between != nil {
			err = f.between(ctx, report)
		}
		if err != nil || report.Outcome != "" || stop(report) {
			return report, err
		}
		if gone {
			report.State = schema.RunKilled
			return report, &KilledRunError{Run: f.run, Resume: r.goOnWith(report)}
		}
		if err := f.pause(ctx); err != nil {
			return report, err
		}
	}
}

// storeAway is how long a shared store may be away while a run is followed.
const storeAway = time.Minute

// look returns whether nothing executes the run any more, and what was written to the journal since the last call.
func (f *follower) look(ctx context.Context) (gone bool, text []byte, err error) {
	err = f.patiently(ctx, func() (err error) {
		if gone, err = f.gone(ctx); err == nil {
			text, err = f.next(ctx)
		}
		return err
	})
	return gone, text, err
}

// patiently asks the store something. A shared store that cannot be reached for a while is waited for: the run is not what
// failed.
func (f *follower) patiently(ctx context.Context, ask func() error) error {
	for begun := time.Now(); ; {
		err := ask()
		if err == nil || f.here || time.Since(begun) > storeAway {
			return err
		}
		if err := f.pause(ctx); err != nil {
			return err
		}
	}
}

// next returns what was written to the journal since the last call.
func (f *follower) next(ctx context.Context) ([]byte, error) {
	file, err := f.h.store.File(ctx, f.run, journal.FileName)
	if errors.Is(err, fs.ErrNotExist) && f.offset == 0 {
		return nil, nil // it begins now
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if local, ok := file.(*os.File); ok {
		f.here = true
		_, err = local.Seek(f.offset, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, file, f.offset)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	f.offset += int64(len(text))
	return text, nil
}

// gone reports whether nothing executes the run. A run that begins has a moment without a lock, so two looks have to agree.
func (f *follower) gone(ctx context.Context) (bool, error) {
	if time.Since(f.looked) < f.every() {
		return false, nil
	}
	holders, err := f.h.store.Executing(ctx)
	if err != nil {
		return false, fmt.Errorf("find out whether run %s is running: %w", f.run, err)
	}
	f.looked = time.Now()
	f.missing++
	if h, held := holders[f.run]; held && !h.Gone() {
		f.missing = 0
	}
	return f.missing > 1, nil
}

func (f *follower) every() time.Duration {
	if f.here {
		return followedHere
	}
	return followedElsewhere
}

func (f *follower) pause(ctx context.Context) error {
	select {
	case <-time.After(f.every()):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
