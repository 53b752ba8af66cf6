package view

import (
	"io"
	"path"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Summary shows a report the way a run ends, which for a plan is the plan itself.
func Summary(w io.Writer, r *schema.Report, o Options) error {
	out := &screen{w: w, width: o.Width}
	showSummary(out, ink{o.Color}, o, r)
	out.flush()
	return out.err
}

// Total returns the line that sums a report up.
func Total(r *schema.Report) string {
	s := &summary{screen: &screen{}, report: r, environments: byEnvironment(r)}
	return s.total()
}

// summary is the last screen of a run. It answers in this order: what failed and why, what that blocked, what was
// interrupted or waits for a person, what changed, what tools warned about, where the log is, which command goes on.
type summary struct {
	*screen
	ink          ink
	options      Options
	report       *schema.Report
	environments []environment
	outcomes     map[schema.StepName]schema.Outcome
}

func showSummary(out *screen, k ink, o Options, r *schema.Report) {
	s := &summary{screen: out, ink: k, options: o, report: r, environments: byEnvironment(r)}
	s.outcomes = make(map[schema.StepName]schema.Outcome, len(r.Steps))
	for i := range r.Steps {
		s.outcomes[r.Steps[i].Name] = r.Steps[i].Outcome
	}
	s.failures()
	s.blocked()
	s.cutShort()
	s.held()
	if r.Command.Previews() {
		s.plan()
	} else {
		s.changes()
	}
	s.asides()
	s.warnings()
	s.orphans()
	s.blank()
	s.line(s.total())
	if r.Command.Previews() && r.PlanDigest != "" {
		s.line("Digest: " + visible(r.PlanDigest))
	}
	s.whereLogsAre()
	s.whatGoesOn()
}

// section begins a part of the screen.
func (s *summary) section(title string, paint func(string) string) {
	s.blank()
	s.line(paint(title))
}

// log shows where the full log of a step is.
func (s *summary) log(step *schema.StepReport, indent string) {
	if step.Log != "" {
		s.line(indent + s.ink.faint("full log: "+visible(step.Log)))
	}
}

// whereLogsAre shows the directory that all logs of the run have in common.
func (s *summary) whereLogsAre() {
	common := ""
	for i := range s.report.Steps {
		log := s.report.Steps[i].Log
		if log == "" || !s.report.Steps[i].Started {
			continue
		}
		if common == "" {
			common = path.Dir(log)
		}
		for common != "." && common != "/" && !strings.HasPrefix(log, common+"/") {
			common = path.Dir(common)
		}
	}
	if common != "" && common != "." {
		s.line("Logs: " + visible(common))
	}
}

// whatGoesOn shows the command that goes on after the run, and what has to be resolved before: refused steps are refused
// again.
func (s *summary) whatGoesOn() {
	next := s.options.next(s.report)
	if next == "" {
		return
	}
	title := "Go on with: "
	for _, text := range s.toResolve() {
		s.line("Resolve first: " + text)
		title = "Then go on with: "
	}
	s.whole(title + s.ink.bold(visible(next)))
}

// hintsShown is how many things are named that have to be resolved.
const hintsShown = 3

// toResolve says what has to be done before refused steps can succeed, each thing once.
func (s *summary) toResolve() []string {
	var hints []string
	for _, step := range s.withOutcome(schema.Failed) {
		if step.Error == nil || step.Error.Resolve == "" {
			continue
		}
		if hint := visible(step.Error.Resolve); !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	if more := len(hints) - hintsShown; more > 0 {
		hints = append(hints[:hintsShown], "and "+amount(more, "more cause")+" above")
	}
	return hints
}

// list shows names as a paragraph, so many at most.
func (s *summary) list(indent string, names []string, limit int) {
	for i, name := range names {
		names[i] = s.options.name(name, s.options.width()-len(indent)-1)
	}
	names = firstOf(names, s.options.limit(limit, len(names)))
	for _, line := range wrap(names, s.options.width()-len(indent)) {
		s.line(indent + line)
	}
}

// withOutcome returns the steps that ended so, in the order of the plan.
func (s *summary) withOutcome(o schema.Outcome) []*schema.StepReport {
	var found []*schema.StepReport
	for i := range s.report.Steps {
		if s.report.Steps[i].Outcome == o {
			found = append(found, &s.report.Steps[i])
		}
	}
	return found
}

// A group is steps that have something in common, in the order of the plan.
type group struct {
	key   string
	names []string
}

// grouped returns the names of steps by what key says of them, in the order of the first ones.
func (s *summary) grouped(steps []*schema.StepReport, key func(*schema.StepReport) string) []group {
	index := map[string]int{}
	var groups []group
	for _, step := range steps {
		k := key(step)
		at, known := index[k]
		if !known {
			at = len(groups)
			index[k] = at
			groups = append(groups, group{key: k})
		}
		groups[at].names = append(groups[at].names, visible(step.Name))
	}
	return groups
}
