package planner

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// listSteps gives each environment its steps: the deployments of its own configuration, else those of the root
// manifest, else the tools whose directories are there.
func listSteps(d *draft) {
	d.steps = make(map[schema.StepName]*schema.Step, len(d.environments))
	parallel.Each(len(d.environments), func(i int) {
		env := d.environments[i]
		env.files = schema.Directory{Root: d.manifest.Root, Name: env.directory}.Listed()
	})
	used := map[schema.Position]bool{} // deployments of the root manifest that some environment has
	for _, env := range d.environments {
		if !d.readSettings(env) {
			continue
		}
		said := len(d.problems)
		for _, dep := range d.deployments(env) {
			used[dep.at] = true
			d.addSteps(env, dep)
		}
		if len(env.steps) == 0 && !d.problems[said:].HasErrors() {
			d.add(d.nothingToDeploy(env))
		}
		env.files = schema.Directory{} // 100,000 lists are a lot of memory
	}
	d.warnOfUnused(used)
	if len(d.environments) > 0 && len(d.steps) == 0 && !d.problems.HasErrors() {
		d.errorf(schema.Position{File: d.manifest.File}, "no environment has anything to deploy")
	}
}

// nothingToDeploy is an error for an environment that a person declared; one that was only found is left out.
func (d *draft) nothingToDeploy(env *environment) schema.Problem {
	p := schema.Errorf(env.Position, "environment %q has nothing to deploy", env.Name)
	if d.manifest.Discover {
		p = schema.Warningf(env.Position, "environment %q is left out: it has nothing to deploy", env.Name)
	}
	return p.WithHint("%s holds none of the directories %s", env.directory, strings.Join(d.deploymentNames(env), ", "))
}

// readSettings reads the environment's own configuration, and reports whether its deployments can be told.
func (d *draft) readSettings(env *environment) bool {
	file, ok := env.files.ConfigurationFile()
	if !ok || slices.Contains(d.manifest.Files, file) {
		return true // a file that is part of the manifest is no environment's own
	}
	settings, problems := schema.LoadEnvironmentSettings(env.files)
	env.settings = &settings
	d.problems = append(d.problems, problems...)
	return !problems.HasErrors()
}

// warnOfUnused tells of deployments that the root manifest lists and no environment has. It is silent when every
// environment lists its own.
func (d *draft) warnOfUnused(used map[schema.Position]bool) {
	own := func(env *environment) bool { return len(env.settings.Deployments) > 0 }
	if !slices.ContainsFunc(d.environments, func(env *environment) bool { return !own(env) }) {
		return
	}
	for _, entry := range d.manifest.Settings.Deployments {
		if !used[entry.Position] && !needsNoStep(toolOf(entry)) && filepath.IsLocal(entry.Key) {
			d.add(schema.Warningf(entry.Position, "no environment has a directory %s", path.Clean(entry.Key)).
				WithHint("deployment %q is left out", entry.Key))
		}
	}
}

// deployment is one entry of a `deployments` mapping that has a directory.
type deployment struct {
	alias string
	tool  schema.ToolName
	at    schema.Position
	retry schema.Retry
	own   bool // listed by its environment's own configuration

	within string // of one of several steps: the deployment's alias
}

// listed returns the deployments that are to be looked for, none when the tools' directories decide.
func (d *draft) listed(env *environment) (_ schema.Map[schema.Deployment], own bool) {
	if len(env.settings.Deployments) > 0 {
		return env.settings.Deployments, true
	}
	return d.manifest.Settings.Deployments, false
}

func (d *draft) deployments(env *environment) []deployment {
	listed, own := d.listed(env)
	if len(listed) == 0 {
		return d.detect(env)
	}
	var all []deployment
	for _, entry := range listed {
		alias := path.Clean(entry.Key)
		switch {
		case needsNoStep(toolOf(entry)):
		case alias == "." || !filepath.IsLocal(alias):
			d.errorf(entry.Position, "deployment %q is not a path under its environment", entry.Key)
		case env.files.HasDirectory(alias):
			all = append(all, deployment{alias: alias, tool: toolOf(entry), at: entry.Position, retry: entry.Value.Retry, own: own})
		case own:
			d.add(schema.Warningf(entry.Position, "deployment %q of environment %q is left out: there is no directory %s",
				entry.Key, env.Name, path.Join(env.directory, alias)))
		}
	}
	return all
}

// toolOf returns the tool of a deployment: the one it names, else the first word of its path.
func toolOf(entry schema.Entry[schema.Deployment]) schema.ToolName {
	return schema.ToolName(first(entry.Value.Plugin, firstElement(path.Clean(entry.Key))))
}

// deploymentNames returns the directories that would make an environment's steps.
func (d *draft) deploymentNames(env *environment) []string {
	if listed, _ := d.listed(env); len(listed) > 0 {
		return listed.Keys()
	}
	return toolStrings(schema.DefaultTools)
}

// detect finds the tools by their directories.
func (d *draft) detect(env *environment) []deployment {
	var all []deployment
	for _, tool := range d.detectable() {
		if env.files.HasDirectory(string(tool)) {
			all = append(all, deployment{alias: string(tool), tool: tool, at: env.Position})
		}
	}
	return all
}

// detectable are the tools that a directory of their name is for: the built-in ones in their order, then the plugins.
func (d *draft) detectable() []schema.ToolName {
	all := slices.Clone(schema.DefaultTools)
	if d.options.Command == schema.CommandDeploy {
		all = slices.Clone(schema.ImageTools)
	}
	for _, tool := range d.tools() {
		if !slices.Contains(all, tool) {
			all = append(all, tool)
		}
	}
	return all
}

// needsNoStep reports v2's deployments that only prepared credentials; the tools find those themselves.
func needsNoStep(tool schema.ToolName) bool { return tool == "aws" || tool == "kubectl" }

// addSteps adds the steps that a deployment's tool makes of its directory: one, or one for each chart in it.
func (d *draft) addSteps(env *environment, dep deployment) {
	if !slices.Contains(d.tools(), dep.tool) {
		p := schema.Errorf(dep.at, "environment %q: there is no tool %q for %s", env.Name, dep.tool, path.Join(env.directory, dep.alias))
		if slices.Contains(schema.DefaultTools, dep.tool) {
			p = schema.Errorf(dep.at, "environment %q: this version of bitops cannot drive %s yet", env.Name, dep.tool)
		}
		d.add(p.WithHint("%s", d.didYouMean(string(dep.tool), toolStrings(d.tools()))))
		return
	}
	below, problems := d.inspector.Deployments(dep.tool, path.Join(env.directory, dep.alias))
	d.problems = append(d.problems, problems...)
	for _, dir := range below {
		one := dep
		one.alias = path.Join(dep.alias, dir)
		if one.alias != dep.alias {
			one.within = dep.alias
		}
		d.addStep(env, one)
	}
}

func (d *draft) addStep(env *environment, dep deployment) {
	step := &schema.Step{
		Name: env.Name.Step(dep.alias), Environment: env.Name, EnvironmentPath: env.directory, Deployment: dep.alias, Within: dep.within,
		Tool: dep.tool, Tags: env.Tags, Protect: env.Protect, Approval: env.Approval, Target: env.Target.Pins(), Env: map[string]string{},
		Retry: d.retryOf(env, dep).Policy(),
	}
	if other, taken := d.steps[step.Name]; taken {
		d.errorf(dep.at, "two steps are called %s: one in %s, one in %s", step.Name, other.Directory(), step.Directory())
		return
	}
	for _, variable := range env.Env {
		step.Env[variable.Key] = variable.Value
	}
	maps.Copy(step.Env, d.options.Env)
	env.steps = append(env.steps, step)
	d.steps[step.Name] = step
}

func firstElement(alias string) string {
	head, _, _ := strings.Cut(alias, "/")
	return head
}

func toolStrings(tools []schema.ToolName) []string {
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = string(t)
	}
	return names
}
