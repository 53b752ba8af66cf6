package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
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
	changed      string // "" for no such flag
	affected     bool
	committed    bool
}

// sinceApplied is what --changed means without a value. No commit can be called so.
const sinceApplied = "last apply"

func (o *selectOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.from, "from", nil, "start at this `ENV[/tool]`: it and all that depends on it; can be repeated")
	flags.StringArrayVar(&o.exclude, "exclude", nil, "leave out what this `SELECTOR` selects, and what cannot do without it; can be repeated")
	flags.BoolVar(&o.dependencies, "with-dependencies", false, "also what the selected environments depend on")
	flags.BoolVar(&o.dependents, "with-dependents", false, "also what depends on the selected environments")
	flags.StringVar(&o.changed, "changed", "", "of these, only what differs from the commit where this branch left `REF`; without REF, from what was applied last")
	flags.Lookup("changed").NoOptDefVal = sinceApplied
	flags.BoolVar(&o.affected, "affected", false, "of these, only what differs from the base of the pipeline's change, and what depends on that; outside of a pipeline the base is where this branch left the default branch")
	flags.BoolVar(&o.committed, "committed", false, "with --affected, --changed=REF and changed:REF, ignore what is not committed")
}

// selects reports whether a flag selects something.
func (o *selectOptions) selects() bool {
	return len(o.from) > 0 || len(o.exclude) > 0 || o.dependencies || o.dependents || o.narrows()
}

// narrows reports whether a flag leaves out what has not changed.
func (o *selectOptions) narrows() bool { return o.changed != "" || o.affected }

// among returns the selectors of what the flags leave.
func (o *selectOptions) among() []string {
	var all []string
	switch o.changed {
	case "":
	case sinceApplied:
		all = append(all, "is:"+selection.Changed)
	default:
		all = append(all, selection.Since(o.changed, false))
	}
	if o.affected {
		all = append(all, selection.Since(pipelineBase, true))
	}
	return all
}

// choose adds to the options for a plan what the flags select. Where nothing is selected, by word or flag, the place where
// the person stands is: a command in an environment's directory is about that environment.
func (r *repository) choose(cmd *cobra.Command, o *selectOptions, to *planner.Options) error {
	if err := r.checkCommits(cmd, o, to.Select.Selectors); err != nil {
		return usageError(cmd, err)
	}
	to.From, to.Here = o.from, r.here()
	to.Select.Among = o.among()
	to.Select.Exclude, to.Select.Dependencies, to.Select.Dependents = o.exclude, o.dependencies, o.dependents
	to.Remembered = func(plan *schema.Plan, state string) (map[schema.StepName]string, error) {
		return r.inState(cmd.Context(), plan, state)
	}
	to.Reading = func(plan *schema.Plan, path string) (map[schema.StepName]string, error) {
		return r.reader(plan).Readings(os.DirFS(r.root)).Reading(plan, path)
	}
	to.Since = func(plan *schema.Plan, commit string) (map[schema.StepName]string, error) {
		return r.since(cmd, plan, commit, o.committed)
	}
	to.IsCommit = func(text string) bool { return r.isCommit(cmd.Context(), text) }
	if len(to.Select.Selectors) == 0 && len(o.from) == 0 && to.Only == nil && to.Here != "." {
		to.Select.Selectors = []string{"."}
		r.tellHere = func(plan *schema.Plan) { r.sayHere(cmd, to.Here, plan) }
	}
	if len(to.Select.Selectors) == 0 && len(o.from) == 0 && to.Only == nil && len(o.exclude) > 0 && to.Command.Destroys() {
		return usageError(cmd, fmt.Errorf("destroy takes no selection that only leaves out; to take down everything else write '**' --exclude %s",
			strings.Join(shellWordsOf(o.exclude), " --exclude ")))
	}
	return nil
}

// checkCommits refuses flags that are about commits where none is compared with, or where one may have been meant.
func (r *repository) checkCommits(cmd *cobra.Command, o *selectOptions, selectors []string) error {
	if o.changed == sinceApplied {
		for _, text := range selectors {
			if selection.IsWord(text) && r.isCommit(cmd.Context(), text) {
				return fmt.Errorf("--changed %s: a commit comes behind an equals sign, as in --changed=%[1]s; an environment of that name is env:%[1]s", text)
			}
		}
	}
	compares := o.affected || o.changed != "" && o.changed != sinceApplied
	if o.committed && !compares && !slices.ContainsFunc(selectors, selection.ComparesCommits) {
		return errors.New("--committed is for what is compared with a commit: --affected, --changed=REF or changed:REF")
	}
	return nil
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
	if err := r.choose(cmd, o, &options); err != nil {
		return nil, nil, err
	}
	plan, err := r.build(problems, options)
	return r, plan, asUsage(cmd.CommandPath(), err)
}

// errNothingChosen says that there is nothing to do, which was said.
var errNothingChosen = errors.New("nothing is selected")

// nothingChosen says so where what is remembered selects nothing, which is no failure.
func (r *repository) nothingChosen(plan *schema.Plan, o *planner.Options) bool {
	asked := slices.Concat(o.Select.Selectors, o.Select.Among)
	if steps, _ := plan.Selected(); steps > 0 || len(plan.Steps) == 0 || len(asked) == 0 || o.Only != nil {
		return false
	}
	without := ""
	if len(o.Select.Exclude) > 0 {
		without = " without " + strings.Join(o.Select.Exclude, " ")
	}
	words := strings.Join(o.Select.Selectors, " ")
	if words == "." {
		words = o.Here
	}
	why := fmt.Sprintf("no environment is selected by %s%s", words, without)
	switch {
	case r.compared != "" && len(asked) == 1 && selection.IsChanged(asked[0]):
		why = fmt.Sprintf("nothing changed since %s%s", r.compared, without)
	case r.compared != "" && len(o.Select.Among) > 0:
		why = fmt.Sprintf("nothing of %s%s changed since %s", words, without, r.compared)
	}
	r.nothingToDo(o.Command, "Nothing to do: "+why+".")
	return true
}

// nothingToDo says why a command does nothing. Programs get the report of a run without steps.
func (g *global) nothingToDo(command schema.Command, why string) {
	if !g.json {
		g.print("%s", why)
		return
	}
	view.NewJSON(g.Out).Close(&schema.Report{Command: command, Outcome: schema.Succeeded, Steps: []schema.StepReport{}, Notices: []string{why}})
}
