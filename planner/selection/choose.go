package selection

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// Environment is one that can be selected, with its steps.
type Environment struct {
	*schema.Environment
	Directory string // relative to the repository, symbolic links resolved
	Steps     []*schema.Step
}

// Repository is what selectors choose from.
type Repository struct {
	Environments []Environment
	Here         string // the directory that "." is, relative to the repository

	// Remembered returns the steps that a state selects, each with the reason. It is asked when a selector names one.
	Remembered func(state string) (map[schema.StepName]string, error)

	// Reading returns the steps that are made of a file, or of something in a directory, likewise. Nil: that is not known.
	Reading func(path string) (map[schema.StepName]string, error)

	// Since returns the steps that differ from a commit, likewise, and IsCommit whether a text names one. An error that is
	// schema.Problems is shown as it is.
	Since    func(commit string) (map[schema.StepName]string, error)
	IsCommit func(text string) bool
}

// Reasons are the selected steps, each with the reason why it is selected.
type Reasons map[schema.StepName]Reason

// Reason is why a step is selected.
type Reason struct {
	Text string

	// Maybe says that the step is selected for nothing but that it depends on one that changed: it has to run only where
	// something that it reads changed too.
	Maybe bool

	changed bool // what depends on the step is selected as Maybe
}

// Query is what a person asks for.
type Query struct {
	Selectors    []string // see Parse; none select everything
	Among        []string // selectors too: of what the others select, only what each of these selects
	Dependencies bool     // also what the selected ones depend on
	Dependents   bool     // also what depends on the selected ones

	// Exclude are selectors of what is left out, together with what cannot do without it: what depends on it, or, when
	// things are taken down, what it depends on.
	Exclude  []string
	Destroys bool
}

// Choice is what a query selects.
type Choice struct {
	Reasons Reasons
	LeftOut Reasons // what Exclude took away beyond what it names

	// Remembered says that a selector asked for what is remembered, so the choice may be empty.
	Remembered bool
}

// Choose returns what a query selects of a repository: the union of the selectors that do not begin with "!", of
// everything when all do or there are none, without what the others select. A selector that can select nothing here is a
// problem.
func Choose(r *Repository, q Query) (Choice, schema.Problems) {
	c := newChooser(r)
	chosen, away, adds := Reasons{}, Reasons{}, false
	for _, text := range q.Selectors {
		selector, these := c.selector(text)
		if selector.Without {
			away.add(these)
			continue
		}
		chosen.add(these)
		adds = true
	}
	if !adds {
		chosen = c.everything(len(q.Selectors) > 0)
	}
	for _, text := range q.Among {
		_, these := c.selector(text)
		these.meet(chosen)
		chosen = these
	}
	c.extend(chosen, reachOf(q.Dependencies), reachOf(q.Dependents))
	chosen.remove(away)
	out := c.leaveOut(q, chosen)
	if len(chosen) == 0 && !c.mayBeEmpty() {
		c.problems = append(c.problems, wrong("the selectors select nothing: %s", quoted(append(slices.Clip(q.Selectors), q.Among...), q.Exclude)))
	}
	return Choice{Reasons: chosen, LeftOut: out, Remembered: c.remembered}, c.problems
}

// mayBeEmpty reports whether it is no problem of its own that nothing is selected.
func (c *chooser) mayBeEmpty() bool {
	return c.remembered || c.bare || len(c.problems) > 0 || len(c.steps) == 0
}

// leaveOut takes away what is excluded, and returns what that takes along.
func (c *chooser) leaveOut(q Query, chosen Reasons) Reasons {
	named := Reasons{}
	for _, text := range q.Exclude {
		selector, these := c.selector(text)
		if selector.Without {
			c.problems = append(c.problems, wrong("--exclude %q: it takes away already", text).WithHint("leave the exclamation mark out"))
		}
		named.add(these)
	}
	along := maps.Clone(named)
	c.extend(along, reachOf(q.Destroys), reachOf(!q.Destroys))
	chosen.remove(named)
	for name := range along {
		if _, taken := chosen[name]; !taken {
			delete(along, name)
		}
	}
	chosen.remove(along)
	return along
}

// selector returns what one selector selects.
func (c *chooser) selector(text string) (Selector, Reasons) {
	selector, wrong := Parse(text)
	if c.problems = append(c.problems, wrong...); len(wrong) > 0 {
		return selector, nil
	}
	return selector, c.selected(selector)
}

// add adds others. What is there keeps its reason, but for one that is weaker: of two ways to select a step, the one counts
// by which it runs in any case.
func (r Reasons) add(others Reasons) {
	for name, why := range others {
		was, ok := r[name]
		switch {
		case !ok, was.Maybe && !why.Maybe:
			r[name] = why
		case !why.Maybe:
			was.changed = was.changed && why.changed
			r[name] = was
		}
	}
}

// meet keeps what others select too. A step runs in any case only if it does by both.
func (r Reasons) meet(others Reasons) {
	for name, why := range r {
		other, ok := others[name]
		if !ok {
			delete(r, name)
			continue
		}
		why.Maybe, why.changed = why.Maybe || other.Maybe, why.changed || other.changed
		r[name] = why
	}
}

// remove takes others away.
func (r Reasons) remove(others Reasons) {
	for name := range others {
		delete(r, name)
	}
}

// chooser evaluates the selectors of one command.
type chooser struct {
	*Repository
	steps      []*schema.Step
	byName     map[schema.StepName]int // its place in steps
	byEnv      map[schema.EnvironmentName]int
	dependents map[schema.StepName][]schema.StepName // made when they are asked for
	remembered bool
	bare       bool // an environment without steps was selected
	problems   schema.Problems
}

func newChooser(r *Repository) *chooser {
	c := &chooser{Repository: r, byName: map[schema.StepName]int{}, byEnv: make(map[schema.EnvironmentName]int, len(r.Environments))}
	for i, env := range r.Environments {
		c.byEnv[env.Name] = i
		for _, step := range env.Steps {
			c.byName[step.Name] = len(c.steps)
			c.steps = append(c.steps, step)
		}
	}
	return c
}

// everything selects all steps. Only where there are selectors a reason is given.
func (c *chooser) everything(reason bool) Reasons {
	why := ""
	if reason {
		why = "not taken away"
	}
	all := make(Reasons, len(c.steps))
	for _, step := range c.steps {
		all[step.Name] = Reason{Text: why}
	}
	return all
}

// selected returns what all factors of a selector select. The first reason counts.
func (c *chooser) selected(s Selector) Reasons {
	var all Reasons
	for _, f := range s.Factors {
		if f.Commit != "" && c.IsCommit != nil && c.IsCommit(f.Commit) {
			f.Value, f.Dependents = f.Commit, 0
		}
		these, found := c.base(f)
		if !found {
			continue // which was said
		}
		c.extend(these, f.Dependencies, f.Dependents)
		if f.Not {
			these = c.others(these)
		}
		if all == nil {
			all = these
			continue
		}
		all.meet(these)
	}
	return all
}

// others selects all but some steps.
func (c *chooser) others(these Reasons) Reasons {
	others := Reasons{}
	for _, step := range c.steps {
		if _, ok := these[step.Name]; !ok {
			others[step.Name] = Reason{Text: "is something else"}
		}
	}
	return others
}

// quoted shows selectors, and what is excluded.
func quoted(selectors, exclude []string) string {
	var all []string
	for _, word := range selectors {
		all = append(all, strconv.Quote(word))
	}
	for _, word := range exclude {
		all = append(all, "--exclude "+strconv.Quote(word))
	}
	return strings.Join(all, " ")
}
