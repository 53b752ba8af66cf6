package view

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// progress is how far a run is: the fold of its events that is shown while it runs.
type progress struct {
	begun    time.Time
	steps    map[schema.StepName]*stepProgress
	running  []*stepProgress // in the order in which they started
	failed   []*stepProgress
	total    int // steps that have something to do
	over     int // that ended, however
	done     int // that ended well
	stopping string
	changed  int // counts the steps that started and ended
}

// stepProgress is how far a step is.
type stepProgress struct {
	name       schema.StepName
	dependents []*stepProgress
	begun      time.Time
	outcome    schema.Outcome
	ended      bool
	doing      string // what its tool or hook does, in one line
	reported   bool   // the tool says what it does, so its output need not
	error      string
}

// event folds one more event.
func (p *progress) event(e schema.Event) {
	switch e.Type {
	case schema.EventRunStarted:
		p.begin(e)
		return
	case schema.EventRunStopping:
		p.stopping = e.Text
		return
	default:
	}
	s := p.steps[e.Step]
	if s == nil {
		return
	}
	switch e.Type {
	case schema.EventStepStarted:
		s.begun = e.Time
		p.running = append(p.running, s)
		p.changed++
	case schema.EventStepFinished:
		p.finish(s, e)
	default:
		s.event(e)
	}
}

func (p *progress) begin(e schema.Event) {
	*p = progress{begun: e.Time, steps: make(map[schema.StepName]*stepProgress, len(e.Steps)), total: len(e.Steps)}
	for _, step := range e.Steps {
		p.steps[step.Name] = &stepProgress{name: step.Name}
	}
	for _, step := range e.Steps {
		for _, on := range step.DependsOn {
			before, after := p.steps[on], p.steps[step.Name]
			if e.Command.Destroys() {
				before, after = after, before
			}
			if before != nil && after != nil {
				before.dependents = append(before.dependents, after)
			}
		}
	}
}

// event takes what happens inside the step.
func (s *stepProgress) event(e schema.Event) {
	switch e.Type {
	case schema.EventPhaseStarted:
		s.doing, s.reported = cmp.Or(e.Text, string(e.Phase)), false
	case schema.EventProgress:
		s.doing, s.reported = e.Text, true
	case schema.EventOutputLine:
		if !s.reported && strings.TrimSpace(e.Text) != "" {
			s.doing = e.Text
		}
	case schema.EventAttemptFailed:
		s.doing, s.reported = nextAttempt(e), true
	default:
	}
}

func (p *progress) finish(s *stepProgress, e schema.Event) {
	p.changed++
	p.over++
	p.running = slices.DeleteFunc(p.running, func(r *stepProgress) bool { return r == s })
	s.ended, s.outcome, s.doing = true, e.Outcome, ""
	switch e.Outcome {
	case schema.Succeeded, schema.Unchanged, schema.Deferred, schema.Held:
		p.done++
	case schema.Skipped:
		p.total--
	case schema.Failed:
		s.error = e.Reason
		if e.Error != nil {
			s.error = firstLine(e.Error.Message)
		}
		p.failed = append(p.failed, s)
	case schema.Blocked, schema.Interrupted, schema.NotStarted:
	}
}

// waiting is how many steps have not started.
func (p *progress) waiting() int { return len(p.steps) - p.over - len(p.running) }

// behind returns the running step behind which most steps wait, directly or not, and how many.
func (p *progress) behind() (first *stepProgress, most int) {
	for _, s := range p.running {
		met := map[*stepProgress]bool{}
		if s.meet(met); len(met) > most {
			first, most = s, len(met)
		}
	}
	return first, most
}

// meet adds the steps that wait for this one.
func (s *stepProgress) meet(met map[*stepProgress]bool) {
	for _, d := range s.dependents {
		if !met[d] && !d.ended {
			met[d] = true
			d.meet(met)
		}
	}
}
