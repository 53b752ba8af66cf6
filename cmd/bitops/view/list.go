package view

import (
	"fmt"
	"io"

	"github.com/bitops-engine/bitops/schema"
)

// longestListed is the widest column of names.
const longestListed = 60

// List shows what a plan selects, a name on a line: environments, or steps where not all of an environment are selected.
// Orphans, which are in no plan, come behind. With why, each has its reason beside it.
func List(w io.Writer, p *schema.Plan, orphans []schema.Orphan, why bool) error {
	out := &screen{w: w}
	var rows [][2]string
	for _, entry := range listed(p) {
		row := [2]string{visible(entry.name())}
		if why {
			row[1] = whySelected(entry.steps[0])
		}
		rows = append(rows, row)
	}
	for _, o := range orphans {
		row := [2]string{visible(o.Step)}
		if why {
			row[1] = orphanWhy(o)
		}
		rows = append(rows, row)
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row[0]
	}
	wide := column(longestListed, names...)
	for _, row := range rows {
		if row[1] == "" {
			out.line(row[0])
			continue
		}
		out.line(pad(row[0], wide) + "  " + row[1])
	}
	out.flush()
	return out.err
}

// ListJSON shows what a plan selects to a program. The document is
//
//	{"version": 1, "environments": [{"name", "path", "tags": [tag…], "steps": [{"name", "tool", "why", "maybe"}…]}…],
//	 "orphans": [{"step", "why"}…]}
//
// with the selected environments, and their selected steps, in the order of the manifest. A step with "maybe" runs only if
// something changed that it reads. New keys may come, these stay.
func ListJSON(w io.Writer, p *schema.Plan, orphans []schema.Orphan) error {
	type step struct {
		Name schema.StepName `json:"name"`
		Tool schema.ToolName `json:"tool"`
		Why  string          `json:"why,omitempty"`

		Maybe bool `json:"maybe,omitempty"`
	}
	type environment struct {
		Name  schema.EnvironmentName `json:"name"`
		Path  string                 `json:"path"`
		Tags  []string               `json:"tags"`
		Steps []step                 `json:"steps"`
	}
	type orphan struct {
		Step schema.StepName `json:"step"`
		Why  string          `json:"why"`
	}
	document := struct {
		Version      int           `json:"version"`
		Environments []environment `json:"environments"`
		Orphans      []orphan      `json:"orphans,omitempty"`
	}{Version: 1, Environments: []environment{}}
	for _, o := range orphans {
		document.Orphans = append(document.Orphans, orphan{Step: o.Step, Why: orphanWhy(o)})
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if !s.Selected {
			continue
		}
		last := len(document.Environments) - 1
		if last < 0 || document.Environments[last].Name != s.Environment {
			document.Environments = append(document.Environments, environment{
				Name: s.Environment, Path: s.EnvironmentPath, Tags: append([]string{}, s.Tags...),
			})
			last++
		}
		document.Environments[last].Steps = append(document.Environments[last].Steps, step{Name: s.Name, Tool: s.Tool, Why: s.Why, Maybe: s.Maybe})
	}
	return WriteJSON(w, document)
}

// whySelected says why a step is selected, and of one that may have no reason to run, that it is so.
func whySelected(step *schema.Step) string {
	if step.Maybe {
		return "maybe: " + visible(step.Why)
	}
	return visible(step.Why)
}

func orphanWhy(o schema.Orphan) string {
	return fmt.Sprintf("%s by run %s, and no longer in the manifest", o.State, o.Run)
}

// entry is one line of a list: the selected steps of an environment when all are, else one step.
type entry struct {
	steps []*schema.Step
	whole bool
}

func (e entry) name() string {
	if e.whole {
		return string(e.steps[0].Environment)
	}
	return string(e.steps[0].Name)
}

func listed(p *schema.Plan) []entry {
	var all []entry
	for from := 0; from < len(p.Steps); {
		to := from
		var chosen []*schema.Step
		for ; to < len(p.Steps) && p.Steps[to].Environment == p.Steps[from].Environment; to++ {
			if p.Steps[to].Selected {
				chosen = append(chosen, &p.Steps[to])
			}
		}
		if len(chosen) == to-from {
			all = append(all, entry{steps: chosen, whole: true})
		} else {
			for _, step := range chosen {
				all = append(all, entry{steps: []*schema.Step{step}})
			}
		}
		from = to
	}
	return all
}
