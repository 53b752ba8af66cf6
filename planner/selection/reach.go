package selection

import (
	"fmt"
	"maps"
	"slices"

	"github.com/bitops-engine/bitops/schema"
)

// dependentsOf returns the steps that depend on a step, in the order of the repository.
func (c *chooser) dependentsOf(step *schema.Step) []schema.StepName {
	if c.dependents == nil {
		c.dependents = make(map[schema.StepName][]schema.StepName, len(c.steps))
		for _, s := range c.steps {
			for _, on := range s.DependsOn {
				c.dependents[on] = append(c.dependents[on], s.Name)
			}
		}
	}
	return c.dependents[step.Name]
}

func reachOf(asked bool) int {
	if asked {
		return Whole
	}
	return 0
}

// extend adds what the steps depend on, and what depends on them. What depends on nothing but changed ones may have no reason
// to run.
func (c *chooser) extend(these Reasons, dependencies, dependents int) {
	sure, changed := Reasons{}, Reasons{}
	for name, why := range these {
		if why.Maybe || why.changed {
			changed[name] = why
		} else {
			sure[name] = why
		}
	}
	c.reach(these, dependencies, dependenciesOf, Reason{Text: "%s depends on it"})
	c.reach(sure, dependents, c.dependentsOf, Reason{Text: "depends on %s"})
	c.reach(changed, dependents, c.dependentsOf, Reason{Text: "depends on %s", Maybe: true})
	these.add(sure)
	these.add(changed)
}

func dependenciesOf(step *schema.Step) []schema.StepName { return step.DependsOn }

// walk goes along dependencies in one direction. To go on within an environment is free: a person who counts sees
// environments.
type walk struct {
	*chooser
	these Reasons // what was reached
	next  func(*schema.Step) []schema.StepName
	why   Reason // how a step was reached, of the one before it
	at    map[schema.StepName]int
}

// reach adds what lies at most depth environments further than the steps.
func (c *chooser) reach(these Reasons, depth int, next func(*schema.Step) []schema.StepName, why Reason) {
	if depth == 0 {
		return
	}
	w := &walk{chooser: c, these: these, next: next, why: why, at: make(map[schema.StepName]int, len(these))}
	for name := range these {
		w.at[name] = 0
	}
	level := slices.SortedFunc(maps.Keys(these), func(a, b schema.StepName) int { return c.byName[a] - c.byName[b] })
	for distance := 0; len(level) > 0; distance++ {
		level = w.level(level, distance, depth == Whole || distance < depth)
	}
}

// level goes on from the steps that are so many environments away, and returns those that are one further. Without
// further there are none.
func (w *walk) level(names []schema.StepName, distance int, further bool) (beyond []schema.StepName) {
	for i := 0; i < len(names); i++ { // names grows
		step := w.steps[w.byName[names[i]]]
		if w.at[step.Name] < distance {
			continue // a shorter way was found
		}
		for _, name := range w.next(step) {
			same := w.steps[w.byName[name]].Environment == step.Environment
			switch {
			case same && w.nearer(name, distance, step):
				names = append(names, name)
			case !same && further && w.nearer(name, distance+1, step):
				beyond = append(beyond, name)
			}
		}
	}
	return beyond
}

// nearer notes that a step can be reached so, unless a way that is no longer is known.
func (w *walk) nearer(name schema.StepName, distance int, from *schema.Step) bool {
	if was, known := w.at[name]; known && was <= distance {
		return false
	}
	why := w.why
	why.Text = fmt.Sprintf(why.Text, from.Name)
	w.at[name], w.these[name] = distance, why
	return true
}
