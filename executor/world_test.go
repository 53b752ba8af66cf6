package executor_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/schema"
)

// canary is in every sensitive value of these tests, and in nothing else.
const canary = "cAnArY0123456789"

func unknown(sensitive bool) schema.Value {
	return schema.Value{Data: cty.UnknownVal(cty.String), Sensitive: sensitive}
}

func sensitive(text string) schema.Value {
	v := schema.Text(text)
	v.Sensitive = true
	return v
}

// part is a piece of an input: a reference, or plain text.
type part struct {
	text string
	ref  schema.Reference
}

func (p part) isRef() bool { return p.text == "" }

// world is a random plan and everything that happens in it.
type world struct {
	plan     schema.Plan
	inputs   map[schema.StepName]map[string][]part
	mocks    map[schema.StepName]schema.Values // of a run that destroys
	stage    *stage
	earlier  map[schema.StepName]schema.Record // the records before the run
	cancelAt int                               // the Do at which the run is interrupted, or -1
}

var outputNames = []string{"a", "b", "c"}

// drawWorld makes a plan of environments with steps one after the other, as the planner would.
func drawWorld(t *rapid.T, command schema.Command) *world {
	w := &world{
		plan: schema.Plan{
			Version: schema.PlanVersion, Command: command,
			Parallelism: rapid.IntRange(1, 4).Draw(t, "parallelism"),
			FailFast:    rapid.Bool().Draw(t, "fail fast"),
			Limits:      map[string]int{"few": rapid.IntRange(1, 2).Draw(t, "limit")},
		},
		inputs:   map[schema.StepName]map[string][]part{},
		mocks:    map[schema.StepName]schema.Values{},
		earlier:  map[schema.StepName]schema.Record{},
		cancelAt: -1,
	}
	w.stage = &stage{
		acts: map[schema.StepName]act{}, left: map[schema.StepName]schema.Values{}, deployed: map[schema.StepName]bool{},
		records: &memory{records: map[schema.StepName]schema.Record{}},
	}
	if rapid.IntRange(0, 4).Draw(t, "interrupted") == 0 {
		w.cancelAt = rapid.IntRange(0, 5).Draw(t, "at")
	}
	for n := range rapid.IntRange(1, 5).Draw(t, "environments") {
		w.drawEnvironment(t, n)
	}
	return w
}

func (w *world) environment(name schema.EnvironmentName) []*schema.Step {
	var steps []*schema.Step
	for i := range w.plan.Steps {
		if w.plan.Steps[i].Environment == name {
			steps = append(steps, &w.plan.Steps[i])
		}
	}
	return steps
}

func (w *world) drawEnvironment(t *rapid.T, n int) {
	name := schema.EnvironmentName(fmt.Sprintf("e%d", n))
	selected := rapid.IntRange(0, 3).Draw(t, "selected") > 0
	var dependsOn []schema.EnvironmentName
	for other := range n {
		if rapid.Bool().Draw(t, "depends on") {
			dependsOn = append(dependsOn, schema.EnvironmentName(fmt.Sprintf("e%d", other)))
		}
	}
	limit := rapid.SampledFrom([]string{"", "few"}).Draw(t, "limit")
	for m := range rapid.IntRange(1, 3).Draw(t, "steps") {
		step := schema.Step{
			Name: name.Step(fmt.Sprintf("s%d", m)), Environment: name, EnvironmentPath: string(name), Limit: limit,
			Deployment: fmt.Sprintf("s%d", m), Tool: "fake", Selected: selected,
		}
		for _, on := range dependsOn {
			steps := w.environment(on)
			until := len(steps)
			if rapid.IntRange(0, 3).Draw(t, "on a step") == 0 {
				until = rapid.IntRange(1, len(steps)).Draw(t, "which")
			}
			if m == 0 {
				step.DependsOn = append(step.DependsOn, steps[until-1].Name)
			}
			step.Offers = append(step.Offers, schema.Offer{Environment: on, Steps: namesOf(steps)})
		}
		if before := w.environment(name); m > 0 {
			step.DependsOn = append(step.DependsOn, before[m-1].Name)
			step.Offers = append(step.Offers, schema.Offer{Environment: name, Steps: namesOf(before), Near: true})
		}
		if m == 0 { // reading a whole environment means waiting for its last step
			for _, on := range dependsOn {
				step.DependsOn = append(step.DependsOn, w.environment(on)[len(w.environment(on))-1].Name)
			}
		}
		w.drawInterface(t, &step)
		w.drawInputs(t, &step, dependsOn)
		w.wire(&step)
		w.drawMocks(t, &step)
		w.drawPast(t, &step)
		w.drawAct(t, &step)
		w.plan.Steps = append(w.plan.Steps, step)
	}
}

func namesOf(steps []*schema.Step) []schema.StepName {
	var names []schema.StepName
	for _, s := range steps {
		names = append(names, s.Name)
	}
	return names
}

func (w *world) drawInterface(t *rapid.T, step *schema.Step) {
	step.Interface.AnyInput = rapid.IntRange(0, 3).Draw(t, "any input") == 0
	step.Interface.MoreOutput = step.Interface.AnyInput
	for _, name := range outputNames {
		if rapid.IntRange(0, 2).Draw(t, "takes") == 0 {
			step.Interface.Inputs = append(step.Interface.Inputs, schema.Parameter{Name: name})
		}
		if rapid.Bool().Draw(t, "declares") {
			step.Interface.Outputs = append(step.Interface.Outputs, schema.Parameter{Name: name})
		}
	}
}

func (w *world) drawInputs(t *rapid.T, step *schema.Step, dependsOn []schema.EnvironmentName) {
	w.inputs[step.Name] = map[string][]part{}
	if len(dependsOn) == 0 {
		return
	}
	for _, name := range []string{"a", "x"} {
		if rapid.IntRange(0, 2).Draw(t, "input") > 0 {
			continue
		}
		parts := []part{w.drawRef(t, dependsOn)}
		if rapid.Bool().Draw(t, "in a text") {
			parts = []part{{text: "<"}, parts[0], {text: ">"}}
		}
		var text strings.Builder
		for _, p := range parts {
			if text.WriteString(p.text); p.isRef() {
				fmt.Fprintf(&text, "${%s}", p.ref)
			}
		}
		step.Inputs = append(step.Inputs, schema.Input{Name: name, Expression: expression(t, text.String())})
		w.inputs[step.Name][name] = parts
	}
}

func (w *world) drawRef(t *rapid.T, dependsOn []schema.EnvironmentName) part {
	on := rapid.SampledFrom(dependsOn).Draw(t, "from")
	ref := schema.Reference{Environment: on, Output: rapid.SampledFrom(outputNames).Draw(t, "output")}
	if rapid.Bool().Draw(t, "of a step") {
		ref.Environment, ref.Step = "", rapid.SampledFrom(namesOf(w.environment(on))).Draw(t, "step")
	}
	return part{ref: ref}
}

// drawMocks gives a step that is taken down mock values, for some of what it can lack.
func (w *world) drawMocks(t *rapid.T, step *schema.Step) {
	w.mocks[step.Name] = schema.Values{}
	if !w.plan.Command.Destroys() {
		return
	}
	for _, name := range append([]string{"x"}, outputNames...) {
		if rapid.Bool().Draw(t, "mock") {
			text := "mock " + name
			step.Mock = append(step.Mock, schema.Input{Name: name, Expression: expression(t, text)})
			w.mocks[step.Name][name] = schema.Text(text)
		}
	}
}

// wire notes what the files tell of the inputs, as the planner does.
func (w *world) wire(step *schema.Step) {
	for _, parameter := range step.Interface.Inputs {
		if w.inputs[step.Name][parameter.Name] != nil {
			continue
		}
		var from []string
		for _, o := range step.Offers {
			for _, giver := range o.Steps {
				if _, ok := w.plan.Step(giver).Interface.Output(parameter.Name); ok {
					from = append(from, schema.Reference{Environment: o.Environment, Output: parameter.Name}.String())
				}
			}
		}
		if len(from) > 0 {
			step.Wiring = append(step.Wiring, schema.Wire{Input: parameter.Name, How: "inherited", From: from[:1]})
		}
	}
}

// drawValues draws outputs. Each has a value of its own.
func drawValues(t *rapid.T, step *schema.Step, when string) schema.Values {
	values := schema.Values{}
	for _, name := range outputNames {
		text := fmt.Sprintf("%s of %s %s", name, step.Name, when)
		switch rapid.IntRange(0, 5).Draw(t, "output") {
		case 0, 1:
			values[name] = schema.Text(text)
		case 2:
			values[name] = sensitive(text + canary)
		case 3:
			values[name] = schema.Value{Data: cty.NullVal(cty.DynamicPseudoType)}
		}
	}
	return values
}

// drawPast decides what an earlier run left: in the record, and as the tool tells it.
func (w *world) drawPast(t *rapid.T, step *schema.Step) {
	record := schema.Record{Version: 1, Step: step.Name, Environment: step.Environment, Tool: step.Tool, Run: "earlier"}
	now := drawValues(t, step, "before")
	switch rapid.IntRange(0, 4).Draw(t, "past") {
	case 0: // nothing is recorded, and perhaps nothing is there
		if rapid.Bool().Draw(t, "unrecorded") {
			w.stage.left[step.Name] = now
		}
		w.stage.deployed[step.Name] = rapid.Bool().Draw(t, "deployed")
		return
	case 1:
		record.State = schema.StateDestroyed
	case 2: // the tool has the truth, the record what was true once
		record.State, record.Outputs = schema.StatePartial, drawValues(t, step, "once")
		for name, v := range now {
			if record.Outputs[name].Sensitive && !v.Sensitive { // the tool does not know that it is
				text, _ := v.Plain()
				now[name] = schema.Text(text + canary)
			}
		}
		w.stage.left[step.Name] = now
		w.stage.deployed[step.Name] = true
	default:
		record.State, record.Outputs = schema.StateDeployed, now
		w.stage.left[step.Name] = now
		w.stage.deployed[step.Name] = true
	}
	w.earlier[step.Name] = record
	w.stage.records.records[step.Name] = record
}

func (w *world) drawAct(t *rapid.T, step *schema.Step) {
	a := act{
		outcome: rapid.SampledFrom([]schema.Outcome{
			schema.Succeeded, schema.Succeeded, schema.Succeeded, schema.Unchanged, schema.Unchanged,
			schema.Failed, schema.Skipped, schema.Held,
		}).Draw(t, "outcome"),
		late:    rapid.Bool().Draw(t, "late"),
		lasts:   time.Duration(rapid.IntRange(0, 200).Draw(t, "lasts")) * time.Microsecond,
		stays:   rapid.Bool().Draw(t, "stays"),
		outputs: drawValues(t, step, "now"),
	}
	if a.outcome == schema.Skipped {
		a.outputs = nil
	}
	for _, name := range a.outputs.Names() {
		if v := a.outputs[name]; v.Null() { // its name can say so; a null is no secret all the same
			v.Sensitive = rapid.Bool().Draw(t, "a sensitive null")
			a.outputs[name] = v
		}
		if w.plan.Command.Previews() && rapid.IntRange(0, 2).Draw(t, "unknown") == 0 {
			a.outputs[name] = unknown(a.outputs[name].Sensitive)
		}
	}
	if a.outcome != schema.Skipped && rapid.IntRange(0, 2).Draw(t, "passes on") == 0 {
		a.passesOn = rapid.SampledFrom(outputNames).Draw(t, "as")
	}
	w.stage.acts[step.Name] = a
}

// String shows a world in a failure.
func (w *world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d at once, fail fast %v\n", w.plan.Command, w.plan.Parallelism, w.plan.FailFast)
	for i := range w.plan.Steps {
		s := &w.plan.Steps[i]
		a := w.stage.acts[s.Name]
		fmt.Fprintf(&b, "%s: selected %v, after %v, inputs %v, takes %v, any %v, wired %v\n", s.Name, s.Selected, s.DependsOn,
			w.inputs[s.Name], s.Interface.Inputs, s.Interface.AnyInput, s.Wiring)
		fmt.Fprintf(&b, "    %s %v, recorded %v %v, tool %v\n", a.outcome, a.outputs, w.earlier[s.Name].State,
			w.earlier[s.Name].Outputs, w.stage.left[s.Name])
	}
	for _, e := range w.stage.events {
		if e.Type == schema.EventStepStarted || e.Type == schema.EventStepFinished || strings.HasPrefix(string(e.Type), "run") {
			text, _ := json.Marshal(e)
			fmt.Fprintf(&b, "%s\n", text)
		}
	}
	for _, c := range w.stage.calls {
		fmt.Fprintf(&b, "%s %s: %v %v -> %s\n", c.what, c.step, c.request.Inputs, c.request.Offered, c.result.Outcome)
	}
	return b.String()
}

func sortedNames(waiting []schema.Waiting) []string {
	var names []string
	for _, w := range waiting {
		names = append(names, w.Input)
	}
	slices.Sort(names)
	return names
}
