package planner

import "github.com/bitops-engine/bitops/schema"

// settle gives each step its limit and its timeout: the command line's, the environment's entry in the manifest, its
// own configuration, the manifest's. BitOps never enforced the last two, so neither does `bitops deploy`.
func settle(d *draft) {
	limits := d.manifest.Settings.Limits.Keys()
	declared := make(map[string]bool, len(limits))
	for _, name := range limits {
		declared[name] = true
	}
	for _, env := range d.environments {
		if name := env.Limit.Text; name != "" && !declared[name] {
			d.add(schema.Errorf(env.Limit.Position, "there is no limit %q", name).
				WithHint("%s", first(d.didYouMean(name, limits), "declare it: `limits: {"+name+": 1}`")))
		}
		for _, step := range env.steps {
			step.Limit = env.Limit.Text
			step.Timeout = first(d.options.Timeout, env.Timeout)
			if d.options.Command != schema.CommandDeploy {
				step.Timeout = first(step.Timeout, env.settings.Timeout, d.manifest.Settings.Timeout)
			}
		}
	}
}

// retryOf returns what is said about trying a deployment again: by itself, where its environment lists it, by the
// environment's entry in the manifest, by its own configuration, by the manifest for the deployment, by the manifest.
func (d *draft) retryOf(env *environment, dep deployment) schema.Retry {
	said := env.Retry.Or(env.settings.Retry)
	if dep.own {
		said = dep.retry.Or(said)
	} else {
		said = said.Or(dep.retry)
	}
	return said.Or(d.manifest.Settings.Retry)
}
