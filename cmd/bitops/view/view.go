package view

import (
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// Run shows a run while it happens. Its methods are called from one goroutine. A view never fails: the first error of
// its writer ends the showing, and Err tells it.
type Run interface {
	// Event shows one event. Events come in the order of their Seq.
	Event(schema.Event)

	// Close shows what is left to say once no more events come. The report is the fold of all events; nil leaves the
	// last screen out.
	Close(*schema.Report)

	// Err returns the first error of the writer, or nil.
	Err() error
}

var (
	_ Run = (*Human)(nil)
	_ Run = (*JSON)(nil)
)

// CI is a system that runs bitops and displays what it prints.
type CI string

// The systems whose markup for folded output is known.
const (
	NoCI   CI = ""
	GitHub CI = "github"
	GitLab CI = "gitlab"
)

// Options are how a person wants to see things. The zero value is plain text of any width.
type Options struct {
	Color   bool // as ColorAllowed says
	Width   int  // of the terminal, in columns; 0 when there is none
	Verbose bool // stream what tools print, and leave nothing out of lists
	Summary bool // of a plan, show resources without what changes of them
	CI      CI   // fold what tools print, in the system's own markup

	Live     bool                              // what is written can be overwritten: show how far the run is
	Height   int                               // of the terminal, in rows; 0 when it is not known
	ASCII    bool                              // the terminal shows nothing else
	Usual    map[schema.StepName]time.Duration // how long steps took in earlier runs; may be nil
	Estimate Estimate                          // may be nil

	// Next returns the command that goes on after a run that ended so, or "" when nothing is left to do. May be nil.
	Next func(*schema.Report) string

	// Differs returns the command that shows how what a run held differs from the plan that was reviewed, or "". May be nil.
	Differs func(*schema.Report) string
}

// width is where lists are wrapped.
func (o Options) width() int {
	if o.Width <= 0 {
		return 100
	}
	return max(o.Width, 40)
}

// name returns a name as it stands in a column: on a terminal, the middle of a longer one is left out.
func (o Options) name(name string, width int) string {
	if o.Width <= 0 {
		return name
	}
	return glyphsOf(o.ASCII).name(name, width)
}

// limit returns how many items of a list are shown: n, or all of them when the person asked for everything.
func (o Options) limit(n, length int) int {
	if o.Verbose {
		return length
	}
	return min(n, length)
}

func (o Options) next(r *schema.Report) string {
	if o.Next == nil {
		return ""
	}
	return o.Next(r)
}
