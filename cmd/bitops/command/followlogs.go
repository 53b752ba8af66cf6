package command

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
	"github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
)

// followLogs prints the logs of steps while they are written, until all of these steps have ended.
func (g *global) followLogs(cmd *cobra.Command, beginning string, names []string) error {
	r, h, err := g.lookBack(cmd)
	if err != nil {
		return err
	}
	var steps []schema.StepName
	found, err := h.find(cmd.Context(), beginning, func(report *schema.Report) bool {
		steps = meantBy(report, names)
		return len(steps) > 0
	})
	if err = g.asSearched(cmd, err); err != nil {
		return err
	}
	if beginning != "" {
		steps = meantBy(found, names)
	}
	if len(steps) == 0 {
		return noLogError(names)
	}
	f := &follower{h: h, run: found.Run}
	logs := newGrowingLogs(f, g.Out, steps)
	defer logs.close()
	f.between = logs.read
	report, err := r.follow(cmd.Context(), f, func(schema.Event) {}, logs.ended)
	if cmd.Context().Err() != nil {
		g.say("bitops: run %s is no longer followed; it is still running", found.Run)
	}
	if err != nil {
		return err
	}
	return followed(report, only(report, steps).Overall())
}

// meantBy returns the steps of a run that are meant by their names or by those of environments.
func meantBy(report *schema.Report, names []string) []schema.StepName {
	var found []schema.StepName
	for i := range report.Steps {
		step := &report.Steps[i]
		if slices.Contains(names, string(step.Name)) || slices.Contains(names, string(step.Environment)) {
			found = append(found, step.Name)
		}
	}
	return found
}

// only returns a report of some steps of a run.
func only(report *schema.Report, steps []schema.StepName) *schema.Report {
	some := &schema.Report{}
	for _, name := range steps {
		if step := report.Step(name); step != nil {
			some.Steps = append(some.Steps, *step)
		}
	}
	return some
}

// growingLogs are the logs of steps that are being followed.
type growingLogs struct {
	of  *follower
	all []*growingLog
}

// growingLog is the log of one step. A file stays open: when secrets are taken out of a log at the end of its step, what
// was not read yet is still in the file that was opened.
type growingLog struct {
	step  schema.StepName
	shown *view.LogLines
	file  io.ReadCloser
}

func newGrowingLogs(of *follower, w io.Writer, steps []schema.StepName) *growingLogs {
	l := &growingLogs{of: of}
	for _, step := range steps {
		title := step
		if len(steps) == 1 {
			title = ""
		}
		l.all = append(l.all, &growingLog{step: step, shown: view.NewLogLines(w, title)})
	}
	return l
}

// ended reports whether all steps have ended.
func (l *growingLogs) ended(report *schema.Report) bool {
	return len(report.Steps) > 0 && !slices.ContainsFunc(l.all, func(g *growingLog) bool {
		step := report.Step(g.step)
		return step != nil && step.Outcome == ""
	})
}

// read prints what was added. The log of a run that is executed elsewhere is in the store when its step has ended.
func (l *growingLogs) read(ctx context.Context, report *schema.Report) error {
	for _, g := range l.all {
		step := report.Step(g.step)
		if err := g.open(ctx, l, step != nil && step.Outcome != ""); err != nil {
			return err
		}
		if g.file == nil {
			continue
		}
		if err := g.print(); err != nil {
			return err
		}
	}
	return nil
}

// print prints what the file holds by now, piece by piece: a tool may have printed any amount.
func (g *growingLog) print() error {
	piece := make([]byte, 64<<10)
	for {
		n, err := g.file.Read(piece)
		if printErr := g.shown.Add(string(piece[:n])); printErr != nil {
			return printErr
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// open opens the log once it is there.
func (g *growingLog) open(ctx context.Context, l *growingLogs, ended bool) error {
	if g.file != nil {
		return nil
	}
	var f io.ReadCloser
	err := l.of.patiently(ctx, func() (err error) {
		if f, err = l.of.h.store.File(ctx, l.of.run, journal.LogName(g.step)); errors.Is(err, fs.ErrNotExist) {
			f, err = nil, nil
		}
		return err
	})
	if err != nil || f == nil {
		return err
	}
	if _, here := f.(*os.File); !here && !ended {
		return f.Close() // only a part of it may be there
	}
	g.file = f
	return nil
}

// close ends the last lines.
func (l *growingLogs) close() {
	for _, g := range l.all {
		g.shown.Close()
		if g.file != nil {
			_ = g.file.Close()
		}
	}
}
