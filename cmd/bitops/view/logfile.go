package view

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// LogFile writes the log of each step, as it ends, to one text file: what BitOps kept of its runs. Lines of several steps
// never mix, and what turned out to be a secret only at a step's end has been taken out of its log by then.
type LogFile struct {
	out  *screen
	open func(schema.StepName) (io.ReadCloser, error)
	run  schema.RunID
}

var _ Run = (*LogFile)(nil)

// NewLogFile returns a view that writes to w. open opens the log of a step that has ended; of one that never ran there is
// none, which is fs.ErrNotExist.
func NewLogFile(w io.Writer, open func(schema.StepName) (io.ReadCloser, error)) *LogFile {
	return &LogFile{out: &screen{w: w}, open: open}
}

// Event writes the log of a step that has ended, and where a run begins and ends.
func (l *LogFile) Event(e schema.Event) {
	switch e.Type {
	case schema.EventRunStarted:
		l.run = e.Run
		l.heading(e, "run %s: %s", e.Run, e.Command)
	case schema.EventNotice:
		if e.Step == "" {
			l.heading(e, "note: %s", printable(e.Text, false))
		}
	case schema.EventStepFinished:
		l.heading(e, "%s: %s%s", visible(e.Step), e.Outcome, joined(": ", printable(e.Reason, false)))
		l.log(e.Step)
	case schema.EventRunStopping:
		l.heading(e, "run %s: stopping: %s", e.Run, printable(e.Text, false))
	case schema.EventRunFinished:
		l.heading(e, "run %s: %s", e.Run, e.Outcome)
	default: // in the step's log
	}
	l.out.flush()
}

func (l *LogFile) heading(e schema.Event, format string, args ...any) {
	l.out.line("=== " + e.Time.UTC().Format(time.RFC3339) + " " + fmt.Sprintf(format, args...))
}

// log copies the log of a step, piece by piece: a tool may have printed any amount.
func (l *LogFile) log(step schema.StepName) {
	const piece = 64 << 10
	from, err := l.open(step)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		l.fail(err)
		return
	}
	defer from.Close()
	in := bufio.NewReaderSize(from, piece)
	for {
		text, err := in.ReadSlice('\n')
		if line, whole := strings.CutSuffix(string(text), "\n"); whole {
			l.out.line(printable(afterReturn(line), false))
		} else {
			l.out.raw(printable(line, false))
		}
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			if !errors.Is(err, io.EOF) {
				l.fail(err)
			}
			return
		case l.out.buf.Len() > piece:
			l.out.flush()
		}
	}
}

func (l *LogFile) fail(err error) {
	if l.out.err == nil {
		l.out.err = err
	}
}

// Close does nothing: the last event said how the run ended.
func (l *LogFile) Close(*schema.Report) {}

// Err returns the first error of the writer, or nil.
func (l *LogFile) Err() error { return l.out.err }
