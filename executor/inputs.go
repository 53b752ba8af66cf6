package executor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// given are the values of one step: from the manifest's inputs, and offered under their own names.
type given struct {
	inputs, offered schema.Values
	waiting         []schema.Waiting // inputs that are not known yet
	withheld        []string         // why outputs among them are not recorded
	lost            []schema.Waiting // what is offered to a step that takes any name, and is not known
}

// all returns the values that a step is given, by any way.
func (g given) all() schema.Values {
	all := make(schema.Values, len(g.inputs)+len(g.offered))
	maps.Copy(all, g.offered)
	maps.Copy(all, g.inputs)
	return all
}

// missing says which inputs a step cannot have, and what to do about it.
func (g given) missing(step *schema.Step, command schema.Command) error {
	switch {
	case len(g.withheld) > 0:
		slices.Sort(g.withheld)
		return fmt.Errorf("%s needs %s: %s, so the value is not recorded; apply what it comes from in the same run",
			step.Name, g.needs(), strings.Join(slices.Compact(g.withheld), ", "))
	case command.Destroys():
		return fmt.Errorf("%s needs %s, and nothing is recorded of %s; to destroy it without, give environment %s in the manifest values that its tools accept: `mock: {%s}`",
			step.Name, g.needs(), g.from(), step.Environment, strings.Join(g.unmocked(step), ", "))
	}
	return fmt.Errorf("%s needs %s, and nothing is recorded of %s; apply that first, or in the same run",
		step.Name, g.needs(), g.from())
}

// needs names the inputs that are not known.
func (g given) needs() string {
	var names []string
	for _, w := range g.waiting {
		names = append(names, w.Input)
	}
	return strings.Join(names, ", ")
}

// from names the outputs that the unknown inputs come from.
func (g given) from() string { return strings.Join(g.references(), ", ") }

// references returns the outputs that the unknown inputs come from, sorted.
func (g given) references() []string {
	var outputs []string
	for _, w := range g.waiting {
		outputs = append(outputs, w.For...)
	}
	slices.Sort(outputs)
	return slices.Compact(outputs)
}

// of finds the values of a step.
func (v *values) of(ctx context.Context, step *schema.Step) (given, error) {
	g := given{inputs: schema.Values{}, offered: schema.Values{}}
	if err := v.run.records.warm(ctx, v.recordsFor(step)); err != nil {
		return g, err
	}
	for _, input := range step.Inputs {
		if err := v.input(ctx, step, input, &g); err != nil {
			return g, err
		}
	}
	err := v.offers(ctx, step, &g)
	return g, err
}

// recordsFor returns the steps whose records tell what a step is given, as far as this run does not know it yet, and the
// step itself when it is about to be recorded.
func (v *values) recordsFor(step *schema.Step) []schema.StepName {
	all := v.givers(step)
	if !v.run.plan.Command.Previews() {
		all = append(all, step.Name)
	}
	return slices.DeleteFunc(all, func(name schema.StepName) bool { return v.cached(name) != nil })
}

// givers returns the steps that a step can be given values of, each once.
func (v *values) givers(step *schema.Step) []schema.StepName {
	var all []schema.StepName
	for _, input := range step.Inputs {
		for _, ref := range input.Expression.References() {
			all = append(all, v.run.stepsOf(ref)...)
		}
	}
	if len(step.Interface.Inputs) > 0 || step.Interface.AnyInput {
		for _, offer := range step.Offers {
			all = append(all, offer.Steps...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// input evaluates one input of the manifest.
func (v *values) input(ctx context.Context, step *schema.Step, input schema.Input, g *given) error {
	references := input.Expression.References()
	waiting := schema.Waiting{Input: input.Name}
	found := make(foundOutputs, len(references))
	for _, ref := range references {
		left, err := v.referred(ctx, ref)
		if err != nil {
			return fmt.Errorf("input %s: %w", input.Name, err)
		}
		found[keyOf(ref)] = left
		g.withhold(ref, left.outputs[ref.Output])
		v.tellHalfApplied(step, left)
		if !known(left, ref.Output) && !slices.Contains(waiting.For, ref.String()) {
			waiting.For = append(waiting.For, ref.String())
		}
	}
	value, err := found.evaluate(step, input.Expression)
	if err != nil {
		return fmt.Errorf("input %s: %w", input.Name, err)
	}
	if value.Known() {
		value.Sensitive = value.Sensitive || secret.NameIsSecret(input.Name) || step.Interface.Hides(input.Name) ||
			value.HasField(secret.NameIsSecret)
		g.inputs[input.Name] = value
		v.run.Emitter.Learn(schema.Values{input.Name: value})
		return nil
	}
	g.waiting = append(g.waiting, waiting)
	return nil
}

// foundOutputs are what the references of an expression are to.
type foundOutputs map[schema.Reference]*leftBehind

// evaluate evaluates an expression of a step. An output that will not come, because its step is left out, is an error
// where nothing in the expression stands in for it.
func (found foundOutputs) evaluate(step *schema.Step, e schema.Expression) (schema.Value, error) {
	value, err := e.Evaluate(found.scope(step, false))
	if err == nil {
		return value, nil
	}
	for _, ref := range e.References() {
		left := found[keyOf(ref)]
		if !left.lacks(ref.Output) {
			continue
		}
		if _, other := e.Evaluate(found.scope(step, true)); other == nil {
			return value, schema.Problems{schema.Errorf(ref.Position, "there is no %s: %s", ref, left.leftOut).
				WithHint("`${try(%s, ...)}` gives another value then", ref)}
		}
	}
	return value, err
}

// scope is what the expressions of a step see. With lenient, what will not come counts as not known yet.
func (found foundOutputs) scope(step *schema.Step, lenient bool) *schema.Scope {
	return &schema.Scope{
		Environment: step.Environment, Path: step.EnvironmentPath, Tags: step.Tags,
		Outputs: func(ref schema.Reference) (schema.Values, bool) {
			left := found[keyOf(ref)]
			return left.outputs, left.open || left.absent || lenient && left.leftOut != ""
		},
	}
}

// keyOf is the reference without its place in the file.
func keyOf(ref schema.Reference) schema.Reference {
	ref.Position = schema.Position{}
	return ref
}

// referred returns what a reference is to. That an output is missing where all are known is an error: nothing leaves it, or
// it is declared since what it is of was applied.
func (v *values) referred(ctx context.Context, ref schema.Reference) (*leftBehind, error) {
	needed := func(name string) bool { return ref.Output == "" || name == ref.Output }
	left, err := v.group(ctx, v.run.stepsOf(ref), needed)
	if err != nil {
		return nil, err
	}
	if _, ok := left.outputs[ref.Output]; !ok && ref.Output != "" && !left.open && !left.absent && left.leftOut == "" {
		if why, err := v.leftOut(ctx, v.run.stepsOf(ref)); why != "" || err != nil {
			lacking := *left
			lacking.leftOut = why
			return &lacking, err
		}
		if step := v.declaring(ref); step != nil {
			return nil, schema.Problems{schema.Errorf(ref.Position, "%s: %s declares this output, and was not applied since", ref, step.Name).
				WithHint("apply it first, or in the same run: bitops apply %s", step.Environment)}
		}
		hint := schema.DidYouMean(ref.Output, left.outputs.Names())
		return nil, schema.Problems{schema.Errorf(ref.Position, "%s: there is no such output", ref).WithHint("%s", hint)}
	}
	return left, nil
}

// declaring returns the step whose files declare what a reference is to, or nil.
func (v *values) declaring(ref schema.Reference) *schema.Step {
	for _, name := range v.run.stepsOf(ref) {
		if step := v.run.steps[name]; step != nil {
			if _, ok := step.Interface.Output(ref.Output); ok {
				return step
			}
		}
	}
	return nil
}

func known(left *leftBehind, output string) bool {
	if output == "" {
		return !left.open && !left.absent && left.knows(nil)
	}
	value, ok := left.outputs[output]
	return ok && value.Known() || left.lacks(output)
}

// lacks reports whether an output is not there and will not come: an expression finds that out.
func (l *leftBehind) lacks(output string) bool {
	_, ok := l.outputs[output]
	return output != "" && !ok && l.leftOut != "" && !l.open && !l.absent
}

// offers collects the outputs that a step can have under their own names: those its files declare, and, when it has
// hooks, all of them.
func (v *values) offers(ctx context.Context, step *schema.Step, g *given) error {
	if len(step.Interface.Inputs) == 0 && !step.Interface.AnyInput {
		return nil
	}
	takes := func(name string) bool {
		_, declared := step.Interface.Input(name)
		return (declared || step.Interface.AnyInput) && !isInput(step, name)
	}
	from := map[string]schema.Offer{}
	uncertain := false
	for _, o := range nearFirst(step.Offers) {
		left, err := v.group(ctx, o.Steps, takes)
		if err != nil {
			return fmt.Errorf("outputs of %s: %w", o.Environment, err)
		}
		uncertain = uncertain || left.open || left.absent
		for _, name := range left.outputs.Names() {
			if !takes(name) || left.outputs[name].Null() {
				continue // a null offers nothing
			}
			v.tellHalfApplied(step, left)
			if err := g.offer(step, from, o, name, left.outputs[name]); err != nil {
				return err
			}
		}
	}
	g.awaitOffers(step, from, uncertain)
	v.run.Emitter.Learn(g.offered)
	return nil
}

func nearFirst(offers []schema.Offer) []schema.Offer {
	sorted := slices.Clone(offers)
	slices.SortStableFunc(sorted, func(a, b schema.Offer) int {
		switch {
		case a.Near == b.Near:
			return 0
		case a.Near:
			return -1
		}
		return 1
	})
	return sorted
}

// offer adds one output under its own name, unless the step's own environment has offered that name before.
func (g *given) offer(step *schema.Step, from map[string]schema.Offer, o schema.Offer, name string, value schema.Value) error {
	other, twice := from[name]
	_, declared := step.Interface.Input(name)
	switch {
	case twice && other.Near:
		return nil
	case twice && declared && other.Environment != o.Environment:
		return fmt.Errorf("%s takes %q, and both %s and %s offer it; say which with an input", step.Name, name,
			other.Environment, o.Environment)
	}
	from[name] = o
	value.Sensitive = value.Sensitive || step.Interface.Hides(name)
	g.offered[name] = value
	return nil
}

// awaitOffers takes out what is not known yet, and notes what the step has to wait for: a declared input whose value
// comes later, or one that the files say comes from there and that may come yet.
func (g *given) awaitOffers(step *schema.Step, from map[string]schema.Offer, uncertain bool) {
	for _, parameter := range step.Interface.Inputs {
		value, offered := g.offered[parameter.Name]
		wire := wireOf(step, parameter.Name)
		switch {
		case offered && !value.Known():
			ref := schema.Reference{Environment: from[parameter.Name].Environment, Output: parameter.Name}
			g.withhold(ref, value)
			waiting := schema.Waiting{Input: parameter.Name, For: []string{ref.String()}}
			if wire != nil {
				waiting.For = wire.From
			}
			g.waiting = append(g.waiting, waiting)
		case !offered && uncertain && wire != nil && !isInput(step, parameter.Name):
			g.waiting = append(g.waiting, schema.Waiting{Input: parameter.Name, For: wire.From})
		}
	}
	for _, name := range g.offered.Names() {
		if g.offered[name].Known() {
			continue
		}
		delete(g.offered, name)
		if _, declared := step.Interface.Input(name); !declared {
			ref := schema.Reference{Environment: from[name].Environment, Output: name}
			g.lost = append(g.lost, schema.Waiting{Input: name, For: []string{ref.String()}})
		}
	}
}

func isInput(step *schema.Step, name string) bool {
	return slices.ContainsFunc(step.Inputs, func(i schema.Input) bool { return i.Name == name })
}

// wireOf returns where the files say that an input comes from, or nil.
func wireOf(step *schema.Step, name string) *schema.Wire {
	at := slices.IndexFunc(step.Wiring, func(w schema.Wire) bool { return w.Input == name })
	if at < 0 {
		return nil
	}
	return &step.Wiring[at]
}
