package planner

import (
	"errors"
	"strings"

	"github.com/bitops-engine/bitops/dag"
	"github.com/bitops-engine/bitops/schema"
)

// refuseCycles finds a circle of dependencies and prints the whole of it, as environments.
func refuseCycles(d *draft) {
	_, err := d.graph.Order()
	var cycle *dag.CycleError[schema.StepName]
	if !errors.As(err, &cycle) {
		return
	}
	var path []string
	for _, name := range cycle.Path {
		env := string(d.steps[name].Environment)
		if len(path) == 0 || path[len(path)-1] != env {
			path = append(path, env)
		}
	}
	env := d.steps[cycle.Path[0]].Environment
	d.add(schema.Errorf(d.byName[env].Position, "environments depend on each other in a circle: %s", strings.Join(path, " -> ")).
		WithHint("-> means \"depends on\"; take one of these dependencies away"))
}
