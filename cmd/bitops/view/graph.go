package view

import (
	"io"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// vertex is one environment of a plan and what it has to do with the others.
type vertex struct {
	name       schema.EnvironmentName
	steps      []*schema.Step
	needs      []string // labels of what it waits for in other environments, each once
	dependents []int    // environments that wait for it, each once
	free       bool     // waits for no other environment
}

// vertices returns the environments of a plan in the order of their first steps.
func vertices(p *schema.Plan) []vertex {
	index := map[schema.EnvironmentName]int{}
	byName := make(map[schema.StepName]*schema.Step, len(p.Steps))
	var all []vertex
	for i := range p.Steps {
		step := &p.Steps[i]
		byName[step.Name] = step
		at, known := index[step.Environment]
		if !known {
			at = len(all)
			index[step.Environment] = at
			all = append(all, vertex{name: step.Environment, free: true})
		}
		all[at].steps = append(all[at].steps, step)
	}
	for at := range all {
		connect(all, at, index, byName)
	}
	return all
}

func connect(all []vertex, at int, index map[schema.EnvironmentName]int, byName map[schema.StepName]*schema.Step) {
	v := &all[at]
	labelled, connected := map[string]bool{}, map[int]bool{at: true}
	for _, step := range v.steps {
		for _, on := range step.DependsOn {
			source := byName[on]
			if source == nil || source.Environment == v.name {
				continue
			}
			from := index[source.Environment]
			if label := all[from].needed(source); !labelled[label] {
				labelled[label] = true
				v.needs = append(v.needs, label)
			}
			if !connected[from] {
				connected[from] = true
				v.free = false
				all[from].dependents = append(all[from].dependents, at)
			}
		}
	}
}

// needed returns how others name a step that they wait for: as the environment, when it is the environment's last.
func (v *vertex) needed(s *schema.Step) string {
	if s == v.steps[len(v.steps)-1] {
		return visible(v.name)
	}
	return visible(s.Name)
}

// title returns an environment with its steps in their order: `backend (terraform > ansible)`.
func (v *vertex) title() string { return visible(v.name) + v.chain() }

// chain returns the steps of an environment in their order, in brackets.
func (v *vertex) chain() string {
	steps := make([]string, len(v.steps))
	for i, s := range v.steps {
		steps[i] = stepTitle(s)
	}
	return " (" + strings.Join(steps, " > ") + ")"
}

// stepTitle returns a step as its deployment, and its tool where the deployment does not begin with it.
func stepTitle(s *schema.Step) string {
	name := s.Deployment
	if name == "" {
		name = strings.TrimPrefix(string(s.Name), string(s.Environment)+"/")
	}
	first, _, _ := strings.Cut(name, "/")
	if first != string(s.Tool) {
		name += ": " + string(s.Tool)
	}
	return visible(name)
}

// GraphJSON shows a plan's graph to a program. The document is
//
//	{"version": 1, "steps": [{"name", "environment", "tool", "selected", "why", "depends_on": [name…],
//	                          "wiring": [{"input", "how", "from": [reference…]}…]}…]}
//
// with the steps in the order of the manifest. New keys may come, these stay.
func GraphJSON(w io.Writer, p *schema.Plan) error {
	type step struct {
		Name        schema.StepName        `json:"name"`
		Environment schema.EnvironmentName `json:"environment"`
		Tool        schema.ToolName        `json:"tool"`
		Selected    bool                   `json:"selected"`
		Why         string                 `json:"why,omitempty"`
		DependsOn   []schema.StepName      `json:"depends_on"`
		Wiring      []schema.Wire          `json:"wiring"`
	}
	document := struct {
		Version int    `json:"version"`
		Steps   []step `json:"steps"`
	}{Version: 1, Steps: []step{}}
	for i := range p.Steps {
		s := &p.Steps[i]
		wiring := append([]schema.Wire{}, s.Wiring...)
		for j := range wiring {
			wiring[j].From = append([]string{}, wiring[j].From...) // [] rather than null
		}
		document.Steps = append(document.Steps, step{
			Name: s.Name, Environment: s.Environment, Tool: s.Tool, Selected: s.Selected, Why: s.Why,
			DependsOn: append([]schema.StepName{}, s.DependsOn...), Wiring: wiring,
		})
	}
	return WriteJSON(w, document)
}
