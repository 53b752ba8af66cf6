package schema

import (
	"path"
	"slices"
)

// PlanVersion is the version of the Plan document that this program writes.
const PlanVersion = 1

// Plan is a frozen statement of what a run will do: the document between the planner and the executor. It names steps,
// never looks at the world, and is not changed once built.
type Plan struct {
	Version     int            `json:"version"`
	Command     Command        `json:"command"`
	Parallelism int            `json:"parallelism"`
	FailFast    bool           `json:"fail_fast"`
	Limits      map[string]int `json:"limits,omitempty"`
	Masks       []Mask         `json:"masks,omitempty"`
	Steps       []Step         `json:"steps"` // in the order of the manifest

	WithholdValues bool `json:"withhold_values,omitempty"` // of attributes, from comments and journals
}

// Step is one deployment in one environment: the vertex of the graph.
type Step struct {
	Name            StepName          `json:"name"`
	Environment     EnvironmentName   `json:"environment"`
	EnvironmentPath string            `json:"environment_path"` // relative to the repository
	Deployment      string            `json:"deployment"`       // its path under the environment
	Within          string            `json:"within,omitempty"` // of one of several steps of a deployment: its path under the environment
	Tool            ToolName          `json:"tool"`
	DependsOn       []StepName        `json:"depends_on,omitempty"` // direct dependencies
	Selected        bool              `json:"selected"`             // false: not run; its recorded outputs are used
	Why             string            `json:"why,omitempty"`        // it is selected: the reason, "" where nothing was said
	Maybe           bool              `json:"maybe,omitempty"`      // it runs only if something changed that it reads
	Inputs          []Input           `json:"inputs,omitempty"`
	Mock            []Input           `json:"mock,omitempty"` // what a preview may use for inputs that are not known yet
	Offers          []Offer           `json:"offers,omitempty"`
	Wiring          []Wire            `json:"wiring,omitempty"`
	Interface       Interface         `json:"interface"`
	Env             map[string]string `json:"env,omitempty"`
	Tags            []string          `json:"tags,omitempty"`
	Limit           string            `json:"limit,omitempty"`
	Timeout         Duration          `json:"timeout,omitempty"`
	Retry           RetryPolicy       `json:"retry,omitzero"`
	Protect         bool              `json:"protect,omitempty"`
	Approval        bool              `json:"approval,omitempty"` // changes only what a person approved
	Target          map[string]string `json:"target,omitempty"`   // where it must be deployed: kube_context, aws_account, aws_region
}

// Directory returns the step's directory, relative to the repository.
func (s *Step) Directory() string { return path.Join(s.EnvironmentPath, s.Deployment) }

// PinnedTo says where the step must be deployed, in words that can follow others; "" where the manifest does not say.
func (s *Step) PinnedTo() string {
	if where := (&Identity{Target: s.Target}).Where(); where != "" {
		return ", " + where
	}
	return ""
}

// Input is a value that the manifest gives an environment by name.
type Input struct {
	Name       string     `json:"name"`
	Expression Expression `json:"expression"`
}

// Offer is a group of steps whose outputs are offered to a step under their own names. Within a group the later step
// wins. A group of the step's own environment (Near) wins over others; two others offering one name that the step takes
// is an error.
type Offer struct {
	Environment EnvironmentName `json:"environment"`
	Steps       []StepName      `json:"steps"`
	Near        bool            `json:"near,omitempty"`
}

// Wire says where the value of one input comes from, as far as the files tell.
type Wire struct {
	Input string   `json:"input"`
	How   string   `json:"how"`  // input, inherited
	From  []string `json:"from"` // references, or steps and their outputs
}

// Interface is what a step's files declare: what it takes and what it leaves behind.
type Interface struct {
	Inputs     []Parameter `json:"inputs,omitempty"`
	Outputs    []Parameter `json:"outputs,omitempty"`
	AnyInput   bool        `json:"any_input,omitempty"`   // takes values by any name, as hooks do
	MoreOutput bool        `json:"more_output,omitempty"` // can leave outputs that the files do not declare

	// Layers are what the step's tool wants to know again of the files, before the step runs: of the environment's first,
	// then of the defaults below them, where there are some. Only the tool knows what is in them. They are never written down.
	Layers []any `json:"-"`
}

// Parameter is one declared input or output.
type Parameter struct {
	Name      string   `json:"name"`
	Required  bool     `json:"required,omitempty"`
	Sensitive bool     `json:"sensitive,omitempty"`
	Ephemeral bool     `json:"ephemeral,omitempty"` // its value is in no plan and no state, and may be another one each time
	Position  Position `json:"position"`
}

// Input returns the declared input of that name.
func (i Interface) Input(name string) (Parameter, bool) { return find(i.Inputs, name) }

// Hides reports whether the value of an input must not be shown: the files declare it as sensitive, or as ephemeral.
func (i Interface) Hides(name string) bool {
	p, declared := i.Input(name)
	return declared && (p.Sensitive || p.Ephemeral)
}

// Output returns the declared output of that name.
func (i Interface) Output(name string) (Parameter, bool) { return find(i.Outputs, name) }

func find(ps []Parameter, name string) (Parameter, bool) {
	at := slices.IndexFunc(ps, func(p Parameter) bool { return p.Name == name })
	if at < 0 {
		return Parameter{}, false
	}
	return ps[at], true
}

// Step returns the step of that name, or nil.
func (p *Plan) Step(name StepName) *Step {
	at := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Name == name })
	if at < 0 {
		return nil
	}
	return &p.Steps[at]
}

// LeftOut returns how many environments of the plan are not run.
func (p *Plan) LeftOut() int {
	all := map[EnvironmentName]bool{}
	for i := range p.Steps {
		all[p.Steps[i].Environment] = true
	}
	_, selected := p.Selected()
	return len(all) - selected
}

// Selected returns how many steps and environments of the plan are run.
func (p *Plan) Selected() (steps, environments int) {
	seen := map[EnvironmentName]bool{}
	for i := range p.Steps {
		if p.Steps[i].Selected {
			steps++
			seen[p.Steps[i].Environment] = true
		}
	}
	return steps, len(seen)
}
