package planner

import (
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// connect makes the graph. The steps of an environment follow each other. An environment's first step waits for what
// `depends_on` names and for what its inputs refer to.
func connect(d *draft) {
	d.waits = make(map[wait]bool, len(d.environments))
	for _, env := range d.environments {
		for i, step := range env.steps {
			must(d.graph.AddVertex(step.Name))
			if i > 0 {
				must(d.graph.AddEdge(env.steps[i-1].Name, step.Name))
			}
		}
	}
	for _, env := range d.environments {
		d.connectEnvironment(env)
	}
}

func (d *draft) connectEnvironment(env *environment) {
	for _, on := range env.DependsOn {
		if s, ok := d.resolve(on); ok {
			d.depend(env, s, on.Position)
		}
	}
	for _, entry := range env.Inputs {
		in := input{Entry: entry, references: entry.Value.References()}
		env.inputs = append(env.inputs, in)
		for _, ref := range in.references {
			if s, ok := d.resolveReference(ref); ok && s.environment != env {
				d.depend(env, s, ref.Position)
			}
		}
	}
}

// must is for edges between vertices that were just added.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// depend makes env wait for a source, once.
func (d *draft) depend(env *environment, s source, at schema.Position) {
	if s.environment == env {
		d.add(schema.Errorf(at, "environment %q depends on itself", env.Name))
		return
	}
	if d.waits[wait{env, s}] {
		return
	}
	d.waits[wait{env, s}] = true
	env.sources = append(env.sources, s)
	if last := s.last(); last != nil && len(env.steps) > 0 {
		must(d.graph.AddEdge(last.Name, env.steps[0].Name))
	}
}

// resolve finds what a `depends_on` entry names.
func (d *draft) resolve(on schema.Located) (source, bool) {
	env, isEnvironment := d.byName[schema.EnvironmentName(on.Text)]
	step, isStep := d.steps[schema.StepName(on.Text)]
	switch {
	case isEnvironment && isStep:
		d.add(schema.Errorf(on.Position, "%q is both an environment and a step of environment %q", on.Text, step.Environment).
			WithHint("give the environment another name, with `path: %s`", env.Path.Text))
		return source{}, false
	case isEnvironment:
		return source{environment: env}, true
	case isStep:
		return source{environment: d.byName[step.Environment], step: step}, true
	}
	if several, ok := d.deployment(on.Text); ok {
		return several, true
	}
	d.add(d.unknown(on.Position, on.Text))
	return source{}, false
}

// deployment finds a directory that is no step itself and holds some: helm's, with a step for each chart.
func (d *draft) deployment(name string) (source, bool) {
	for at := strings.LastIndexByte(name, '/'); at > 0; at = strings.LastIndexByte(name[:at], '/') {
		env := d.byName[schema.EnvironmentName(name[:at])]
		if env != nil && len(within(env, name[at+1:])) > 0 {
			return source{environment: env, deployment: name[at+1:]}, true
		}
	}
	return source{}, false
}

// resolveReference finds what a reference is to. That there is no such environment is said by checkInputs.
func (d *draft) resolveReference(ref schema.Reference) (source, bool) {
	if ref.Step != "" {
		step, ok := d.steps[ref.Step]
		if !ok {
			return source{}, false
		}
		return source{environment: d.byName[step.Environment], step: step}, true
	}
	env, ok := d.byName[ref.Environment]
	return source{environment: env}, ok
}

// unknown says that neither an environment nor a step has that name, and which one comes near.
func (d *draft) unknown(at schema.Position, name string) schema.Problem {
	candidates, all := d.names()
	if strings.Contains(name, "/") {
		candidates = all
	}
	return schema.Errorf(at, "there is no environment %q", name).WithHint("%s", d.didYouMean(name, candidates))
}
