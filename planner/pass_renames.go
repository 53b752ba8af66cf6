package planner

import "github.com/bitops-engine/bitops/schema"

// checkRenames makes sure that what an environment was renamed from is no environment any more, and that no two were
// renamed from the same.
func checkRenames(d *draft) {
	taken := map[schema.EnvironmentName]*environment{}
	for _, env := range d.environments {
		from := schema.EnvironmentName(env.RenamedFrom.Text)
		if from == "" {
			continue
		}
		switch other := taken[from]; {
		case d.byName[from] != nil:
			d.add(schema.Errorf(env.RenamedFrom.Position, "environment %q cannot be renamed from %q, which the manifest has too", env.Name, from).
				WithHint("renamed_from is the name that the environment had before"))
		case other != nil:
			d.errorf(env.RenamedFrom.Position, "environments %q and %q cannot both be renamed from %q", other.Name, env.Name, from)
		default:
			taken[from] = env
		}
	}
}
