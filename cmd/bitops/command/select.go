package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/planner"
	"github.com/bitops-engine/bitops/planner/selection"
	"github.com/bitops-engine/bitops/schema"
)

// selectOptions are the flags of the commands that can be about a part of the repository.
type selectOptions struct {
	from         []string
	exclude      []string
	dependencies bool
	dependents   bool
}

func (o *selectOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.from, "from", nil, "start at this `ENV[/tool]`: it and all that depends on it; can be repeated")
	flags.StringArrayVar(&o.exclude, "exclude", nil, "leave out what this `SELECTOR` selects, and what cannot do without it; can be repeated")
	flags.BoolVar(&o.dependencies, "with-dependencies", false, "also what the selected environments depend on")
	flags.BoolVar(&o.dependents, "with-dependents", false, "also what depends on the selected environments")
}

// selects reports whether a flag selects something.
func (o *selectOptions) selects() bool {
	return len(o.from) > 0 || len(o.exclude) > 0 || o.dependencies || o.dependents
}

// choose adds to the options for a plan what the flags select. Where nothing is selected, by word or flag, the place where
// the person stands is: a command in an environment's directory is about that environment.
func (r *repository) choose(cmd *cobra.Command, o *selectOptions, to *planner.Options) {
	to.From, to.Here = o.from, r.here()
	to.Select.Exclude, to.Select.Dependencies, to.Select.Dependents = o.exclude, o.dependencies, o.dependents
	to.Remembered = func(plan *schema.Plan, state string) (map[schema.StepName]string, error) {
		return r.inState(cmd.Context(), plan, state)
	}
	to.Reading = func(plan *schema.Plan, path string) (map[schema.StepName]string, error) {
		return r.reader(plan).Readings(os.DirFS(r.root)).Reading(plan, path)
	}
	if len(to.Select.Selectors) == 0 && len(o.from) == 0 && to.Only == nil && to.Here != "." {
		to.Select.Selectors = []string{"."}
		r.tellHere = func(plan *schema.Plan) { r.sayHere(cmd, to.Here, plan) }
	}
}

// here returns the directory where the person stands, relative to the repository: by the way they went, or with symbolic links
// resolved where one led from an environment to others. No link leads to the whole repository.
func (r *repository) here() string {
	dir, err := filepath.Abs(r.chdir)
	if err != nil {
		return "."
	}
	went, ok := within(r.root, dir)
	root, failed := filepath.EvalSymlinks(r.root)
	actual, err := filepath.EvalSymlinks(dir)
	if err != nil || failed != nil {
		return went
	}
	at, inside := within(root, actual)
	if inside && (!ok || at != "." && at != went && r.ledAway(root, went, actual)) {
		return at
	}
	return went
}

// ledAway reports whether a person who went to a directory, by a path that has symbolic links in it, is where environments
// lie that the manifest knows by another path. Actual is the directory without links. Of an environment at the root, every
// directory is a part, so that is none of them.
func (r *repository) ledAway(root, went, actual string) bool {
	away := false
	for _, env := range r.manifest.Environments {
		path := env.Path.Text
		if _, ok := within(went, path); ok {
			return false
		}
		dir, err := filepath.EvalSymlinks(filepath.Join(root, path))
		if err != nil || dir == root {
			continue
		}
		_, in := within(dir, actual)
		_, around := within(actual, dir)
		if rest, ok := within(path, went); ok && filepath.Join(dir, rest) == actual {
			return false
		}
		away = away || in || around
	}
	return away
}

// within returns a path relative to a directory, with slashes, or "." and false where it does not lie in it.
func within(dir, path string) (string, bool) {
	rel, err := filepath.Rel(dir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return ".", false
	}
	return filepath.ToSlash(rel), true
}

// sayHere says that a command is about a part of the repository because of the directory it was called in.
func (r *repository) sayHere(cmd *cobra.Command, here string, plan *schema.Plan) {
	_, chosen := plan.Selected()
	r.say("bitops: in %s: %d of %s. For all of them: %s '**'", here, chosen, count(environmentsIn(plan), "environment"), cmd.CommandPath())
}

func environmentsIn(plan *schema.Plan) int {
	seen := map[schema.EnvironmentName]bool{}
	for i := range plan.Steps {
		seen[plan.Steps[i].Environment] = true
	}
	return len(seen)
}

// chosenPlan opens the repository for a command that runs nothing, and returns the plan of what is selected.
func (g *global) chosenPlan(cmd *cobra.Command, o *selectOptions, selectors []string) (*repository, *schema.Plan, error) {
	r, problems, err := g.open()
	if err != nil {
		return nil, nil, err
	}
	options := planner.Options{Command: schema.CommandPlan, Select: selection.Query{Selectors: selectors}}
	r.choose(cmd, o, &options)
	plan, err := r.build(problems, options)
	return r, plan, asUsage(cmd.CommandPath(), err)
}

// errNothingChosen says that there is nothing to do, which was said.
var errNothingChosen = errors.New("nothing is selected")

// nothingChosen says so where what is remembered selects nothing, which is no failure.
func (r *repository) nothingChosen(plan *schema.Plan, o *planner.Options) bool {
	if steps, _ := plan.Selected(); steps > 0 || len(plan.Steps) == 0 || len(o.Select.Selectors) == 0 || o.Only != nil {
		return false
	}
	without := ""
	if len(o.Select.Exclude) > 0 {
		without = " without " + strings.Join(o.Select.Exclude, " ")
	}
	r.print("Nothing to do: no environment is selected by %s%s.", strings.Join(o.Select.Selectors, " "), without)
	return true
}
