package planner

import (
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// defaultParallelism is how many steps run at once when nobody says.
const defaultParallelism = 10

// draft is the plan on its way through the passes.
type draft struct {
	manifest  *schema.Manifest
	inspector Inspector
	options   Options
	problems  schema.Problems

	environments []*environment // in the order of the manifest
	byName       map[schema.EnvironmentName]*environment
	steps        map[schema.StepName]*schema.Step
	unread       map[schema.StepName]bool // steps whose files could not be inspected, which has been said
	graph        *dag.Graph[schema.StepName]
	waits        map[wait]bool

	known      []schema.ToolName // see tools
	candidates []string          // see names
	compared   int               // candidates that were looked at for hints
}

// environment is one environment of the draft.
type environment struct {
	*schema.Environment
	directory string           // relative to the repository, symbolic links resolved
	settings  *schema.Settings // its own bitops.config.yaml
	damaged   bool             // its entry was refused: others may name it, and that is no second problem
	steps     []*schema.Step
	files     schema.Directory // its directory, with what is in it, while steps are listed
	inputs    []input
	sources   []source // direct dependencies, in the order they are named
}

// noSettings are those of an environment without a configuration of its own.
var noSettings schema.Settings

// wait is a direct dependency that has been written down.
type wait struct {
	env *environment
	on  source
}

// input is one input of an environment.
type input struct {
	schema.Entry[schema.Expression]
	references []schema.Reference
}

// source is a direct dependency: an environment, one step of it, or the steps of one deployment.
type source struct {
	environment *environment
	step        *schema.Step // nil for more than one
	deployment  string       // the directory that has a step for each chart in it, "" for the whole environment
}

// steps returns the steps of the source.
func (s source) steps() []*schema.Step {
	if s.step != nil {
		return []*schema.Step{s.step}
	}
	if s.deployment == "" {
		return s.environment.steps
	}
	return within(s.environment, s.deployment)
}

// within returns the steps of an environment that lie below a directory of it.
func within(env *environment, dir string) []*schema.Step {
	var steps []*schema.Step
	for _, step := range env.steps {
		if strings.HasPrefix(step.Deployment, dir+"/") {
			steps = append(steps, step)
		}
	}
	return steps
}

// name returns what a person calls the source.
func (s source) name() string {
	switch {
	case s.step != nil:
		return string(s.step.Name)
	case s.deployment != "":
		return string(s.environment.Name.Step(s.deployment))
	}
	return string(s.environment.Name)
}

// last returns the step that has to be done before a dependent may start, or nil.
func (s source) last() *schema.Step {
	if steps := s.steps(); len(steps) > 0 {
		return steps[len(steps)-1]
	}
	return nil
}

func (d *draft) errorf(at schema.Position, format string, args ...any) {
	d.add(schema.Errorf(at, format, args...))
}

// tools returns the tools that steps can use.
func (d *draft) tools() []schema.ToolName {
	if d.known == nil {
		d.known = d.inspector.Tools()
	}
	return d.known
}

func (d *draft) add(p schema.Problem) { d.problems = append(d.problems, p) }

// names returns what dependencies can name: the environments, then the steps. It is for hints: use didYouMean.
func (d *draft) names() (environments, all []string) {
	if d.candidates == nil {
		for _, e := range d.environments {
			d.candidates = append(d.candidates, string(e.Name))
		}
		for _, e := range d.environments {
			for _, s := range e.steps {
				d.candidates = append(d.candidates, string(s.Name))
			}
		}
	}
	return d.candidates[:len(d.environments)], d.candidates
}

// mostCompared bounds the work for hints: with many names and many mistakes only the first mistakes get one.
const mostCompared = 1_000_000

func (d *draft) didYouMean(word string, candidates []string) string {
	if d.compared += len(candidates); d.compared > mostCompared {
		return ""
	}
	return schema.DidYouMean(word, candidates)
}

// plan writes the finished draft down.
func (d *draft) plan() *schema.Plan {
	p := &schema.Plan{
		Version: schema.PlanVersion, Command: d.options.Command,
		Parallelism: first(d.options.Parallelism, int(d.manifest.Settings.Parallelism), defaultParallelism),
		FailFast:    failFast(d.options.FailFast, d.manifest.Settings.FailFast),
		Limits:      map[string]int{},
		Masks:       slices.Clone(d.manifest.Settings.Logging.Masks),

		WithholdValues: d.manifest.Review.WithholdsValues(),
	}
	for _, limit := range d.manifest.Settings.Limits {
		p.Limits[limit.Key] = int(limit.Value)
	}
	p.Steps = make([]schema.Step, 0, len(d.steps))
	for _, e := range d.environments {
		p.Masks = append(p.Masks, e.settings.Logging.Masks...)
		for _, s := range e.steps {
			p.Steps = append(p.Steps, *s)
		}
	}
	return p
}

// first returns the first value that is set.
func first[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

func failFast(values ...*bool) bool {
	for _, v := range values {
		if v != nil {
			return *v
		}
	}
	return true
}
